import { codeOnGrid, roundHalfEven } from '@claimbench/kernels';

/**
 * How a range of weights becomes an integer grid of b bits; a weight is represented by `scale (code - zeroPoint)`.
 *
 *     affine           scale = (max - min) / (2^b - 1), the range widened to hold 0; zeroPoint = -round(min / scale)
 *     symmetric        scale = max|w| / (2^(b-1) - 1); codes -(2^(b-1) - 1) .. 2^(b-1) - 1 around zeroPoint 2^(b-1)
 *     symmetric-full   scale = max|w| / ((2^b - 1) / 2); codes -2^(b-1) .. 2^(b-1) - 1: one level more, at the negative end
 */
export const GRID_SCHEMES = ['symmetric', 'symmetric-full', 'affine'] as const;
export type GridScheme = (typeof GRID_SCHEMES)[number];

/** Scales below this stand for a range that holds nothing but zeros. */
const SMALLEST_SCALE = 2 ** -23;

/** A weight `[rows, columns]` as codes with one grid for each run of `groupSize` columns of a row, or one for a row, or one for all. */
export interface IntegerGridCodes {
  /** Unsigned, 0 .. 2^bits - 1. */
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  /** One for each scale; the symmetric schemes have 2^(bits-1) everywhere. */
  readonly zeroPoints: Float32Array;
  /** Columns that share a grid inside a row; null: the whole tensor shares one. */
  readonly groupSize: number | null;
}

/**
 * Round-to-nearest codes, computed in float32 and rounded half to even, so that every implementation of the rule gives the same
 * integers. `groupSize` null: one grid for the tensor; `columns`: one a row; less: runs of columns, the last of a row may be short.
 */
export function quantizeToGrid(
  values: Float32Array,
  columns: number,
  options: { bits: number; scheme: GridScheme; groupSize: number | null },
): IntegerGridCodes {
  const { bits, scheme, groupSize } = options;
  const rows = columns === 0 ? 0 : values.length / columns;
  const groups = groupSize === null ? 1 : rows * Math.ceil(columns / groupSize);
  const codes = new Uint8Array(values.length);
  const scales = new Float32Array(groups);
  const zeroPoints = new Float32Array(groups);
  const quantize = (group: number, start: number, end: number) => {
    const { scale, zeroPoint } = gridOf(values.subarray(start, end), bits, scheme);
    scales[group] = scale;
    zeroPoints[group] = zeroPoint;
    const lowest = scheme === 'symmetric' ? 1 : 0;
    const grid = { scale, zeroPoint, lowest, highest: 2 ** bits - 1 };
    for (let i = start; i < end; i++) {
      codes[i] = codeOnGrid(values[i]!, grid);
    }
  };
  if (groupSize === null) quantize(0, 0, values.length);
  else {
    let group = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column += groupSize) {
        quantize(group++, row * columns + column, row * columns + Math.min(column + groupSize, columns));
      }
    }
  }
  return { codes, scales, zeroPoints, groupSize };
}

/** The weights that codes stand for, in float32: what the packed product multiplies with. */
export function dequantize(grid: IntegerGridCodes, columns: number): Float32Array {
  const { codes, scales, zeroPoints, groupSize } = grid;
  const groupsOfRow = groupSize === null ? 0 : Math.ceil(columns / groupSize);
  return Float32Array.from(codes, (code, i) => {
    const row = Math.floor(i / columns);
    const group = groupSize === null ? 0 : row * groupsOfRow + Math.floor((i % columns) / groupSize);
    return scales[group]! * (code - zeroPoints[group]!);
  });
}

/** Step and zero point for a range of weights. */
export function gridOf(values: Float32Array, bits: number, scheme: GridScheme): { scale: number; zeroPoint: number } {
  let min = 0;
  let max = 0;
  for (const w of values) {
    if (w < min) min = w;
    if (w > max) max = w;
  }
  const levels = 2 ** bits - 1;
  const largest = Math.max(-min, max);
  switch (scheme) {
    case 'affine': {
      const scale = Math.max(Math.fround(Math.fround(max - min) / levels), SMALLEST_SCALE);
      const zeroPoint = -roundHalfEven(Math.fround(min / scale));
      return { scale, zeroPoint: Math.min(Math.max(zeroPoint, 0), levels) };
    }
    case 'symmetric':
      return {
        scale: Math.max(Math.fround(largest / (2 ** (bits - 1) - 1)), SMALLEST_SCALE),
        zeroPoint: 2 ** (bits - 1),
      };
    case 'symmetric-full':
      return { scale: Math.max(Math.fround(largest / (levels / 2)), SMALLEST_SCALE), zeroPoint: 2 ** (bits - 1) };
  }
}
