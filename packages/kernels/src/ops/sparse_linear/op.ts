import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { passSum } from '../elementwise.ts';
import { backendOf, bufferOrNone, ensureDtype, ensureFloats, ensureShape, rowsOf, savedOrNone } from '../operands.ts';
import { bytesOfRow } from '../quantized_linear/packing.ts';
import type { KernelSignature } from '../signature.ts';

const patternReads: readonly string[] = ['rowStarts?', 'columns?', 'positions?'];
const patternScalars: readonly string[] = ['rows', 'in', 'out', 'stored', 'blockRows', 'blockColumns', 'kept', 'of'];

/**
 * x [rows, in]; y [rows, out]; bias [out]; `stored` values of W [out, in], whose other elements are 0. Element q of row o of W, in the order
 * in which it is stored:
 *
 *     rows      rowStarts [out + 1], columns [stored] i32; blockRows = blockColumns = 1, kept = of = 0
 *               value rowStarts[o] + q, column columns[rowStarts[o] + q]
 *     blocks    rowStarts [out / blockRows + 1] and columns [stored / (blockRows blockColumns)] i32 count blocks; kept = of = 0
 *               block b = rowStarts[floor(o / blockRows)] + floor(q / blockColumns), value (b, o mod blockRows, q mod blockColumns) of
 *               values [blocks, blockRows, blockColumns], column columns[b] blockColumns + q mod blockColumns
 *     N:M       kept = N of every `of` = M columns; positions u8 [out, ceil(N in / M bits / 8)], a bit stream a row as packing.ts has it, of
 *               ceil(log2 M) bits (at least 1); value o N in / M + q, column floor(q / N) M + position q
 *
 *     forward    y[r, o]   = sum_q x[r, column(o, q)] value(o, q) + bias[o]
 *     backward   dx[r, i] (+)= sum over all (o, q) with column(o, q) = i of dy[r, o] value(o, q)
 *     values     dvalues(o, q) (+)= sum_r dy[r, o] x[r, column(o, q)]
 *
 * A column beyond `in`, or row starts that do not go from 0 to the end without falling, are a fault of the data.
 */
export const sparseLinearKernels: readonly KernelSignature[] = [
  {
    name: 'sparse_linear.forward',
    reads: ['x', 'values', ...patternReads, 'bias?'],
    writes: ['y'],
    scalars: patternScalars,
  },
  {
    name: 'sparse_linear.backward',
    reads: ['dy', 'values', ...patternReads],
    writes: ['dx'],
    scalars: [...patternScalars, 'accumulate'],
  },
  {
    name: 'sparse_linear.values',
    reads: ['dy', 'x', ...patternReads],
    writes: ['dvalues'],
    scalars: [...patternScalars, 'accumulate'],
  },
];

/** Where a sparse weight [out, in] has its values. */
export type SparsePattern =
  /** Compressed rows: any elements. rowStarts i32 [out + 1], columns i32 [stored]. */
  | { readonly kind: 'rows'; readonly rowStarts: Tensor; readonly columns: Tensor }
  /** Dense blocks of blockRows x blockColumns: rowStarts i32 [out / blockRows + 1], columns i32 [blocks], counted in blocks. */
  | {
      readonly kind: 'blocks';
      readonly blockRows: number;
      readonly blockColumns: number;
      readonly rowStarts: Tensor;
      readonly columns: Tensor;
    }
  /** `kept` of every `of` neighbours in a row (2 of 4): positions u8, from packCodes with positionBits(of) bits. */
  | { readonly kind: 'n-of-m'; readonly kept: number; readonly of: number; readonly positions: Tensor };

export interface SparseWeight {
  /** f32 [stored], [blocks, blockRows, blockColumns], or [out, kept in / of]. */
  readonly values: Tensor;
  readonly pattern: SparsePattern;
  readonly in: number;
  readonly out: number;
}

/** Bits of a position among `of` neighbours. */
export function positionBits(of: number): number {
  return Math.max(1, Math.ceil(Math.log2(of)));
}

