import type { Slot } from '../../webgpu/buffers.ts';
import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import type { Command } from '../command.ts';
import { type ScaleFormat, scaleFormats } from './formats.ts';
import { bytesOfRow, bytesOfTritRow } from './packing.ts';

/** Rows of x that share the unpacking of a code. */
const tile = 4;
const each = (text: (r: number) => string) => Array.from({ length: tile }, (_, r) => text(r)).join('\n    ');

export const quantizedLinearWebGpu: WebGpuKernels = {
  'quantized_linear.forward': (command, recording) => {
    const { rows, out, parameters, functions, weights } = weightsOf(command);
    const bias = command.bufferIfAny('bias');
    recording.run({
      count: Math.ceil(rows / tile) * out,
      reads: { x: command.buffer('x'), ...weights, bias },
      writes: { y: command.buffer('y') },
      ...parameters,
      functions,
      body: `let o = i % p.out;
  let row = (i / p.out) * ${tile}u;
  ${each((r) => `let row_${r} = min(row + ${r}u, p.rows - 1u) * p.width; var sum_${r} = 0.0;`)}
  for (var start = 0u; start < p.width; ) {
    let scale = scale_at(o, start);
    let group_end = min((start / p.groupSize + 1u) * p.groupSize, p.width);
    let stop = min(start + 64u, group_end);
    ${each((r) => `var part_${r} = 0.0;`)}
    for (var c = start; c < stop; c++) {
      let code = code_at(o, c) - scale.zero;
      ${each((r) => `part_${r} = fma(x[row_${r} + c], code, part_${r});`)}
    }
    ${each((r) => `sum_${r} = fma(part_${r}, scale.factor, sum_${r});`)}
    start = stop;
  }
  ${each((r) => `if (row + ${r}u < p.rows) { y[(row + ${r}u) * p.out + o] = sum_${r}${bias === undefined ? '' : ' + bias[o]'}; }`)}`,
    });
  },

  'quantized_linear.backward': (command, recording) => {
    const { rows, width, parameters, functions, weights } = weightsOf(command);
    const store = command.flag('accumulate') ? '+=' : '=';
    recording.run({
      count: Math.ceil(rows / tile) * width,
      reads: { dy: command.buffer('dy'), ...weights },
      writes: { dx: command.buffer('dx') },
      ...parameters,
      functions,
      body: `let c = i % p.width;
  let row = (i / p.width) * ${tile}u;
  ${each((r) => `let row_${r} = min(row + ${r}u, p.rows - 1u) * p.out; var sum_${r} = 0.0;`)}
  for (var start = 0u; start < p.out; start += 64u) {
    ${each((r) => `var part_${r} = 0.0;`)}
    for (var o = start; o < min(start + 64u, p.out); o++) {
      let scale = scale_at(o, c);
      let weight = scale.factor * (code_at(o, c) - scale.zero);
      ${each((r) => `part_${r} = fma(dy[row_${r} + o], weight, part_${r});`)}
    }
    ${each((r) => `sum_${r} += part_${r};`)}
  }
  ${each((r) => `if (row + ${r}u < p.rows) { dx[(row + ${r}u) * p.width + c] ${store} sum_${r}; }`)}`,
    });
  },
};

/** How WGSL reads a packed weight, and the sizes of its product. */
export function weightsOf(command: Command<Slot>) {
  const [rows, width, out] = [command.scalar('rows'), command.scalar('in'), command.scalar('out')];
  const bits = command.scalar('bits');
  const trits = command.flag('trits');
  const format = scaleFormats[command.scalar('scaleFormat')]!;
  const zeroPoints = command.bufferIfAny('zeroPoints');
  const values = command.bufferIfAny('values');
  const scales = command.buffer('scales');
  const code = trits ? tritCode : bitsCode(bits);
  const functions = `
fn code_at(o: u32, column: u32) -> f32 {
  ${code}
  return ${values === undefined ? 'f32(code)' : 'values[code]'};
}
struct Scale { factor: f32, zero: f32 }
fn scale_at(o: u32, column: u32) -> Scale {
  let at = o * p.rowStride + (column / p.groupSize) * p.groupStride;
  ${scaleCode[format]}
  return Scale(scale * p.scaleFactor, ${zeroPoints === undefined ? 'p.zeroPoint' : 'zeroPoints[at]'});
}
`;
  return {
    rows,
    width,
    out,
    functions,
    weights: {
      codes: words(command.buffer('codes')),
      scales: format === 'f32' ? scales : words(scales),
      zeroPoints,
      values,
    },
    parameters: {
      u32: {
        rows,
        width,
        out,
        rowBytes: trits ? bytesOfTritRow(width) : bytesOfRow(width, bits),
        groupSize: command.scalar('groupSize'),
        rowStride: command.scalar('scaleRowStride'),
        groupStride: command.scalar('scaleGroupStride'),
      },
      f32: { zeroPoint: command.scalar('zeroPoint'), scaleFactor: command.scalar('scaleFactor') },
    },
  };
}

/** The bits of a code may go on in the next word. */
const bitsCode = (bits: number) => `let bit = column * ${bits}u;
  let byte = o * p.rowBytes + (bit >> 3u);
  let offset = (byte & 3u) * 8u + (bit & 7u);
  var code = codes[byte >> 2u] >> offset;
  if (offset > ${32 - bits}u) { code |= codes[(byte >> 2u) + 1u] << (32u - offset); }
  code &= ${2 ** bits - 1}u;`;

const tritCode = `let byte = o * p.rowBytes + column / 80u * 16u + column % 16u;
  var code = (codes[byte >> 2u] >> ((byte & 3u) * 8u)) & 255u;
  for (var digit = column % 80u / 16u; digit > 0u; digit--) { code = (code * 3u) & 255u; }
  code = (code * 3u) >> 8u;`;

const byteOfScale = 'let byte = (scales[at >> 2u] >> ((at & 3u) * 8u)) & 255u;';
/** A float's bits, put together where WGSL cannot fold them into a NaN that it refuses. */
const scaleCode: Readonly<Record<ScaleFormat, string>> = {
  f32: 'let scale = scales[at];',
  e8m0: `${byteOfScale}
  let scale = bitcast<f32>(select(select(byte << 23u, 0x00400000u, byte == 0u), 0x7fc00000u, byte == 255u));`,
  e4m3: `${byteOfScale}
  let exponent = (byte >> 3u) & 15u;
  let magnitude = f32((byte & 7u) + select(8u, 0u, exponent == 0u)) * exp2(f32(max(exponent, 1u)) - 10.0);
  let scale = bitcast<f32>(select(bitcast<u32>(magnitude) | ((byte & 128u) << 24u), 0x7fc00000u, (byte & 127u) == 127u));`,
};
