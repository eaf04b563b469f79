import type { Slot } from '../../webgpu/buffers.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

export const conv2dWebGpu: WebGpuKernels = {
  'conv2d.forward': (command, recording) => {
    const s = shapeOf(command);
    const bias = command.bufferIfAny('bias');
    recording.run({
      count: s.batch * s.out * s.outHeight * s.outWidth,
      reads: { x: command.buffer('x'), weight: command.buffer('weight'), bias },
      writes: { y: command.buffer('y') },
      u32: s,
      body: `let j = i % p.outWidth;
  let row_at = i / p.outWidth;
  let k_at = row_at % p.outHeight;
  let plane = row_at / p.outHeight;
  let o = plane % p.out;
  let first = plane / p.out * p.channels + o / p.outOfGroup * p.ofGroup;
  var total = ${bias === undefined ? '0.0' : 'bias[o]'};
  for (var c = 0u; c < p.ofGroup; c++) {
    for (var k = 0u; k < p.kernelHeight; k++) {
      let row = p.strideY * k_at + p.dilationY * k - p.paddingY; // below 0 it is huge
      for (var l = 0u; l < p.kernelWidth; l++) {
        let column = p.strideX * j + p.dilationX * l - p.paddingX;
        var value = 0.0;
        if (row < p.height && column < p.width) { value = x[((first + c) * p.height + row) * p.width + column]; }
        total += value * weight[((o * p.ofGroup + c) * p.kernelHeight + k) * p.kernelWidth + l];
      }
    }
  }
  y[i] = total;`,
    });
  },

  'conv2d.backward': (command, recording) => {
    const s = shapeOf(command);
    const dy = command.buffer('dy');
    const [dx, dweight, dbias] = ['dx', 'dweight', 'dbias'].map((name) => command.bufferIfAny(name));
    const positions = s.outHeight * s.outWidth;
    if (dx !== undefined) {
      recording.run({
        count: s.batch * s.channels * s.height * s.width,
        reads: { dy, weight: command.buffer('weight') },
        writes: { dx },
        u32: s,
        // a position reads this element through (k, l) where it lies a multiple of the stride away
        body: `let column = i % p.width;
  let row = i / p.width % p.height;
  let plane = i / p.width / p.height;
  let channel = plane % p.channels;
  let group = channel / p.ofGroup;
  let c = channel % p.ofGroup;
  var total = 0.0;
  for (var o = group * p.outOfGroup; o < (group + 1u) * p.outOfGroup; o++) {
    let line = (plane / p.channels * p.out + o) * p.outHeight;
    for (var k = 0u; k < p.kernelHeight; k++) {
      let down = row + p.paddingY - p.dilationY * k;
      if (row + p.paddingY < p.dilationY * k || down % p.strideY != 0u || down / p.strideY >= p.outHeight) { continue; }
      for (var l = 0u; l < p.kernelWidth; l++) {
        let across = column + p.paddingX - p.dilationX * l;
        if (column + p.paddingX < p.dilationX * l || across % p.strideX != 0u || across / p.strideX >= p.outWidth) { continue; }
        total += dy[(line + down / p.strideY) * p.outWidth + across / p.strideX] *
          weight[((o * p.ofGroup + c) * p.kernelHeight + k) * p.kernelWidth + l];
      }
    }
  }
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} total;`,
      });
    }
    if (dweight !== undefined) {
      // the places of x are no multiples of counters: row, column and plane are, and the term puts them together
      const pixels = s.height * s.width;
      const area = s.kernelHeight * s.kernelWidth;
      const sizes = { height: s.height, width: s.width, paddingY: s.paddingY, paddingX: s.paddingX };
      reduce(recording, {
        extents: [s.groups, s.outOfGroup, s.ofGroup, s.kernelHeight, s.kernelWidth, s.batch, s.outHeight, s.outWidth],
        strides: {
          dy: [s.outOfGroup * positions, positions, 0, 0, 0, s.out * positions, s.outWidth, 1],
          plane: [s.ofGroup * pixels, 0, pixels, 0, 0, s.channels * pixels, 0, 0],
          row: [0, 0, 0, s.dilationY, 0, 0, s.strideY, 0],
          column: [0, 0, 0, 0, s.dilationX, 0, 0, s.strideX],
        },
        targetStrides: [s.outOfGroup * s.ofGroup * area, s.ofGroup * area, area, s.kernelWidth, 1, 0, 0, 0],
        reads: { dy, x: command.buffer('x') },
        u32: sizes,
        term: `dy[at_dy] * select(0.0, \
x[at_plane + min(at_row - p.paddingY, p.height - 1u) * p.width + min(at_column - p.paddingX, p.width - 1u)], \
at_row - p.paddingY < p.height && at_column - p.paddingX < p.width)`,
        target: dweight,
        accumulate: command.flag('accumulateWeight'),
      });
    }
    if (dbias !== undefined) {
      reduce(recording, {
        extents: [s.batch, s.out, positions],
        strides: { dy: [s.out * positions, positions, 1] },
        targetStrides: [0, 1, 0],
        reads: { dy },
        term: 'dy[at_dy]',
        target: dbias,
        accumulate: command.flag('accumulateBias'),
      });
    }
  },
};

function shapeOf(command: Command<Slot>) {
  const scalar = (name: string) => command.scalar(name);
  const [batch, channels, height, width] = [scalar('batch'), scalar('channels'), scalar('height'), scalar('width')];
  const [out, groups] = [scalar('out'), scalar('groups')];
  const [kernelHeight, kernelWidth] = [scalar('kernelHeight'), scalar('kernelWidth')];
  const [strideY, strideX, paddingY, paddingX] = [
    scalar('strideY'),
    scalar('strideX'),
    scalar('paddingY'),
    scalar('paddingX'),
  ];
  const [dilationY, dilationX] = [scalar('dilationY'), scalar('dilationX')];
  return {
    ...{ batch, channels, height, width, out, groups, kernelHeight, kernelWidth },
    ...{ strideY, strideX, paddingY, paddingX, dilationY, dilationX },
    ofGroup: channels / groups,
    outOfGroup: out / groups,
    outHeight: Math.floor((height + 2 * paddingY - dilationY * (kernelHeight - 1) - 1) / strideY) + 1,
    outWidth: Math.floor((width + 2 * paddingX - dilationX * (kernelWidth - 1) - 1) / strideX) + 1,
  };
}
