import { describe, expect, it } from 'vitest';
import { readEntries } from './reproduction.ts';

/** A platform whose one claim has a verdict from each of these versions of its protocol, oldest first; the present one is 2. */
function platform(versions: readonly number[]) {
  const answers: Record<string, unknown> = {
    '/api/system': { ruleVersion: 1 },
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

const ALL = { scale: 'quick', claims: null } as const;

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
});
