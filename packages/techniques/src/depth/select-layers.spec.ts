import { describe, expect, it } from 'vitest';
import { type LayerSelection, selectionLabel, selectLayers } from './select-layers.ts';

const choose = (selection: Partial<LayerSelection>, total = 8, drawn: number[] = []) =>
  selectLayers('drop-layers', { select: 'deep', count: null, share: 0.25, layers: [], ...selection }, total, () =>
    Float64Array.from(drawn),
  );

describe('a selection of layers', () => {
  it('takes layers from where it says', () => {
    expect(choose({ select: 'first', count: 3 })).toEqual([0, 1, 2]);
    expect(choose({ select: 'last', count: 3 })).toEqual([5, 6, 7]);
    expect(choose({ select: 'deep', count: 3 })).toEqual([4, 5, 6]);
    expect(choose({ select: 'middle', count: 2 })).toEqual([3, 4]);
    expect(choose({ select: 'listed', layers: [5, 1] })).toEqual([1, 5]);
    expect(choose({ select: 'random', count: 2 }, 4, [0.9, 0.1, 0.5, 0.3])).toEqual([1, 3]);
  });

  it('spreads evenly between the first and the last layer', () => {
    expect(choose({ select: 'even', count: 2 })).toEqual([2, 5]);
    expect(choose({ select: 'even', count: 6 })).toEqual([1, 2, 3, 4, 5, 6]);
    expect(choose({ select: 'even', count: 1 }, 3)).toEqual([1]);
  });

  it('takes a share where no number is given, and nothing for none', () => {
    expect(choose({ select: 'last', share: 0.25 })).toEqual([6, 7]);
    expect(choose({ select: 'last', share: 0 })).toEqual([]);
    expect(choose({ select: 'even', count: 0 })).toEqual([]);
    expect(choose({ select: 'first', count: 8 })).toHaveLength(8);
  });

  it('does not fit a model with too few layers', () => {
    for (const [selection, message] of [
      [{ select: 'last', count: 9 }, /takes 9 layers .* of 8 layers has 8/],
      [{ select: 'deep', count: 8 }, /of 8 layers has 7/],
      [{ select: 'even', count: 7 }, /of 8 layers has 6/],
      [{ select: 'listed', layers: [2, 8] }, /names layer 8; the model has layers 0 to 7/],
    ] as const) {
      expect(() => choose(selection)).toThrow(expect.objectContaining({ code: 'technique-does-not-fit' }));
      expect(() => choose(selection)).toThrow(message);
    }
  });

  it('has a name for tables', () => {
    const base = { select: 'deep', count: null, share: 0.25, layers: [] } as const;
    expect(selectionLabel(base)).toBe('25 % deep');
    expect(selectionLabel({ ...base, count: 2, select: 'even' })).toBe('2 even');
    expect(selectionLabel({ ...base, select: 'listed', layers: [1, 3] })).toBe('layers 1, 3');
  });
});
