import { type Operands, type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const groupNormReference: ReferenceKernels = {
  'group_norm.forward': (operands) => {
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const means = operands.floatsIfAny('mean');
    const rstds = operands.floatsIfAny('rstd');
    const eps = operands.scalar('eps');
    const { rows, width, channelOf } = groupsOf(operands);
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      let mean = 0;
      for (let i = 0; i < width; i++) mean += x[row + i]! / width;
      let variance = 0;
      for (let i = 0; i < width; i++) variance += (x[row + i]! - mean) ** 2 / width;
      const rstd = 1 / Math.sqrt(variance + eps);
      for (let i = 0; i < width; i++) {
        const c = channelOf(r, i);
        y[row + i] = (x[row + i]! - mean) * rstd * (gain?.[c] ?? 1) + (bias?.[c] ?? 0);
      }
      if (means !== undefined) means[r] = mean;
      if (rstds !== undefined) rstds[r] = rstd;
    }
  },

  'group_norm.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain');
    const means = operands.floats('mean');
    const rstds = operands.floats('rstd');
    const dx = operands.floatsIfAny('dx');
    const accumulateX = operands.flag('accumulateX');
    const channels = operands.scalar('channels');
    const { rows, width, channelOf } = groupsOf(operands);
    const dgain = new Float64Array(channels);
    const dbias = new Float64Array(channels);
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      const xhat = (i: number) => (x[row + i]! - means[r]!) * rstds[r]!;
      const g = (i: number) => dy[row + i]! * (gain?.[channelOf(r, i)] ?? 1);
      let meanG = 0;
      let meanGX = 0;
      for (let i = 0; i < width; i++) {
        meanG += g(i) / width;
        meanGX += (g(i) * xhat(i)) / width;
        dgain[channelOf(r, i)]! += dy[row + i]! * xhat(i);
        dbias[channelOf(r, i)]! += dy[row + i]!;
      }
      if (dx === undefined) continue;
      for (let i = 0; i < width; i++) {
        store(dx, row + i, rstds[r]! * (g(i) - meanG - xhat(i) * meanGX), accumulateX);
      }
    }
    storeAll(operands.floatsIfAny('dgain'), dgain, operands.flag('accumulateGain'));
    storeAll(operands.floatsIfAny('dbias'), dbias, operands.flag('accumulateBias'));
  },
};

/** One row for each group of each batch entry; the channel of element i of row r. */
function groupsOf(operands: Operands): { rows: number; width: number; channelOf: (r: number, i: number) => number } {
  const groups = operands.scalar('groups');
  const inner = operands.scalar('inner');
  const channelsOfGroup = operands.scalar('channels') / groups;
  return {
    rows: operands.scalar('batch') * groups,
    width: channelsOfGroup * inner,
    channelOf: (r, i) => (r % groups) * channelsOfGroup + Math.floor(i / inner),
  };
}