/** y = x Wᵀ + b for a sparse W: x [..., in] gives [..., out]. Gradients flow to x, to the stored values and to bias. */
export function sparseLinear(x: Tensor, weight: SparseWeight, bias?: Tensor): Tensor {
  const { values, out } = weight;
  ensureFloats('sparseLinear', { x, values, bias });
  const { rows, width } = rowsOf('sparseLinear', x);
  ensure(
    width === weight.in,
    'shape-mismatch',
    () => `sparseLinear: x has ${weight.in} columns, found ${formatShape(x.shape)}`,
  );
  ensureShape('sparseLinear', 'bias', bias, [out]);
  const { rowStarts, columns, positions, scalars: layout } = patternLayout(weight);
  const backend = backendOf('sparseLinear', x, values, rowStarts, columns, positions, bias);
  const y = Tensor.empty(backend, x.shape.with(-1, out));
  const scalars = [rows, ...layout];
  const pattern = [bufferOrNone(rowStarts), bufferOrNone(columns), bufferOrNone(positions)];
  backend.encode('sparse_linear.forward', [x.buffer, values.buffer, ...pattern, bufferOrNone(bias), y.buffer], scalars);
  if (needsGradient(x, values, bias)) {
    const savedX = needsGradient(values) ? x : undefined;
    recordGradient(y, [x, values, bias], [savedX, values, rowStarts, columns, positions], (dy, sink) => {
      const saved = [savedOrNone(rowStarts), savedOrNone(columns), savedOrNone(positions)];
      const dx = sink.into(x);
      if (dx.buffer !== 0) {
        const buffers = [dy.buffer, values.storage.id, ...saved, dx.buffer];
        backend.encode('sparse_linear.backward', buffers, [...scalars, dx.accumulate]);
      }
      if (savedX !== undefined) {
        const dvalues = sink.into(values);
        const buffers = [dy.buffer, savedX.storage.id, ...saved, dvalues.buffer];
        backend.encode('sparse_linear.values', buffers, [...scalars, dvalues.accumulate]);
      }
      if (bias !== undefined) passSum(dy, bias, 1, sink);
    });
  }
  return y;
}

interface PatternLayout {
  readonly rowStarts?: Tensor;
  readonly columns?: Tensor;
  readonly positions?: Tensor;
  /** In the order of `patternScalars`, after rows. */
  readonly scalars: readonly number[];
}

function patternLayout(weight: SparseWeight): PatternLayout {
  const { pattern, values, in: width, out } = weight;
  if (pattern.kind === 'n-of-m') {
    const { kept, of, positions } = pattern;
    ensure(
      Number.isInteger(kept) && Number.isInteger(of) && kept >= 1 && kept <= of && of <= 256 && width % of === 0,
      'invalid-argument',
      () => `sparseLinear: N of M with 1 <= N <= M <= 256, M a divisor of ${width}, found ${kept} of ${of}`,
    );
    const perRow = (width / of) * kept;
    ensureDtype('sparseLinear', 'positions', positions, 'u8');
    ensureShape('sparseLinear', 'positions', positions, [out, bytesOfRow(perRow, positionBits(of))]);
    ensureShape('sparseLinear', 'values', values, [out, perRow]);
    return { positions, scalars: [width, out, values.size, 1, 1, kept, of] };
  }
  const { rowStarts, columns } = pattern;
  const [blockRows, blockColumns] = pattern.kind === 'blocks' ? [pattern.blockRows, pattern.blockColumns] : [1, 1];
  ensure(
    Number.isInteger(blockRows) && blockRows >= 1 && out % blockRows === 0,
    'invalid-argument',
    () => `sparseLinear: blockRows divides ${out}, found ${blockRows}`,
  );
  ensure(
    Number.isInteger(blockColumns) && blockColumns >= 1 && width % blockColumns === 0,
    'invalid-argument',
    () => `sparseLinear: blockColumns divides ${width}, found ${blockColumns}`,
  );
  ensureDtype('sparseLinear', 'rowStarts', rowStarts, 'i32');
  ensureDtype('sparseLinear', 'columns', columns, 'i32');
  ensureShape('sparseLinear', 'rowStarts', rowStarts, [out / blockRows + 1]);
  ensureShape('sparseLinear', 'columns', columns, [columns.size]);
  const shape = pattern.kind === 'blocks' ? [columns.size, blockRows, blockColumns] : [columns.size];
  ensureShape('sparseLinear', 'values', values, shape);
  return { rowStarts, columns, scalars: [width, out, values.size, blockRows, blockColumns, 0, 0] };
}
