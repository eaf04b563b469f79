import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { passSum } from '../elementwise.ts';
import {
  backendOf,
  bufferOrNone,
  ensureDtype,
  ensureFloats,
  ensureShape,
  rowsOf,
  sameShape,
  savedOrNone,
} from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { type ScaleFormat, scaleFormats, type WeightFormat } from './formats.ts';
import { bytesOfRow, bytesOfTritRow, ensureBits } from './packing.ts';

/** The operands of a packed weight in every kernel that takes one. */
export const weightReads: readonly string[] = ['codes', 'scales', 'zeroPoints?', 'values?'];
export const weightScalars: readonly string[] = [
  'rows',
  'in',
  'out',
  'bits',
  'groupSize',
  'scaleRowStride',
  'scaleGroupStride',
  'zeroPoint',
  'trits',
  'scaleFormat',
  'scaleFactor',
];

/**
 * x [rows, in] f32; codes u8, packed as packing.ts says: [out, ceil(in bits / 8)], or where `trits` is 1 [out, 16 ceil(in / 80)];
 * values [2^bits] f32; bias [out]; y [rows, out]. Column i of row o has the scale and zero point at index
 * o * scaleRowStride + floor(i / groupSize) * scaleGroupStride:
 *
 *     one for the tensor    strides 0, 0     groupSize in     scales [1]
 *     one a row (channel)   strides 1, 0     groupSize in     scales [out]
 *     groups                strides G, 1     G = ceil(in / groupSize), scales [out, G]; the last group may be short
 *
 * A scale is f32 (scaleFormat 0), or a byte: 2^(byte - 127) (1, e8m0; 255 is NaN), or an e4m3 float (2); times scaleFactor.
 *
 *     weight[o, i] = scale (value - zero)          value = values[code[o, i]], or the code itself where values is absent
 *                                                  zero from zeroPoints, or the scalar zeroPoint where that is absent
 *     forward    y[r, o]   = sum_i x[r, i] weight[o, i] + bias[o]
 *     backward   dx[r, i] (+)= sum_o dy[r, o] weight[o, i]
 *
 * The product is computed from the codes, some rows at a time; no f32 copy of the weight is made.
 */
export const quantizedLinearKernels: readonly KernelSignature[] = [
  {
    name: 'quantized_linear.forward',
    reads: ['x', ...weightReads, 'bias?'],
    writes: ['y'],
    scalars: weightScalars,
  },
  {
    name: 'quantized_linear.backward',
    reads: ['dy', ...weightReads],
    writes: ['dx'],
    scalars: [...weightScalars, 'accumulate'],
  },
];

/** A weight [out, in] as packed codes with their scales. `weightFormats` lists what bits, packing, values and zeroPoint may be. */
export interface PackedWeight {
  /** u8 [out, ceil(in bits / 8)] from packCodes, or [out, 16 ceil(in / 80)] from packTrits. */
  readonly codes: Tensor;
  /** [1] for the tensor, [out] a channel, [out, ceil(in / groupSize)] in groups; f32, or u8 where scaleFormat says so. */
  readonly scales: Tensor;
  /** f32, shaped as scales. Absent: zeroPoint stands for 0. */
  readonly zeroPoints?: Tensor;
  /** Absent: 2^(bits-1), the symmetric one, or 0 where there are values. */
  readonly zeroPoint?: number;
  /** f32 [2^bits]: what each code means. Absent: the code itself. */
  readonly values?: Tensor;
  readonly packing?: WeightFormat['packing'];
  /** Absent: f32. */
  readonly scaleFormat?: ScaleFormat;
  /** Times every scale (the tensor's own scale of NVFP4); absent: 1. */
  readonly scaleFactor?: number;
  readonly bits: number;
  readonly in: number;
  readonly out: number;
  /** Columns that share a scale; absent where the scales are [1] or [out]. */
  readonly groupSize?: number;
}

