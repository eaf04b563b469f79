import { type Operands, type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const batchNormReference: ReferenceKernels = {
  'batch_norm.statistics': (operands) => {
    const x = operands.floats('x');
    const count = operands.scalar('batch') * operands.scalar('inner');
    const mean = sumsOfChannels(operands, (at) => x[at]! / count);
    if (count === 0) mean.fill(Number.NaN);
    const variance = sumsOfChannels(operands, (at, c) => (x[at]! - mean[c]!) ** 2 / count);
    if (count === 0) variance.fill(Number.NaN);
    storeAll(operands.floats('mean'), mean, false);
    storeAll(operands.floats('variance'), variance, false);
  },

  'batch_norm.update': (operands) => {
    const current = operands.floats('current');
    const running = operands.floats('running');
    const momentum = operands.scalar('momentum');
    const factor = operands.scalar('factor');
    const count = operands.scalar('count');
    for (let c = 0; c < count; c++) running[c] = (1 - momentum) * running[c]! + momentum * factor * current[c]!;
  },

  'batch_norm.forward': (operands) => {
    const y = operands.floats('y');
    const gain = operands.floatsIfAny('gain');
    const bias = operands.floatsIfAny('bias');
    const { xhat } = normalisedBy(operands);
    eachElement(operands, (at, c) => {
      y[at] = xhat(at, c) * (gain?.[c] ?? 1) + (bias?.[c] ?? 0);
    });
  },

  'batch_norm.backward': (operands) => {
    const dy = operands.floats('dy');
    const gain = operands.floatsIfAny('gain');
    const dx = operands.floatsIfAny('dx');
    const training = operands.flag('training');
    const accumulateX = operands.flag('accumulateX');
    const count = operands.scalar('batch') * operands.scalar('inner');
    const { xhat, rstd } = normalisedBy(operands);
    const products = sumsOfChannels(operands, (at, c) => dy[at]! * xhat(at, c));
    const sums = sumsOfChannels(operands, (at) => dy[at]!);
    if (dx !== undefined) {
      eachElement(operands, (at, c) => {
        const pull = training ? (sums[c]! + xhat(at, c) * products[c]!) / count : 0;
        store(dx, at, (gain?.[c] ?? 1) * rstd(c) * (dy[at]! - pull), accumulateX);
      });
    }
    storeAll(operands.floatsIfAny('dgain'), products, operands.flag('accumulateGain'));
    storeAll(operands.floatsIfAny('dbias'), sums, operands.flag('accumulateBias'));
  },
};

function normalisedBy(operands: Operands): { xhat: (at: number, c: number) => number; rstd: (c: number) => number } {
  const x = operands.floats('x');
  const mean = operands.floats('mean');
  const variance = operands.floats('variance');
  const eps = operands.scalar('eps');
  const rstd = (c: number) => 1 / Math.sqrt(variance[c]! + eps);
  return { rstd, xhat: (at, c) => (x[at]! - mean[c]!) * rstd(c) };
}

/** Every element of [batch, channels, inner], with its channel. */
export function eachElement(operands: Operands, visit: (at: number, channel: number) => void): void {
  const channels = operands.scalar('channels');
  const inner = operands.scalar('inner');
  const rows = operands.scalar('batch') * channels;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < inner; i++) visit(row * inner + i, row % channels);
  }
}

/** The sum of a term over batch and inner, for each channel. */
export function sumsOfChannels(operands: Operands, term: (at: number, channel: number) => number): Float64Array {
  const sums = new Float64Array(operands.scalar('channels'));
  eachElement(operands, (at, c) => {
    sums[c]! += term(at, c);
  });
  return sums;
}
