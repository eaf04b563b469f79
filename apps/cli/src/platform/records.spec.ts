import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Protocol, VerdictRecord } from '@claimbench/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecords, writeRecords } from './records.ts';
import type { Entry } from './reproduction.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claimbench-records-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function entry(claim: string, word: 'supported' | null): Entry {
  const protocolId = `${claim}-quick`;
  const record: VerdictRecord | null = word && {
    id: `of-${claim}`,
    at: '2026-11-27T12:00:00.000Z',
    cause: 'new-evidence',
    evidenceLevel: 'measured',
    experimentId: 'experiment',
    verdict: {
      claim,
      protocolId,
      protocolHash: '0'.repeat(64),
      ruleVersion: 1,
      backend: 'native',
      kind: 'no-loss',
      quantifier: 'single',
      grade: 'scaled-down',
      scope: 'recipe',
      verdict: word,
      reason: 'strong',
      words: 'It holds.',
      plan: 'fixed',
      look: 1,
      n: 5,
      parts: [],
      premises: [],
      secondSize: null,
      controls: [],
      tuning: [],
      missingGuards: [],
      failedRuns: {},
      subjectLine: '2 layers',
      labels: [],
    },
  };
  const protocol = { id: protocolId, version: 3 } as Protocol;
  return { claim: {} as Entry['claim'], protocol, record, seconds: record && 61.5, machine: '2 cores', failure: null };
}

describe('a file of verdicts', () => {
  it('is read as it was written, in the order of the claims, one a line', async () => {
    const path = join(folder, 'records.json');
    expect(await readRecords(path)).toEqual([]);
    const [nine, ten] = [entry('1.9', 'supported'), entry('1.10', 'supported')];
    await writeRecords(path, [ten, entry('2.0', null), nine], []);
    const kept = await readRecords(path);
    expect(kept).toEqual(
      [nine, ten].map(({ record }) => ({ protocolVersion: 3, machine: '2 cores', seconds: 61.5, record })),
    );
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(5);
    expect(await readdir(folder)).toEqual(['records.json']);
  });

  it('keeps what a table does not speak of, and takes the table’s verdict for what it does', async () => {
    const path = join(folder, 'more.json');
    await writeRecords(path, [entry('1.0', 'supported'), entry('2.0', 'supported')], []);
    const before = await readRecords(path);
    const again = { ...entry('2.0', 'supported'), machine: '4 cores' };
    await writeRecords(path, [again], before);
    expect((await readRecords(path)).map(({ record, machine }) => [record.verdict.claim, machine])).toEqual([
      ['1.0', '2 cores'],
      ['2.0', '4 cores'],
    ]);
  });

  it.each([
    ['no JSON', 'verdicts'],
    ['another form', '{"format":"claimbench-records-1","verdicts":[{"machine":"x"}]}'],
    ['another form', '[]'],
  ])('with %s is refused, and stays as it is', async (found, text) => {
    const path = join(folder, 'bad.json');
    await writeFile(path, text);
    await expect(readRecords(path)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining(`expected verdicts that reproduce has written, found ${found}`),
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
