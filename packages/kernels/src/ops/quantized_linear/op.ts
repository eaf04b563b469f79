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
import { bytesOfRow, ensureBits } from './packing.ts';

/**
 * x [rows, in] f32; codes [out, ceil(in bits / 8)] u8, packed as packing.ts says; scales, zeroPoints f32; bias [out]; y [rows, out].
 * Column i of row o has the scale and zero point at index o * scaleRowStride + floor(i / groupSize) * scaleGroupStride:
 *
 *     one for the tensor    strides 0, 0     groupSize in     scales [1]
 *     one a row (channel)   strides 1, 0     groupSize in     scales [out]
 *     groups                strides G, 1     G = ceil(in / groupSize), scales [out, G]; the last group may be short
 *
 *     weight[o, i] = scale (code[o, i] - zero)         zero from zeroPoints, or the scalar zeroPoint where that is absent
 *     forward    y[r, o]   = sum_i x[r, i] weight[o, i] + bias[o]
 *     backward   dx[r, i] (+)= sum_o dy[r, o] weight[o, i]
 *
 * The product is computed from the codes, a tile at a time; no f32 copy of the weight is made.
 */
export const quantizedLinearKernels: readonly KernelSignature[] = [
  {
    name: 'quantized_linear.forward',
    reads: ['x', 'codes', 'scales', 'zeroPoints?', 'bias?'],
    writes: ['y'],
    scalars: ['rows', 'in', 'out', 'bits', 'groupSize', 'scaleRowStride', 'scaleGroupStride', 'zeroPoint'],
  },
  {
    name: 'quantized_linear.backward',
    reads: ['dy', 'codes', 'scales', 'zeroPoints?'],
    writes: ['dx'],
    scalars: [
      'rows',
      'in',
      'out',
      'bits',
      'groupSize',
      'scaleRowStride',
      'scaleGroupStride',
      'zeroPoint',
      'accumulate',
    ],
  },
];

/** A weight [out, in] as packed codes with their scales. */
export interface PackedWeight {
  /** u8 [out, ceil(in bits / 8)], from packCodes. */
  readonly codes: Tensor;
  /** f32 [1] for the tensor, [out] a channel, [out, ceil(in / groupSize)] in groups. */
  readonly scales: Tensor;
  /** f32, shaped as scales. Absent: symmetric, code 2^(bits-1) stands for 0. */
  readonly zeroPoints?: Tensor;
  readonly bits: number;
  readonly in: number;
  readonly out: number;
  /** Columns that share a scale; absent where the scales are [1] or [out]. */
  readonly groupSize?: number;
}

/** y = x Wᵀ + b on packed weights: x [..., in] gives [..., out]. Gradients flow to x and bias. */
export function quantizedLinear(x: Tensor, weight: PackedWeight, bias?: Tensor): Tensor {
  const { codes, scales, zeroPoints, bits, out } = weight;
  ensureFloats('quantizedLinear', { x, scales, zeroPoints, bias });
  ensureDtype('quantizedLinear', 'codes', codes, 'u8');
  ensureBits(bits);
  const backend = backendOf('quantizedLinear', x, codes, scales, zeroPoints, bias);
  const { rows, width } = rowsOf('quantizedLinear', x);
  ensure(
    width === weight.in,
    'shape-mismatch',
    () => `quantizedLinear: x has ${weight.in} columns, found ${formatShape(x.shape)}`,
  );
  ensureShape('quantizedLinear', 'codes', codes, [out, bytesOfRow(width, bits)]);
  ensureShape('quantizedLinear', 'zeroPoints', zeroPoints, scales.shape);
  ensureShape('quantizedLinear', 'bias', bias, [out]);
  const groups = scaleLayout(weight);
  const y = Tensor.empty(backend, x.shape.with(-1, out));
  const scalars = [rows, width, out, bits, groups.groupSize, groups.rowStride, groups.groupStride, 2 ** (bits - 1)];
  backend.encode(
    'quantized_linear.forward',
    [x.buffer, codes.buffer, scales.buffer, bufferOrNone(zeroPoints), bufferOrNone(bias), y.buffer],
    scalars,
  );
  if (needsGradient(x, bias)) {
    recordGradient(y, [x, bias], [codes, scales, zeroPoints], (dy, sink) => {
      const dx = sink.into(x);
      if (dx.buffer !== 0) {
        backend.encode(
          'quantized_linear.backward',
          [dy.buffer, codes.storage.id, scales.storage.id, savedOrNone(zeroPoints), dx.buffer],
          [...scalars, dx.accumulate],
        );
      }
      if (bias !== undefined) passSum(dy, bias, 1, sink);
    });
  }
  return y;
}

function scaleLayout(weight: PackedWeight): { groupSize: number; rowStride: number; groupStride: number } {
  const { scales, out, groupSize } = weight;
  if (groupSize !== undefined) {
    ensure(
      Number.isInteger(groupSize) && groupSize > 0,
      'invalid-argument',
      () => `quantizedLinear: groupSize is a positive integer, found ${groupSize}`,
    );
    const groups = Math.ceil(weight.in / groupSize);
    ensureShape('quantizedLinear', 'scales', scales, [out, groups]);
    return { groupSize, rowStride: groups, groupStride: 1 };
  }
  const wholeRow = Math.max(weight.in, 1);
  if (sameShape(scales.shape, [1])) return { groupSize: wholeRow, rowStride: 0, groupStride: 0 };
  ensureShape('quantizedLinear', 'scales', scales, [out]);
  return { groupSize: wholeRow, rowStride: 1, groupStride: 0 };
}
