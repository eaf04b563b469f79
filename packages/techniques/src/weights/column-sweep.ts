import { cholesky, inversePositiveDefinite, type Matrix, matrix, transposed } from '@claimbench/kernels';

/** What the sweep knows of a linear's inputs. */
export interface Hessian {
  /** The upper Cholesky factor U of (H + damping mean(diag H) I)^-1 = U^T U. */
  readonly factor: Matrix;
  /** Inputs that are always zero: their weights do not matter. */
  readonly dead: readonly boolean[];
}

/** H is X^T X of the inputs up to a factor; `damping` is relative to the mean of its diagonal. */
export function inverseHessian(products: Float64Array, inSize: number, damping: number): Hessian {
  const { damped, dead } = dampedHessian(products, inSize, damping);
  return { factor: transposed(cholesky(inversePositiveDefinite(damped))), dead };
}

/** H + damping mean(diag H) I, with 1 on the diagonal where an input is always zero. */
export function dampedHessian(
  products: Float64Array,
  inSize: number,
  damping: number,
): { damped: Matrix; dead: readonly boolean[] } {
  const damped = matrix(inSize, inSize, products);
  const places = Array.from({ length: inSize }, (_, j) => j * (inSize + 1));
  const dead = places.map((place) => damped.values[place] === 0);
  for (const [j, place] of places.entries()) if (dead[j]) damped.values[place] = 1;
  const mean = places.reduce((sum, place) => sum + damped.values[place]!, 0) / inSize;
  for (const place of places) damped.values[place]! += damping * mean;
  return { damped, dead };
}

/** Decides what one column becomes. `column` holds the weights of all rows as the columns before have left them. */
export interface ColumnRule {
  /** Called before a block with the weights as they are then, `[rows, columns]`, none of the block's own changes made yet. */
  startBlock?(weights: Float64Array, start: number, end: number): void;
  /** Called before each column with the weights of the block, its own changes made: for patterns inside a block. */
  startColumn?(weights: Float64Array, column: number, end: number): void;
  change(value: number, row: number, column: number): number;
}

/**
 * Goes through the columns of a weight `[rows, columns]` from left to right; what a column loses is made good in the columns to its right
 * as the inverse Hessian says (optimal brain surgeon, one column at a time). `weights` becomes the result. Returns the loss
 * sum (w - q)^2 / (2 U_jj^2).
 */
export function sweepColumns(weights: Float64Array, factor: Matrix, blockSize: number, rule: ColumnRule): number {
  const columns = factor.columns;
  const rows = weights.length / columns;
  let loss = 0;
  for (let start = 0; start < columns; start += blockSize) {
    const end = Math.min(start + blockSize, columns);
    rule.startBlock?.(weights, start, end);
    const errors = new Float64Array(rows * (end - start));
    const block = weights.slice();
    for (let column = start; column < end; column++) {
      rule.startColumn?.(block, column, end);
      const pivot = factor.values[column * (columns + 1)]!;
      for (let row = 0; row < rows; row++) {
        const value = block[row * columns + column]!;
        const changed = rule.change(value, row, column);
        const error = (value - changed) / pivot;
        loss += error ** 2 / 2;
        errors[row * (end - start) + column - start] = error;
        weights[row * columns + column] = changed;
        if (error === 0) continue;
        for (let j = column + 1; j < end; j++) {
          block[row * columns + j]! -= error * factor.values[column * columns + j]!;
        }
      }
    }
    for (let row = 0; row < rows; row++) {
      for (let column = start; column < end; column++) {
        const error = errors[row * (end - start) + column - start]!;
        if (error === 0) continue;
        for (let j = end; j < columns; j++) {
          weights[row * columns + j]! -= error * factor.values[column * columns + j]!;
        }
      }
    }
  }
  return loss;
}
