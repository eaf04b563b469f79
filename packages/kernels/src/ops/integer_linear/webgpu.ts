import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';
import { weightsOf } from '../quantized_linear/webgpu.ts';

export const integerLinearWebGpu: WebGpuKernels = {
  'integer_linear.quantize': (command, recording) => {
    const [rows, width, groupSize] = [command.scalar('rows'), command.scalar('width'), command.scalar('groupSize')];
    const groups = Math.max(1, Math.ceil(width / groupSize));
    const [x, scales] = [command.buffer('x'), command.buffer('scales')];
    if (groups === 1) {
      reduce(recording, {
        extents: [rows, width],
        strides: { x: [width, 1] },
        targetStrides: [1, 0],
        reads: { x },
        largest: true,
        term: 'abs(x[at_x])',
        finish: 'max(total, 0.0) / 127.0',
        target: scales,
      });
    } else {
      recording.run({
        count: rows * groups,
        reads: { x },
        writes: { scales },
        u32: { width, groupSize, groups },
        body: `let start = (i % p.groups) * p.groupSize;
  var largest = 0.0;
  for (var c = start; c < min(start + p.groupSize, p.width); c++) { largest = max(largest, abs(x[(i / p.groups) * p.width + c])); }
  scales[i] = largest / 127.0;`,
      });
    }
    // an invocation fills a word; what lies behind the last code stays as it is
    recording.run({
      count: Math.ceil((rows * width) / 4),
      reads: { x, scales },
      writes: { codes: words(command.buffer('codes')) },
      u32: { width, size: rows * width, groupSize, groups },
      functions: math,
      body: `var word = codes[i];
  for (var byte = 0u; byte < 4u; byte++) {
    let at = 4u * i + byte;
    if (at >= p.size) { break; }
    let scale = scales[(at / p.width) * p.groups + (at % p.width) / p.groupSize];
    var code = 0;
    if (scale != 0.0 && !is_nan(x[at] / scale)) { code = i32(round(x[at] / scale)); }
    word = insertBits(word, bitcast<u32>(code) & 255u, 8u * byte, 8u);
  }
  codes[i] = word;`,
    });
  },

  'integer_linear.forward': (command, recording) => {
    const { rows, out, parameters, functions, weights } = weightsOf(command);
    const bias = command.bufferIfAny('bias');
    const grouped = command.scalar('xGroups') === 1;
    recording.run({
      count: rows * out,
      reads: { x: words(command.buffer('x')), xScales: command.buffer('xScales'), ...weights, bias },
      writes: { y: command.buffer('y') },
      ...parameters,
      u32: { ...parameters.u32, groups: Math.max(1, Math.ceil(command.scalar('in') / command.scalar('groupSize'))) },
      functions,
      body: `let o = i % p.out;
  let row = i / p.out;
  var total = 0.0;
  for (var start = 0u; start < p.width; ) {
    let scale = scale_at(o, start);
    let stop = min(start + p.groupSize, p.width);
    var sum = 0i; // exact
    for (var c = start; c < stop; c++) {
      let at = row * p.width + c;
      let code = extractBits(bitcast<i32>(x[at >> 2u]), 8u * (at & 3u), 8u);
      sum += code * i32(code_at(o, c) - scale.zero);
    }
    total = fma(${grouped ? 'scale.factor * xScales[row * p.groups + start / p.groupSize]' : 'scale.factor'}, f32(sum), total);
    start = stop;
  }
  y[i] = ${grouped ? 'total' : 'xScales[row] * total'}${bias === undefined ? '' : ' + bias[o]'};`,
    });
  },
};