/** y = x Wᵀ + b on packed weights: x [..., in] gives [..., out]. Gradients flow to x and bias. */
export function quantizedLinear(x: Tensor, weight: PackedWeight, bias?: Tensor): Tensor {
  const { codes, scales, zeroPoints, values, out } = weight;
  ensureFloats('quantizedLinear', { x, bias });
  const backend = backendOf('quantizedLinear', x, codes, scales, zeroPoints, values, bias);
  const { rows, width } = rowsOf('quantizedLinear', x);
  ensure(
    width === weight.in,
    'shape-mismatch',
    () => `quantizedLinear: x has ${weight.in} columns, found ${formatShape(x.shape)}`,
  );
  ensureShape('quantizedLinear', 'bias', bias, [out]);
  const layout = weightLayout('quantizedLinear', weight);
  const y = Tensor.empty(backend, x.shape.with(-1, out));
  const scalars = [rows, ...layout];
  backend.encode(
    'quantized_linear.forward',
    [
      x.buffer,
      codes.buffer,
      scales.buffer,
      bufferOrNone(zeroPoints),
      bufferOrNone(values),
      bufferOrNone(bias),
      y.buffer,
    ],
    scalars,
  );
  if (needsGradient(x, bias)) {
    recordGradient(y, [x, bias], [codes, scales, zeroPoints, values], (dy, sink) => {
      const dx = sink.into(x);
      if (dx.buffer !== 0) {
        backend.encode(
          'quantized_linear.backward',
          [dy.buffer, codes.storage.id, scales.storage.id, savedOrNone(zeroPoints), savedOrNone(values), dx.buffer],
          [...scalars, dx.accumulate],
        );
      }
      if (bias !== undefined) passSum(dy, bias, 1, sink);
    });
  }
  return y;
}

/** Checks a packed weight and gives the scalars that describe it, in the order of `weightScalars` after rows. */
export function weightLayout(op: string, weight: PackedWeight): number[] {
  const { codes, zeroPoints, values, bits, packing = 'bits', scaleFormat = 'f32', scaleFactor = 1 } = weight;
  ensureBits(bits);
  ensureDtype(op, 'codes', codes, 'u8');
  ensureDtype(op, 'scales', weight.scales, scaleFormat === 'f32' ? 'f32' : 'u8');
  ensureFloats(op, { zeroPoints, values });
  const trits = packing === 'trits';
  ensure(
    !trits || (bits === 2 && values === undefined),
    'invalid-argument',
    () => `${op}: trits have bits 2 and no values, found ${bits} bits${values === undefined ? '' : ' and values'}`,
  );
  const rowBytes = trits ? bytesOfTritRow(weight.in) : bytesOfRow(weight.in, bits);
  ensureShape(op, 'codes', codes, [weight.out, rowBytes]);
  ensureShape(op, 'zeroPoints', zeroPoints, weight.scales.shape);
  ensureShape(op, 'values', values, [2 ** bits]);
  const groups = scaleLayout(op, weight);
  const symmetric = values === undefined ? (trits ? 1 : 2 ** (bits - 1)) : 0;
  return [
    weight.in,
    weight.out,
    bits,
    groups.groupSize,
    groups.rowStride,
    groups.groupStride,
    weight.zeroPoint ?? symmetric,
    trits ? 1 : 0,
    scaleFormats.indexOf(scaleFormat),
    scaleFactor,
  ];
}

function scaleLayout(op: string, weight: PackedWeight): { groupSize: number; rowStride: number; groupStride: number } {
  const { scales, out, groupSize } = weight;
  if (groupSize !== undefined) {
    ensure(
      Number.isInteger(groupSize) && groupSize > 0,
      'invalid-argument',
      () => `${op}: groupSize is a positive integer, found ${groupSize}`,
    );
    const groups = Math.ceil(weight.in / groupSize);
    ensureShape(op, 'scales', scales, [out, groups]);
    return { groupSize, rowStride: groups, groupStride: 1 };
  }
  const wholeRow = Math.max(weight.in, 1);
  if (sameShape(scales.shape, [1])) return { groupSize: wholeRow, rowStride: 0, groupStride: 0 };
  ensureShape(op, 'scales', scales, [out]);
  return { groupSize: wholeRow, rowStride: 1, groupStride: 0 };
}
