import { ensure, formatShape } from '../../errors.ts';
import { needsGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureDtype, ensureFloats, ensureShape, rowsOf } from '../operands.ts';
import { type PackedWeight, weightLayout, weightReads, weightScalars } from '../quantized_linear/op.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * quantize: x [rows, width] f32 becomes codes [rows, width], int8 in two's complement, and scales [rows, groups], one for each groupSize columns (the
 * last group may be short, and there is one where width is 0), in float32 arithmetic:
 *
 *     scales[r, g] = max |x[r, g]| / 127          codes[r, i] = x[r, i] / scales[r, g], rounded half to even; 0 where the scale is 0
 *
 * forward: x codes [rows, in] and xScales as above, one a row (xGroups 0) or one for each of the weight's groups (xGroups 1); the weight as in
 * quantized_linear, without values, its zero points whole numbers. For each group g of columns that share a scale the inner product is exact in 32-bit
 * integers (hence groups of at most 65,536):
 *
 *     sum[g] = sum over i in g of x[r, i] (code[o, i] - zero[o, g])
 *     y[r, o] = xScales[r] (sum over g, in order, of scale[o, g] sum[g]) + bias[o]                   xGroups 0
 *             = (sum over g, in order, of (scale[o, g] xScales[r, g]) sum[g]) + bias[o]              xGroups 1
 */
export const integerLinearKernels: readonly KernelSignature[] = [
  {
    name: 'integer_linear.quantize',
    reads: ['x'],
    writes: ['codes', 'scales'],
    scalars: ['rows', 'width', 'groupSize'],
  },
  {
    name: 'integer_linear.forward',
    reads: ['x', 'xScales', ...weightReads, 'bias?'],
    writes: ['y'],
    scalars: [...weightScalars, 'xGroups'],
  },
];

/** Rows of int8 codes with one scale each, or one for each group of columns. */
export interface IntegerRows {
  /** u8 [..., width]: int8 in two's complement. */
  readonly codes: Tensor;
  /** f32 [...]: one for each row; [..., ceil(width / groupSize)] in groups. */
  readonly scales: Tensor;
  /** Columns that share a scale; absent: the row. */
  readonly groupSize?: number;
}

/** Columns whose products with int8 codes a 32-bit integer surely holds: 128 x 255 x 65,536 < 2^31. */
const mostColumns = 65_536;

/** Symmetric int8 codes of each row of x, or of each `groupSize` of its columns, from the largest magnitude there. Without gradient. */
export function quantizeRows(x: Tensor, groupSize?: number): IntegerRows {
  ensureFloats('quantizeRows', { x });
  const { rows, width } = rowsOf('quantizeRows', x);
  ensure(
    !needsGradient(x),
    'invalid-argument',
    () => 'quantizeRows: rounding has no gradient: stop it, or quantize by hand',
  );
  const codes = Tensor.empty(x.backend, x.shape, 'u8');
  ensure(
    groupSize === undefined || (Number.isInteger(groupSize) && groupSize > 0),
    'invalid-argument',
    () => `quantizeRows: groupSize is a positive integer, found ${groupSize}`,
  );
  const lead = x.shape.slice(0, -1);
  const shape = groupSize === undefined ? lead : [...lead, groupsOf(width, groupSize)];
  const scales = Tensor.empty(x.backend, shape);
  const scalars = [rows, width, groupSize ?? Math.max(width, 1)];
  x.backend.encode('integer_linear.quantize', [x.buffer, codes.buffer, scales.buffer], scalars);
  return groupSize === undefined ? { codes, scales } : { codes, scales, groupSize };
}

/**
 * y = x Wᵀ + b where x is int8 codes and W packed integers, with exact integer inner products: [..., in] gives [..., out]. For inference:
 * no gradient flows.
 */
export function integerLinear(x: IntegerRows, weight: PackedWeight, bias?: Tensor): Tensor {
  const { codes, scales, zeroPoints } = weight;
  ensureDtype('integerLinear', 'x', x.codes, 'u8');
  ensureFloats('integerLinear', { xScales: x.scales, bias });
  const backend = backendOf('integerLinear', x.codes, x.scales, codes, scales, zeroPoints, bias);
  const { rows, width } = rowsOf('integerLinear', x.codes);
  ensure(
    width === weight.in,
    'shape-mismatch',
    () => `integerLinear: x has ${weight.in} columns, found ${formatShape(x.codes.shape)}`,
  );
  const lead = x.codes.shape.slice(0, -1);
  const { groupSize } = x;
  ensure(
    groupSize === undefined || groupSize === weight.groupSize,
    'invalid-argument',
    () => `integerLinear: groups of x are those of the weight, ${weight.groupSize}, found ${groupSize}`,
  );
  const xShape = groupSize === undefined ? lead : [...lead, groupsOf(width, groupSize)];
  ensureShape('integerLinear', 'xScales', x.scales, xShape);
  ensureShape('integerLinear', 'bias', bias, [weight.out]);
  ensure(
    weight.values === undefined,
    'invalid-argument',
    () => 'integerLinear: codes are integers, found a weight with a table of values',
  );
  const columns = Math.min(weight.groupSize ?? width, width);
  ensure(
    columns <= mostColumns,
    'invalid-argument',
    () => `integerLinear: at most ${mostColumns} columns share a scale, found ${columns}`,
  );
  const layout = weightLayout('integerLinear', weight);
  ensure(
    !needsGradient(bias),
    'invalid-argument',
    () => 'integerLinear: no gradient flows, found a bias that wants one',
  );
  const y = Tensor.empty(backend, x.codes.shape.with(-1, weight.out));
  backend.encode(
    'integer_linear.forward',
    [
      x.codes.buffer,
      x.scales.buffer,
      codes.buffer,
      scales.buffer,
      bufferOrNone(zeroPoints),
      0,
      bufferOrNone(bias),
      y.buffer,
    ],
    [rows, ...layout, groupSize === undefined ? 0 : 1],
  );
  return y;
}

function groupsOf(width: number, groupSize: number): number {
  return Math.max(1, Math.ceil(width / groupSize));
}
