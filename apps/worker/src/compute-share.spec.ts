import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeShare } from './compute-share.ts';

describe('the share of the cores', () => {
  it('is one run a core with one thread each, unless fewer runs are asked for', () => {
    expect(computeShare(2, undefined)).toEqual({ concurrency: 2, threads: 1 });
    expect(computeShare(16, 3)).toEqual({ concurrency: 3, threads: 5 });
    expect(computeShare(4, 1)).toEqual({ concurrency: 1, threads: 4 });
  });

  it('never has more threads than cores, and always a run with a thread', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 512 }), fc.option(fc.integer({ min: 1, max: 256 })), (cores, asked) => {
        const { concurrency, threads } = computeShare(cores, asked ?? undefined);
        expect(concurrency * threads).toBeLessThanOrEqual(cores);
        expect(concurrency).toBeGreaterThanOrEqual(1);
        expect(threads).toBeGreaterThanOrEqual(1);
        expect(concurrency).toBeLessThanOrEqual(asked ?? cores);
      }),
    );
  });
});
