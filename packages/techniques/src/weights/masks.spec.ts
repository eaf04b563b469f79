import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { removeLowest } from './masks.ts';

describe('removing the lowest scores', () => {
  it('removes exactly as many as asked, and none above one that is kept', () => {
    const matrices = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(matrices, fc.double({ min: 0, max: 1, noNaN: true }), (rows, share) => {
        const scores = rows.map((row) => Float64Array.from(row));
        const all = rows.flat();
        const remove = Math.floor(share * all.length);
        const masks = removeLowest(scores, remove).map((mask) => [...mask]);
        const flat = masks.flat();
        expect(flat.filter((bit) => bit === 0)).toHaveLength(remove);
        const removed = all.filter((_, i) => flat[i] === 0);
        const kept = all.filter((_, i) => flat[i] === 1);
        expect(Math.max(-1, ...removed)).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...kept));
      }),
    );
  });

  it('of equal scores keeps the ones that come first', () => {
    const masks = removeLowest([Float64Array.of(1, 2, 1), Float64Array.of(1, 3)], 2);
    expect(masks.map((mask) => [...mask])).toEqual([
      [1, 1, 0],
      [0, 1],
    ]);
  });
});
