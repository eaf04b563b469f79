import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const packedRowsWebGpu: WebGpuKernels = {
  'packed_rows.write': (command, recording) => {
    const [length, width, bits] = [command.scalar('length'), command.scalar('width'), command.scalar('bits')];
    recording.run({
      count: command.scalar('outer') * length,
      reads: { x: command.buffer('x') },
      writes: { codes: words(command.buffer('codes')), scales: command.buffer('scales') },
      u32: {
        length,
        capacity: command.scalar('capacity'),
        start: command.scalar('start'),
        width,
        bits,
        rowWords: Math.ceil((width * bits) / 32),
      },
      body: `let row = (i / p.length) * p.capacity + p.start + i % p.length;
  var largest = 0.0;
  for (var c = 0u; c < p.width; c++) { largest = max(largest, abs(x[i * p.width + c])); }
  let scale = largest / f32((1u << (p.bits - 1u)) - 1u);
  scales[row] = scale;
  let each = 32u / p.bits;
  for (var w = 0u; w < p.rowWords; w++) {
    var word = 0u;
    for (var c = w * each; c < min((w + 1u) * each, p.width); c++) {
      var code = 0;
      if (scale != 0.0) { code = i32(round(x[i * p.width + c] / scale)); }
      word = insertBits(word, bitcast<u32>(code), (c % each) * p.bits, p.bits);
    }
    codes[row * p.rowWords + w] = word;
  }`,
    });
  },

  'packed_rows.read': (command, recording) => {
    const [length, width, bits] = [command.scalar('length'), command.scalar('width'), command.scalar('bits')];
    recording.run({
      count: command.scalar('outer') * length * width,
      reads: { codes: words(command.buffer('codes')), scales: command.buffer('scales') },
      writes: { y: command.buffer('y') },
      u32: { length, capacity: command.scalar('capacity'), width, bits, rowWords: Math.ceil((width * bits) / 32) },
      body: `let line = i / p.width;
  let c = i % p.width;
  let row = (line / p.length) * p.capacity + line % p.length;
  let each = 32u / p.bits;
  let word = bitcast<i32>(codes[row * p.rowWords + c / each]);
  y[i] = scales[row] * f32(extractBits(word, (c % each) * p.bits, p.bits));`,
    });
  },

  'packed_rows.copy': (command, recording) => {
    const capacity = command.scalar('capacity');
    const move = (reads: 'codes' | 'scales', writes: 'codesTo' | 'scalesTo', size: number) =>
      recording.run({
        count: size,
        reads: { source: words(command.buffer(reads)) },
        writes: { moved: words(command.buffer(writes)) },
        u32: { first: command.scalar('from') * size, firstTo: command.scalar('to') * size },
        body: 'moved[p.firstTo + i] = source[p.first + i];',
      });
    move('codes', 'codesTo', (capacity * command.scalar('rowBytes')) / 4);
    move('scales', 'scalesTo', capacity);
  },
};
