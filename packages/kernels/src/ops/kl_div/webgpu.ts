import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

const functions = `${math}
fn log_or_0(t: f32) -> f32 {
  if (t == 0.0) { return 0.0; }
  return logarithm(t);
}
`;

export const klDivWebGpu: WebGpuKernels = {
  'kl_div.forward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { input: strides[0]!, q: strides[1]! },
      targetStrides: strides[2]!,
      reads: { input: command.buffer('input'), q: command.buffer('target') },
      f32: { factor: command.scalar('factor') },
      functions,
      term: command.flag('logTarget')
        ? 'exponential(q[at_q]) * (q[at_q] - input[at_input])'
        : 'q[at_q] * (log_or_0(q[at_q]) - input[at_input])',
      finish: 'total * p.factor',
      target: command.buffer('y'),
    });
  },

  'kl_div.to_input': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, q: strides[1]! },
      targetStrides: strides[2]!,
      reads: { dy: command.buffer('dy'), q: command.buffer('target') },
      f32: { factor: command.scalar('factor') },
      functions,
      term: command.flag('logTarget') ? 'dy[at_dy] * exponential(q[at_q])' : 'dy[at_dy] * q[at_q]',
      finish: '-(total * p.factor)',
      target: command.buffer('dinput'),
      accumulate: command.flag('accumulate'),
    });
  },

  'kl_div.to_target': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, input: strides[1]!, q: strides[2]! },
      targetStrides: strides[3]!,
      reads: { dy: command.buffer('dy'), input: command.buffer('input'), q: command.buffer('target') },
      f32: { factor: command.scalar('factor') },
      functions,
      term: command.flag('logTarget')
        ? 'dy[at_dy] * (exponential(q[at_q]) * ((q[at_q] - input[at_input]) + 1.0))'
        : 'dy[at_dy] * ((logarithm(q[at_q]) - input[at_input]) + 1.0)',
      finish: 'total * p.factor',
      target: command.buffer('dtarget'),
      accumulate: command.flag('accumulate'),
    });
  },
};
