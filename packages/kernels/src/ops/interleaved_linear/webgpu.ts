import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';

export const interleavedLinearWebGpu: WebGpuKernels = {
  'interleaved_linear.forward': (command, recording) => {
    const [rows, width, out] = [command.scalar('rows'), command.scalar('in'), command.scalar('out')];
    const [bits, groupSize, half] = [command.scalar('bits'), command.scalar('groupSize'), command.flag('halfScales')];
    const bias = command.bufferIfAny('bias');
    const scaleWords = half ? 8 : 16;
    recording.run({
      count: rows * out,
      reads: { x: command.buffer('x'), weight: words(command.buffer('weight')), bias },
      writes: { y: command.buffer('y') },
      u32: {
        width,
        out,
        groupSize,
        groups: width / groupSize,
        scaleWords,
        blockWords: scaleWords + (16 * groupSize * bits) / 32,
        bits,
        zeroPoint: command.scalar('zeroPoint'),
      },
      functions: math,
      body: `let o = i % p.out;
  let row = (i / p.out) * p.width;
  let side = o % 16u;
  let each = 32u / p.bits;
  var total = 0.0;
  for (var g = 0u; g < p.groups; g++) {
    let start = row + g * p.groupSize;
    let block = ((o / 16u) * p.groups + g) * p.blockWords;
    var largest = 0.0;
    for (var c = 0u; c < p.groupSize; c++) { largest = max(largest, abs(x[start + c])); }
    let x_scale = largest / 127.0;
    var sum = 0i; // exact
    for (var c = 0u; c < p.groupSize; c++) {
      let quotient = x[start + c] / x_scale;
      if (x_scale == 0.0 || is_nan(quotient)) { continue; }
      let word = weight[block + p.scaleWords + (c / each) * 16u + side];
      sum += i32(round(quotient)) * (i32(extractBits(word, (c % each) * p.bits, p.bits)) - i32(p.zeroPoint));
    }
    let scale = ${half ? 'unpack2x16float(weight[block + side / 2u])[side % 2u]' : 'bitcast<f32>(weight[block + side])'};
    total = fma(scale * x_scale, f32(sum), total);
  }
  y[i] = total${bias === undefined ? '' : ' + bias[o]'};`,
    });
  },
};
