import { KernelError } from '../../errors.ts';
import { type Operands, type ReferenceKernels, store } from '../../reference/operands.ts';

const mean = 1;
const none = 0;

export const crossEntropyReference: ReferenceKernels = {
  'cross_entropy.forward': (operands) => {
    const logits = operands.floats('logits');
    const y = operands.floats('y');
    const logSumExps = operands.floats('logSumExp');
    const rows = operands.scalar('rows');
    const classes = operands.scalar('classes');
    const reduction = operands.scalar('reduction');
    const smoothing = operands.scalar('labelSmoothing');
    const zLoss = operands.scalar('zLoss');
    let total = 0;
    let kept = 0;
    for (let r = 0; r < rows; r++) {
      const row = logits.subarray(r * classes, (r + 1) * classes);
      let largest = Number.NEGATIVE_INFINITY;
      for (const logit of row) largest = Math.max(largest, logit);
      let sum = 0;
      for (const logit of row) sum += Math.exp(logit - largest);
      const logSumExp = largest + Math.log(sum);
      logSumExps[r] = logSumExp;
      const target = targetOf(operands, r);
      let loss = 0;
      if (target !== undefined) {
        loss = (1 - smoothing) * (logSumExp - row[target]!) + zLoss * logSumExp ** 2;
        if (smoothing !== 0) for (const logit of row) loss += (smoothing / classes) * (logSumExp - logit);
        total += loss;
        kept += 1;
      }
      if (reduction === none) y[r] = loss;
    }
    operands.floats('kept')[0] = kept;
    if (reduction !== none) y[0] = reduction === mean ? total / kept : total;
  },

  'cross_entropy.backward': (operands) => {
    const dy = operands.floats('dy');
    const logits = operands.floats('logits');
    const logSumExps = operands.floats('logSumExp');
    const kept = operands.floats('kept')[0]!;
    const dlogits = operands.floats('dlogits');
    const accumulate = operands.flag('accumulate');
    const rows = operands.scalar('rows');
    const classes = operands.scalar('classes');
    const reduction = operands.scalar('reduction');
    const smoothing = operands.scalar('labelSmoothing');
    const zLoss = operands.scalar('zLoss');
    for (let r = 0; r < rows; r++) {
      const target = targetOf(operands, r);
      const weight = reduction === none ? dy[r]! : reduction === mean ? dy[0]! / kept : dy[0]!;
      for (let c = 0; c < classes; c++) {
        const at = r * classes + c;
        let slope = 0;
        if (target !== undefined) {
          const probability = Math.exp(logits[at]! - logSumExps[r]!);
          slope = probability * (1 + 2 * zLoss * logSumExps[r]!) - smoothing / classes;
          if (c === target) slope -= 1 - smoothing;
          slope *= weight;
        }
        store(dlogits, at, slope, accumulate);
      }
    }
  },
};

/** The class of a row; undefined where the row is ignored. */
function targetOf(operands: Operands, row: number): number | undefined {
  const target = operands.integers('targets')[row]!;
  if (target === operands.scalar('ignoreIndex')) return undefined;
  const classes = operands.scalar('classes');
  if (target < 0 || target >= classes) {
    throw new KernelError(
      'index-out-of-range',
      `cross_entropy: target ${target} of row ${row} does not lie in 0..${classes - 1}`,
    );
  }
  return target;
}
