import { type FloatArray, folded, type ReferenceKernels, store, walk } from '../../reference/operands.ts';

export const varReference: ReferenceKernels = {
  'var.mean': (operands) => {
    const x = operands.floats('x');
    const first = operands.floats('first');
    const sums = folded(operands.loop(), 0, (sum, [atX, atFirst]) => sum + (x[atX!]! - first[atFirst!]!));
    putScaled(operands.floats('mean'), sums, operands.scalar('factor'));
  },

  'var.forward': (operands) => {
    const x = operands.floats('x');
    const first = operands.floats('first');
    const mean = operands.floats('mean');
    const sums = folded(operands.loop(), 0, (sum, [atX, atFirst, atMean]) => {
      return sum + (x[atX!]! - first[atFirst!]! - mean[atMean!]!) ** 2;
    });
    putScaled(operands.floats('y'), sums, operands.scalar('factor'));
  },

  'var.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const first = operands.floats('first');
    const mean = operands.floats('mean');
    const dx = operands.floats('dx');
    const factor = operands.scalar('factor');
    const accumulate = operands.flag('accumulate');
    walk(operands.loop(), ([atDy, atX, atFirst, atMean, atDx]) => {
      const deviation = x[atX!]! - first[atFirst!]! - mean[atMean!]!;
      store(dx, atDx!, factor * dy[atDy!]! * deviation, accumulate);
    });
  },
};

/** The factor comes last: a sum of nothing times NaN is NaN. */
function putScaled(target: FloatArray, sums: Float64Array, factor: number): void {
  for (const [i, sum] of sums.entries()) target[i] = factor * sum;
}
