import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { walkCode } from '../../webgpu/loops.ts';

export const transposeWebGpu: WebGpuKernels = {
  'transpose.forward': (command, recording) => {
    const { extents, strides } = command.loop();
    const walk = walkCode('i', extents, { x: strides[0]! });
    const [x, y] = [command.buffer('x'), command.buffer('y')];
    const accumulate = command.flag('accumulate');
    recording.run({
      count: extents.reduce((size, extent) => size * extent, 1),
      reads: { x: accumulate ? x : words(x) },
      writes: { y: accumulate ? y : words(y) },
      u32: walk.u32,
      body: `${walk.code}
  y[i] ${accumulate ? '+=' : '='} x[at_x];`,
    });
  },
};
