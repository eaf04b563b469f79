import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from './stack.ts';

const cli = fileURLToPath(new URL('../../apps/cli/bin/claimbench.mjs', import.meta.url));

/** Starts the command; `notes` resolves when what it tells on standard error contains the text. */
function claimbench(...words: string[]) {
  const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, notes] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const listeners = new Set<() => void>();
  child.stderr.on('data', (chunk) => {
    notes += chunk;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<{ code: number | null; out: string; notes: string }>((done) =>
    child.once('close', (code) => done({ code, out, notes })),
  );
  const told = (text: string) =>
    new Promise<void>((done) => {
      const look = () => notes.includes(text) && done();
      listeners.add(look);
      look();
      void ended.then(() => done());
    });
  return { child, ended, told };
}

describe('claimbench reproduce', () => {
  let stack: Stack;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claimbench-reproduce-'));
    stack = await Stack.start();
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('goes on after a kill where it was, registers nothing twice, and writes the page from the records', async () => {
    const page = join(folder, 'results.md');
    const words = ['reproduce', '--claim', '28.6', '--api', stack.apiUrl, '--markdown', page];
    const first = claimbench(...words);
    await first.told('28.6-quick: registered');
    first.child.kill('SIGKILL');
    await first.ended;

    const second = await claimbench(...words, '--json').ended;
    expect(second.notes).toContain('28.6-quick: already running');
    expect(second.code).toBe(0);
    const { entries, totals } = JSON.parse(second.out);
    expect(entries).toHaveLength(1);
    const { verdict } = entries[0].record;
    expect(totals).toMatchObject({ [verdict.verdict]: 1, withoutVerdict: 0, negativeControls: { count: 1 } });
    const text = await readFile(page, 'utf8');
    expect(text).toContain(`${verdict.verdict} (${verdict.reason})`);
    expect(text).toContain(`| ${verdict.n} |`);

    const third = await claimbench(...words).ended;
    expect(third.notes).not.toContain('registered');
    expect(third.out).toContain(verdict.verdict);
    const experiments = await stack.get<{ items: unknown[] }>('/api/experiments');
    expect(experiments.items).toHaveLength(1);
  }, 400_000);

  it('verify computes every run behind the verdict once more and finds the same digests', async () => {
    const { code, out } = await claimbench(
      'verify',
      '--claim',
      '28.6',
      '--threads',
      '2',
      '--api',
      stack.apiUrl,
      '--json',
    ).ended;
    const { claims } = JSON.parse(out);
    expect(claims).toHaveLength(1);
    expect(claims[0].repetitions.length).toBeGreaterThan(10);
    for (const { stored, repeated } of claims[0].repetitions) expect(repeated).toBe(stored);
    expect(code).toBe(0);
  }, 400_000);

  it('says where it looked when no platform answers', async () => {
    const { code, notes } = await claimbench('reproduce', '--api', 'http://127.0.0.1:9').ended;
    expect(code).toBe(3);
    expect(notes).toContain('no Claimbench answers at http://127.0.0.1:9');
  });

  it('refuses a claim that has no protocol of the scale', async () => {
    const { code, notes } = await claimbench('reproduce', '--claim', '0.0', '--api', stack.apiUrl).ended;
    expect(code).toBe(3);
    expect(notes).toContain('0.0');
  });
});
