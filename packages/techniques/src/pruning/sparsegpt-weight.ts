import { roundHalfEven } from '@claimbench/kernels';
import { inverseHessian, sweepColumns } from '../weights/column-sweep.ts';
import { gridOf } from '../weights/integer-grid.ts';

export interface SparseGptOptions {
  readonly sparsity: number;
  /** [n, m]: n of every m consecutive inputs go; null: the share of every block. */
  readonly pattern: readonly [number, number] | null;
  readonly blockSize: number;
  readonly damping: number;
  /** Kept weights are rounded to a grid a row in the same sweep; null: not. */
  readonly bits: number | null;
}

/**
 * SparseGPT on one weight `[outSize, inSize]`: goes through the columns, removes what costs least, w^2 / U_jj^2 for the upper factor U of
 * the inverse Hessian, and makes the loss good in the columns to come. A threshold belongs to a block of columns and all its rows.
 */
export function sparseGptWeight(
  values: Float32Array,
  inSize: number,
  products: Float64Array,
  { sparsity, pattern, blockSize, damping, bits }: SparseGptOptions,
): { values: Float32Array; loss: number } {
  const outSize = values.length / inSize;
  const { factor, dead } = inverseHessian(products, inSize, damping);
  const weights = Float64Array.from(values, (w, i) => (dead[i % inSize] ? 0 : w));
  const removed = new Uint8Array(values.length);
  const scoreOf = (current: Float64Array, row: number, column: number) =>
    current[row * inSize + column]! ** 2 / factor.values[column * (inSize + 1)]! ** 2;
  const grids =
    bits === null
      ? null
      : Array.from({ length: outSize }, (_, row) =>
          gridOf(Float32Array.from(weights.subarray(row * inSize, (row + 1) * inSize)), bits, 'affine'),
        );
  const rounded = (value: number, row: number) => {
    if (grids === null || bits === null) return value;
    const { scale, zeroPoint } = grids[row]!;
    const code = Math.min(Math.max(roundHalfEven(value / scale) + zeroPoint, 0), 2 ** bits - 1);
    return scale * (code - zeroPoint);
  };
  const loss = sweepColumns(weights, factor, blockSize, {
    startBlock(current, start, end) {
      if (pattern !== null) return;
      const scores: number[] = [];
      for (let row = 0; row < outSize; row++) {
        for (let column = start; column < end; column++) scores.push(scoreOf(current, row, column));
      }
      const threshold =
        Float64Array.from(scores).sort()[Math.min(Math.floor(scores.length * sparsity), scores.length - 1)]!;
      scores.forEach((score, i) => {
        const row = Math.floor(i / (end - start));
        if (score <= threshold) removed[row * inSize + start + (i % (end - start))] = 1;
      });
    },
    startColumn(current, column) {
      if (pattern === null || column % pattern[1] !== 0) return;
      const [n, m] = pattern;
      for (let row = 0; row < outSize; row++) {
        const run = Array.from({ length: m }, (_, i) => column + i);
        run.sort((a, b) => scoreOf(current, row, a) - scoreOf(current, row, b) || a - b);
        for (const place of run.slice(0, n)) removed[row * inSize + place] = 1;
      }
    },
    change: (value, row, column) => (removed[row * inSize + column] === 1 ? 0 : rounded(value, row)),
  });
  return { values: Float32Array.from(weights), loss };
}
