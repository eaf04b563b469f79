import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

// max of a NaN is up to the device: a norm that is NaN stays it.
const functions = `${math}
fn divisor(norm: f32) -> f32 { return select(max(norm, p.eps), norm, is_nan(norm)); }
// the same in units of the row's largest magnitude: what leaves float32 is then only the norm itself
fn divisor_in(unit: f32, root: f32) -> f32 { return select(max(root, p.eps / unit), root, is_nan(root)); }
fn unit_of(largest: f32) -> f32 { return select(1.0, largest, largest > 0.0); }
`;

export const pNormalizeWebGpu: WebGpuKernels = {
  'p_normalize.forward': (command, recording) => {
    const [rows, width, exponent] = [command.scalar('rows'), command.scalar('width'), command.scalar('p')];
    const x = command.buffer('x');
    const gain = command.bufferIfAny('gain');
    const norm = command.bufferIfAny('norm');
    const [largest, root] = [recording.scratch(rows), recording.scratch(rows)];
    const overRow = { extents: [rows, width], strides: { x: [width, 1] }, targetStrides: [1, 0] };
    const u32 = { width };
    const f32 = { exponent, inverse: 1 / exponent, eps: command.scalar('eps') };
    reduce(recording, { ...overRow, reads: { x }, largest: true, term: 'abs(x[at_x])', target: largest });
    const ratio = 'abs(x[at_x]) / unit_of(largest[at_x / p.width])';
    reduce(recording, {
      ...overRow,
      reads: { x, largest },
      u32,
      f32,
      functions,
      term: exponent === 1 ? ratio : exponent === 2 ? `square(${ratio})` : `power(${ratio}, p.exponent)`,
      finish: exponent === 1 ? 'total' : exponent === 2 ? 'sqrt(total)' : 'power(total, p.inverse)',
      target: root,
    });
    if (norm !== undefined) {
      recording.run({
        count: rows,
        reads: { largest, root },
        writes: { norm },
        f32,
        functions,
        body: 'norm[i] = unit_of(largest[i]) * root[i];',
      });
    }
    recording.run({
      count: rows * width,
      reads: { x, largest, root, gain },
      writes: { y: command.buffer('y') },
      u32,
      f32,
      functions,
      body: `let row = i / p.width;
  let unit = unit_of(largest[row]);
  y[i] = ${gain === undefined ? '' : 'gain[0] * '}(x[i] / unit) / divisor_in(unit, root[row]);`,
    });
  },

  'p_normalize.backward': (command, recording) => {
    const [rows, width, exponent] = [command.scalar('rows'), command.scalar('width'), command.scalar('p')];
    const [dy, x, norm] = ['dy', 'x', 'norm'].map((name) => command.buffer(name));
    const gain = command.bufferIfAny('gain');
    const [dx, dgain] = ['dx', 'dgain'].map((name) => command.bufferIfAny(name));
    const u32 = { width };
    const f32 = { slopeExponent: exponent - 1, eps: command.scalar('eps') };
    // sum(dy x) / d of each row
    const share = recording.scratch(rows);
    reduce(recording, {
      extents: [rows, width],
      strides: { x: [width, 1] },
      targetStrides: [1, 0],
      reads: { dy, x },
      f32,
      functions,
      term: 'dy[at_x] * x[at_x]',
      finish: 'total / divisor(norm[at_result])',
      finishReads: { norm },
      target: share,
    });
    if (dx !== undefined) {
      const size = exponent === 1 ? '1.0' : exponent === 2 ? '(abs(v) / n)' : 'power(abs(v) / n, p.slopeExponent)';
      recording.run({
        count: rows * width,
        reads: { dy, x, norm, gain, share },
        writes: { dx },
        u32,
        f32,
        functions,
        body: `let row = i / p.width;
  let n = norm[row];
  let v = x[i];
  var slope = 0.0;
  if (!(n < p.eps) && v != 0.0) { slope = with_sign(${size}, v); }
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} ${gain === undefined ? '1.0' : 'gain[0]'} / divisor(n) * (dy[i] - slope * share[row]);`,
      });
    }
    if (dgain !== undefined) {
      reduce(recording, {
        extents: [rows],
        strides: { share: [1] },
        targetStrides: [0],
        reads: { share },
        term: 'share[at_share]',
        target: dgain,
        accumulate: command.flag('accumulateGain'),
      });
    }
  },
};
