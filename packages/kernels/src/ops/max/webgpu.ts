import type { Slot } from '../../webgpu/buffers.ts';
import { words } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import { order } from '../../webgpu/order.ts';
import { reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

export const maxWebGpu: WebGpuKernels = {
  'max.forward': (command, recording) => largest(command, recording, 'order_of(x[at_x])', 'bits_of_order(total)'),

  'max.ties': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { x: strides[0]!, y: strides[1]! },
      targetStrides: strides[2]!,
      reads: { x: words(command.buffer('x')), y: words(command.buffer('y')) },
      functions: order,
      term: 'select(0.0, 1.0, equal_floats(x[at_x], y[at_y]))',
      target: command.buffer('ties'),
    });
  },

  'max.backward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, x: strides[1]!, y: strides[2]!, ties: strides[3]! },
      targetStrides: strides[4]!,
      reads: {
        dy: command.buffer('dy'),
        x: words(command.buffer('x')),
        y: words(command.buffer('y')),
        ties: command.buffer('ties'),
      },
      functions: `${order}
fn share(dy: f32, ties: f32, equal: bool) -> f32 {
  if (ties == 0.0) { return p.nan; } // nothing equals a NaN
  return select(0.0, dy / ties, equal);
}`,
      term: 'share(dy[at_dy], ties[at_ties], equal_floats(x[at_x], y[at_y]))',
      target: command.buffer('dx'),
      accumulate: command.flag('accumulate'),
    });
  },
};

/** y = `finish` of the largest `term`, an integer made of x's words. */
export function largest(command: Command<Slot>, recording: Recording, term: string, finish: string): void {
  const { extents, strides } = command.loop();
  reduce(recording, {
    extents,
    strides: { x: strides[0]! },
    targetStrides: strides[1]!,
    reads: { x: words(command.buffer('x')) },
    functions: order,
    ordered: true,
    term,
    finish,
    target: command.buffer('y'),
  });
}
