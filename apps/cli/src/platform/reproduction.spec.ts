import { describe, expect, it } from 'vitest';
import type { KeptVerdict } from './records.ts';
import { readEntries } from './reproduction.ts';

/** A platform whose one claim has a verdict from each of these versions of its protocol, oldest first; the present one is 2. */
function platform(versions: readonly number[]) {
  const answers: Record<string, unknown> = {
    '/api/system': { ruleVersion: 1, workers: [{ machine: { cores: 2, processor: 'here' } }] },
    '/api/claims?limit=200': { items: [{ id: '1.0', protocolIds: ['1.0-quick'] }], next: null },
    '/api/claims/1.0': {
      claim: { id: '1.0' },
      protocols: [{ id: '1.0-quick', scale: 'quick', version: 2 }],
      history: versions.map((version, index) => ({
        at: `2026-01-0${index + 1}`,
        experimentId: `of-${version}`,
        verdict: { protocolId: '1.0-quick', ruleVersion: 1 },
      })),
    },
  };
  for (const version of versions) {
    answers[`/api/experiments/of-${version}`] = {
      createdAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:01:00Z',
      registration: { registered: { protocol: { version } } },
    };
  }
  return { get: async (path: string) => answers[path] } as Parameters<typeof readEntries>[0];
}

const ALL = { scale: 'quick', claims: null, kept: [] } as const;

const keptVerdict = (protocolVersion: number, changes: { at?: string; ruleVersion?: number } = {}): KeptVerdict =>
  ({
    protocolVersion,
    machine: '8 cores elsewhere',
    seconds: 30,
    record: {
      at: changes.at ?? '2026-02-01',
      experimentId: `kept-${changes.at ?? protocolVersion}`,
      verdict: { protocolId: '1.0-quick', ruleVersion: changes.ruleVersion ?? 1 },
    },
  }) as KeptVerdict;

describe('what has its verdict', () => {
  it('is a protocol in its present version', async () => {
    const [entry] = await readEntries(platform([1, 2]), ALL);
    expect(entry).toMatchObject({ record: { experimentId: 'of-2' }, seconds: 60 });
  });

  it('is not one whose verdict comes from an earlier version', async () => {
    const [entry] = await readEntries(platform([1]), ALL);
    expect(entry).toMatchObject({ record: null, seconds: null });
  });

  it('is the present version even where an earlier one was run after it', async () => {
    const [entry] = await readEntries(platform([2, 1]), ALL);
    expect(entry).toMatchObject({ record: { experimentId: 'of-2' } });
  });

  it('is what a file kept of another platform, in the same version and under the same rule', async () => {
    const kept = [keptVerdict(2), keptVerdict(2, { at: '2026-03-01' }), keptVerdict(1, { at: '2026-04-01' })];
    const [entry] = await readEntries(platform([1]), { ...ALL, kept });
    expect(entry).toMatchObject({
      record: { experimentId: 'kept-2026-03-01' },
      seconds: 30,
      machine: '8 cores elsewhere',
    });
    const [other] = await readEntries(platform([]), { ...ALL, kept: [keptVerdict(2, { ruleVersion: 2 })] });
    expect(other).toMatchObject({ record: null, machine: '2 cores, here' });
  });

  it('is the platform’s own verdict before a kept one', async () => {
    const [entry] = await readEntries(platform([2]), { ...ALL, kept: [keptVerdict(2)] });
    expect(entry).toMatchObject({ record: { experimentId: 'of-2' }, machine: '2 cores, here' });
  });
});
