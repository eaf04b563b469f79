import type { Slot } from '../../webgpu/buffers.ts';
import { integers, words } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import { walkCode } from '../../webgpu/loops.ts';
import type { Command } from '../command.ts';

export const gatherWebGpu: WebGpuKernels = {
  'gather.forward': (command, recording) => {
    const { extents, strides } = command.loop();
    const count = sizeOf(extents);
    const walk = walkCode('i', extents, { x: strides[0]! });
    const [x, y] = [command.buffer('x'), command.buffer('y')];
    const accumulate = command.flag('accumulate');
    checkIndex(command, recording, count);
    recording.run({
      count,
      reads: { x: accumulate ? x : words(x), index: integers(command.buffer('index')) },
      writes: { y: accumulate ? y : words(y) },
      u32: { ...walk.u32, step: command.scalar('step') },
      body: `${walk.code}
  y[i] ${accumulate ? '+=' : '='} x[at_x + u32(index[i]) * p.step];`,
    });
  },

  /** An invocation owns a line of dx: no two write to one place, and every sum runs in the order of the index. */
  'gather.backward': (command, recording) => {
    const { extents, strides } = command.loop();
    const [length, count] = [command.scalar('length'), command.scalar('count')];
    const lines = sizeOf(extents);
    const walk = walkCode('i', extents, { dy: strides[0]!, dx: strides[1]! });
    const dx = command.buffer('dx');
    checkIndex(command, recording, lines * count);
    if (!command.flag('accumulate')) {
      recording.run({ count: command.scalar('size'), writes: { dx }, body: 'dx[i] = 0.0;' });
    }
    recording.run({
      count: lines,
      reads: { dy: command.buffer('dy'), index: integers(command.buffer('index')) },
      writes: { dx },
      u32: { ...walk.u32, length, step: command.scalar('step'), terms: count, dyStep: command.scalar('dyStep') },
      body: `${walk.code}
  for (var j = 0u; j < p.terms; j++) {
    let k = at_dy + j * p.dyStep;
    let picked = u32(index[k]); // a negative one is beyond every length
    if (picked < p.length) { dx[at_dx + picked * p.step] += dy[k]; }
  }`,
    });
  },
};

const sizeOf = (extents: readonly number[]) => extents.reduce((size, extent) => size * extent, 1);

/** The lines of an index cover all of it. */
function checkIndex(command: Command<Slot>, recording: Recording, count: number): void {
  const limit = command.scalar('length');
  recording.checkIndices({
    indices: command.buffer('index'),
    count,
    limit,
    fault: (index, position) => `gather: index ${index} at ${position} does not lie in 0..${limit - 1}`,
  });
}
