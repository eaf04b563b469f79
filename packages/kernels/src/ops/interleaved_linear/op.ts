import type { Backend } from '../../backend.ts';
import { ensure, formatShape } from '../../errors.ts';
import { float16, float16Bits } from '../../formats/small_floats.ts';
import { needsGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [rows, in] f32 times a weight of 2, 4 or 8 bits in groups of columns, sixteen rows of it side by side. The weight is u8
 * [ceil(out / 16), in / groupSize, blockBytes]; a block holds a group's sixteen scales (f32, or f16 where halfScales is 1) and then its words: word w is, for
 * each of the sixteen rows, the four bytes w of the row's group as packing.ts packs it. Rows beyond `out` are 0.
 *
 * x is rounded to int8 with a scale for each group, as integer_linear.quantize does. Inner products are exact in 32-bit integers, floats are in float32:
 *
 *     sum[g]  = sum over i in g of x[r, i] (code[o, i] - zeroPoint)
 *     y[r, o] = (sum over g, in order, of (scale[o, g] xScale[r, g]) sum[g]) + bias[o]
 *
 * which are the bits of integer_linear with x in groups.
 */
export const interleavedLinearKernels: readonly KernelSignature[] = [
  {
    name: 'interleaved_linear.forward',
    reads: ['x', 'weight', 'bias?'],
    writes: ['y'],
    scalars: ['rows', 'in', 'out', 'bits', 'groupSize', 'halfScales', 'zeroPoint'],
  },
];

/** Rows of a weight that stand side by side. */
export const interleavedRows = 16;

/** Columns whose products with int8 codes a 32-bit integer surely holds: 128 x 255 x 65,536 < 2^31. */
const mostColumns = 65_536;

/** A weight of integers in groups of columns: value = scale (code - zeroPoint). */
export interface GroupedCodes {
  readonly in: number;
  readonly out: number;
  readonly bits: 2 | 4 | 8;
  /** The code that means 0, below 2^bits: 1 for ternary weights in 2 bits. */
  readonly zeroPoint: number;
  /** Divides `in`. */
  readonly groupSize: number;
  /** Rows as `packCodes` packs them. */
  readonly codes: Uint8Array;
  /** [out, in / groupSize]. */
  readonly scales: Float32Array;
}

/** The same in the order in which the product reads it. Its owner disposes `blocks`. */
export interface InterleavedWeight {
  readonly in: number;
  readonly out: number;
  readonly bits: 2 | 4 | 8;
  readonly zeroPoint: number;
  readonly groupSize: number;
  /** Whether scales take two bytes: where each of them is a finite float16. */
  readonly halfScales: boolean;
  /** u8 [ceil(out / 16), in / groupSize, blockBytes]. */
  readonly blocks: Tensor;
}

/** Whether groups of so many columns of a weight can be interleaved: they divide a row, and a group's codes are whole words of 32 bits. */
export function canInterleave({
  in: width,
  bits,
  groupSize,
}: Pick<GroupedCodes, 'in' | 'bits' | 'groupSize'>): boolean {
  const divides = width > 0 && groupSize > 0 && width % groupSize === 0;
  return divides && (groupSize * bits) % 32 === 0 && groupSize <= mostColumns;
}

/** Puts a weight in the order of the product, once. The caller disposes its blocks. */
export function interleaveWeight(backend: Backend, weight: GroupedCodes): InterleavedWeight {
  const { in: width, out, bits, zeroPoint, groupSize } = weight;
  const { bytes, shape, halfScales } = interleavedBlocks(weight);
  return { in: width, out, bits, zeroPoint, groupSize, halfScales, blocks: Tensor.from(backend, bytes, shape) };
}

/** The blocks of a weight: rows are padded to sixteen, and scales become float16 where that keeps each of them. */
export function interleavedBlocks(weight: GroupedCodes): {
  readonly bytes: Uint8Array;
  readonly shape: readonly [number, number, number];
  readonly halfScales: boolean;
} {
  const { in: width, out, bits, zeroPoint, groupSize, codes, scales } = weight;
  ensure(
    bits === 2 || bits === 4 || bits === 8,
    'invalid-argument',
    () => `interleaveWeight: 2, 4 or 8 bits, found ${bits}`,
  );
  ensure(
    Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint < 2 ** bits,
    'invalid-argument',
    () => `interleaveWeight: the zero point is a code of ${bits} bits, found ${zeroPoint}`,
  );
  ensure(
    canInterleave(weight),
    'invalid-argument',
    () =>
      `interleaveWeight: groups divide a row and are at most ${mostColumns} columns in whole words of 32 bits, found groups of ${groupSize} of ${width} columns`,
  );
  const groups = width / groupSize;
  ensure(
    codes.length === (out * width * bits) / 8 && scales.length === out * groups,
    'size-mismatch',
    () =>
      `interleaveWeight: ${(out * width * bits) / 8} bytes and ${out * groups} scales expected, found ${codes.length} and ${scales.length}`,
  );
  const halfScales = scales.every((scale) => Number.isFinite(scale) && Object.is(float16(float16Bits(scale)), scale));
  const words = (groupSize * bits) / 32;
  const bytes = blockBytes(weight, halfScales);
  const panels = Math.ceil(out / interleavedRows);
  const all = new Uint8Array(panels * groups * bytes);
  const target = new DataView(all.buffer);
  const targetWords = new Uint32Array(all.buffer);
  // a copy where the codes do not start on a word
  const source = codes.byteOffset % 4 === 0 ? codes : codes.slice();
  const sourceWords = new Uint32Array(source.buffer, source.byteOffset, source.length / 4);
  for (let o = 0; o < out; o++) {
    const lane = o % interleavedRows;
    for (let group = 0; group < groups; group++) {
      const block = (Math.floor(o / interleavedRows) * groups + group) * bytes;
      const scale = scales[o * groups + group]!;
      if (halfScales) target.setUint16(block + 2 * lane, float16Bits(scale), true);
      else target.setFloat32(block + 4 * lane, scale, true);
      const from = (o * groups + group) * words;
      const to = (block + scaleBytes(halfScales)) / 4 + lane;
      for (let word = 0; word < words; word++) {
        targetWords[to + word * interleavedRows] = sourceWords[from + word]!;
      }
    }
  }
  return { bytes: all, shape: [panels, groups, bytes], halfScales };
}

/**
 * y = x Wᵀ + b: [..., in] gives [..., out]. x is rounded to int8 in the weight's groups; inner products are exact integers. For inference: no
 * gradient flows.
 */
export function interleavedLinear(x: Tensor, weight: InterleavedWeight, bias?: Tensor): Tensor {
  const { blocks, in: width, out, bits, zeroPoint, groupSize, halfScales } = weight;
  ensureFloats('interleavedLinear', { x, bias });
  const backend = backendOf('interleavedLinear', x, blocks, bias);
  const { rows, width: found } = rowsOf('interleavedLinear', x);
  ensure(
    found === width,
    'shape-mismatch',
    () => `interleavedLinear: x has ${width} columns, found ${formatShape(x.shape)}`,
  );
  const panels = Math.ceil(out / interleavedRows);
  ensureShape('interleavedLinear', 'blocks', blocks, [panels, width / groupSize, blockBytes(weight, halfScales)]);
  ensureShape('interleavedLinear', 'bias', bias, [out]);
  ensure(
    !needsGradient(x, bias),
    'invalid-argument',
    () => 'interleavedLinear: rounding has no gradient, found an operand that wants one',
  );
  const y = Tensor.empty(backend, x.shape.with(-1, out));
  backend.encode(
    'interleaved_linear.forward',
    [x.buffer, blocks.buffer, bufferOrNone(bias), y.buffer],
    [rows, width, out, bits, groupSize, halfScales ? 1 : 0, zeroPoint],
  );
  return y;
}

function scaleBytes(halfScales: boolean): number {
  return interleavedRows * (halfScales ? 2 : 4);
}

function blockBytes({ groupSize, bits }: { groupSize: number; bits: number }, halfScales: boolean): number {
  return scaleBytes(halfScales) + (interleavedRows * groupSize * bits) / 8;
}
