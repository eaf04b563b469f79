import type { Backend } from '../../backend.ts';
import { ensure, formatShape } from '../../errors.ts';
import { needsGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, sameShape } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * Rows of float32 as integers of 2, 4 or 8 bits with one float32 scale each, in a table with room for `capacity` rows in each of `outer` parts:
 * codes u8 [outer, capacity, rowBytes], rowBytes = 4 ceil(width bits / 32), scales [outer, capacity]. With q = 2^(bits-1) - 1:
 *
 *     write   x [outer, length, width] becomes rows start.. of each part, in float32 arithmetic:
 *             scale = max |x[row]| / q          code[i] = x[row, i] / scale, rounded half to even; 0 where scale is 0
 *     read    y [outer, length, width] = scale code, of the first `length` rows of each part
 *     copy    part `from` of one table becomes part `to` of another
 *
 * Codes are two's complement; code i stands at bit i bits of its row, little-endian. What lies behind the last code of a row is 0.
 */
export const packedRowsKernels: readonly KernelSignature[] = [
  {
    name: 'packed_rows.write',
    reads: ['x'],
    writes: ['codes', 'scales'],
    scalars: ['outer', 'length', 'capacity', 'start', 'width', 'bits'],
  },
  {
    name: 'packed_rows.read',
    reads: ['codes', 'scales'],
    writes: ['y'],
    scalars: ['outer', 'length', 'capacity', 'width', 'bits'],
  },
  {
    name: 'packed_rows.copy',
    reads: ['codes', 'scales'],
    writes: ['codesTo', 'scalesTo'],
    scalars: ['outer', 'outerTo', 'capacity', 'rowBytes', 'from', 'to'],
  },
];

/** A table of packed rows. Its owner disposes codes and scales. */
export interface PackedRows {
  readonly codes: Tensor;
  readonly scales: Tensor;
  readonly bits: number;
  readonly width: number;
}

/** Bytes of one row of `width` codes, its scale included. */
export function bytesOfPackedRow(width: number, bits: number): number {
  return 4 * Math.ceil((width * bits) / 32) + 4;
}

/** A table for `outer` times `capacity` rows; what stands in it is undefined until it is written. */
export function emptyPackedRows(
  backend: Backend,
  outer: number,
  capacity: number,
  { width, bits }: { readonly width: number; readonly bits: number },
): PackedRows {
  ensure([2, 4, 8].includes(bits), 'invalid-argument', () => `packedRows: 2, 4 or 8 bits, found ${bits}`);
  const codes = Tensor.empty(backend, [outer, capacity, bytesOfPackedRow(width, bits) - 4], 'u8');
  return { codes, scales: Tensor.empty(backend, [outer, capacity]), bits, width };
}

/** Packs x [outer, length, width] into rows start.. of every part. Never recorded: x may not need a gradient. */
export function writePackedRows(table: PackedRows, x: Tensor, start: number): void {
  ensureFloats('writePackedRows', { x });
  const backend = backendOf('writePackedRows', x, table.codes, table.scales);
  const { outer, capacity } = extentsOf(table);
  const length = x.shape[1] ?? 0;
  ensure(
    sameShape(x.shape, [outer, length, table.width]) && start >= 0 && start + length <= capacity,
    'shape-mismatch',
    () =>
      `writePackedRows: ${formatShape(x.shape)} does not fit at ${start} into ${outer} parts of ${capacity} rows of ${table.width}`,
  );
  ensure(!needsGradient(x), 'invalid-argument', () => 'writePackedRows: rounding has no gradient');
  const scalars = [outer, length, capacity, start, table.width, table.bits];
  backend.encode('packed_rows.write', [x.buffer, table.codes.buffer, table.scales.buffer], scalars);
}

/** The first `length` rows of every part as float32 [outer, length, width]. */
export function readPackedRows(table: PackedRows, length: number): Tensor {
  const { codes, scales, width, bits } = table;
  const backend = backendOf('readPackedRows', codes, scales);
  const { outer, capacity } = extentsOf(table);
  ensure(
    Number.isInteger(length) && length >= 0 && length <= capacity,
    'shape-mismatch',
    () => `readPackedRows: a table of ${capacity} rows does not have ${length}`,
  );
  const y = Tensor.empty(backend, [outer, length, width]);
  backend.encode('packed_rows.read', [codes.buffer, scales.buffer, y.buffer], [outer, length, capacity, width, bits]);
  return y;
}

/** A table whose part i is a copy of part `parts[i]`. */
export function selectPackedRows(table: PackedRows, parts: readonly number[]): PackedRows {
  const { codes, scales } = table;
  const backend = backendOf('selectPackedRows', codes, scales);
  const { outer, capacity } = extentsOf(table);
  const to = emptyPackedRows(backend, parts.length, capacity, table);
  const buffers = [codes.buffer, scales.buffer, to.codes.buffer, to.scales.buffer];
  for (const [at, from] of parts.entries()) {
    ensure(
      Number.isInteger(from) && from >= 0 && from < outer,
      'index-out-of-range',
      () => `selectPackedRows: parts 0 to ${outer - 1}, found ${from}`,
    );
    backend.encode('packed_rows.copy', buffers, [outer, parts.length, capacity, codes.shape[2]!, from, at]);
  }
  return to;
}

function extentsOf({ codes, scales, width, bits }: PackedRows): { readonly outer: number; readonly capacity: number } {
  const [outer = 0, capacity = 0] = scales.shape;
  const wanted = [outer, capacity, bytesOfPackedRow(width, bits) - 4];
  ensure(
    codes.dtype === 'u8' && sameShape(codes.shape, wanted),
    'shape-mismatch',
    () => `packedRows: codes are u8 ${formatShape(wanted)}, found ${codes.dtype} ${formatShape(codes.shape)}`,
  );
  return { outer, capacity };
}
