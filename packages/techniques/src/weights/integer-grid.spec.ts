import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dequantize, GRID_SCHEMES, type GridScheme, quantizeToGrid } from './integer-grid.ts';

interface GridCase {
  id: string;
  scheme: GridScheme;
  bits: number;
  granularity: 'tensor' | 'channel' | 'group';
  groupSize: number | null;
  qmin: number;
  shape: number[];
  x: number[];
  scale: number[];
  zeroPoint: number[];
  codes: number[];
}
interface MinMaxCase {
  id: string;
  scheme: GridScheme;
  bits: number;
  groupSize: number;
  shape: number[];
  w: number[];
  scale: number[];
  zero: number[];
  codes: number[];
}

function golden<Case>(file: string): Case[] {
  return JSON.parse(readFileSync(new URL(`../../golden/${file}`, import.meta.url), 'utf8')).cases;
}

const gridCases = golden<GridCase>('integer-grid.json');
const minMaxCases = golden<MinMaxCase>('rtn-minmax.json');

/** One unit in the last place of a float32 near `x`. */
const ulp = (x: number) => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);

describe('an integer grid', () => {
  it.each(gridCases)('gives the codes of torch: $id, $bits bits, $granularity', (sample) => {
    const columns = sample.shape.at(-1)!;
    const groupSize = { tensor: null, channel: columns, group: sample.groupSize }[sample.granularity];
    const grid = quantizeToGrid(Float32Array.from(sample.x), columns, { ...sample, groupSize });
    // Golden codes count from qmin, ours from 0; both sets differ by one constant.
    const offset = -sample.qmin + (sample.scheme === 'symmetric' ? 1 : 0);
    expect([...grid.codes]).toEqual(sample.codes.map((code) => code + offset));
    expect([...grid.zeroPoints]).toEqual(sample.zeroPoint.map((zero) => zero + offset));
    grid.scales.forEach((scale, i) => {
      expect(Math.abs(scale - sample.scale[i]!)).toBeLessThanOrEqual(ulp(sample.scale[i]!));
    });
  });

  it.each(minMaxCases)("gives the codes of the GPTQ authors' round-to-nearest: $id", (sample) => {
    const grid = quantizeToGrid(Float32Array.from(sample.w), sample.shape[1]!, sample);
    expect([...grid.codes]).toEqual(sample.codes);
    expect([...grid.zeroPoints]).toEqual(sample.zero);
  });

  it('has the golden files to compare with', () => {
    expect(gridCases.length).toBe(49);
    expect(minMaxCases.length).toBe(9);
  });

  it('moves a weight by half a step at most, at the ends of uneven grids by one, and keeps zero as zero', () => {
    const weights = fc.array(fc.float({ noNaN: true, min: -2, max: 2 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 2, max: 8 }), fc.constantFrom(...GRID_SCHEMES), (values, bits, scheme) => {
        const before = Float32Array.from([...values, 0]);
        const grid = quantizeToGrid(before, before.length, { bits, scheme, groupSize: before.length });
        const after = dequantize(grid, before.length);
        expect(after.at(-1)).toBe(0);
        // The zero point is an integer, so one end of a grid that is not symmetric may lack its last half step.
        const allowed = (scheme === 'symmetric' ? 0.5 : 1) * grid.scales[0]! * (1 + 1e-4);
        before.forEach((w, i) => {
          expect(Math.abs(after[i]! - w)).toBeLessThanOrEqual(allowed);
        });
      }),
    );
  });

  it('uses one grid for a tensor, one a row, or one for each run of columns, the last of which may be short', () => {
    const values = Float32Array.from({ length: 3 * 70 }, (_, i) => Math.sin(i));
    const scales = (groupSize: number | null) =>
      quantizeToGrid(values, 70, { bits: 4, scheme: 'affine', groupSize }).scales.length;
    expect(scales(null)).toBe(1);
    expect(scales(70)).toBe(3);
    expect(scales(32)).toBe(9);
  });

  it('stores a row of zeros as zeros', () => {
    for (const scheme of GRID_SCHEMES) {
      const grid = quantizeToGrid(new Float32Array(8), 8, { bits: 3, scheme, groupSize: 8 });
      expect([...dequantize(grid, 8)]).toEqual(new Array(8).fill(0));
    }
  });
});
