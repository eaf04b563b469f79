import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

/** WGSL: min(1, maxNorm / (norm + 1e-6)), NaN where the norm is: what min gives of NaN is up to the device. */
export const clipFactor = `${math}
fn clip_factor(norm: f32) -> f32 {
  if (is_nan(norm)) { return norm; }
  return min(1.0, p.maxNorm / (norm + 1e-6));
}
`;

export const globalNormWebGpu: WebGpuKernels = {
  'global_norm.forward': (command, recording) => {
    const norm = command.buffer('norm');
    for (const [index, member] of command.members().entries()) {
      reduce(recording, {
        extents: [member.scalar('count')],
        strides: { g: [1] },
        targetStrides: [0],
        reads: { g: member.buffer('g') },
        term: 'g[at_g] * g[at_g]',
        target: norm,
        accumulate: index > 0,
      });
    }
    recording.run({ count: 1, writes: { norm }, body: 'norm[0] = sqrt(norm[0]);' });
  },

  'global_norm.clip': (command, recording) => {
    for (const member of command.members()) {
      recording.run({
        count: member.scalar('count'),
        reads: { norm: command.buffer('norm') },
        writes: { g: member.buffer('g') },
        f32: { maxNorm: command.scalar('maxNorm') },
        functions: clipFactor,
        body: 'g[i] *= clip_factor(norm[0]);',
      });
    }
  },
};
