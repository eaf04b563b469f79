import { ensure } from '../../errors.ts';

/**
 * Packed codes: unsigned integers of `bits` bits, row by row. A row is a little-endian bit stream: code c occupies the bits
 * c * bits .. c * bits + bits - 1 of its row, where bit b is bit b % 8 of byte floor(b / 8). Each row starts on a byte; unused
 * bits at its end are 0. (4 bits: the first code of a pair in the low nibble.)
 */
export function bytesOfRow(columns: number, bits: number): number {
  return Math.ceil((columns * bits) / 8);
}

/** Packs codes [rows, columns], each in 0 .. 2^bits - 1. */
export function packCodes(codes: ArrayLike<number>, rows: number, columns: number, bits: number): Uint8Array {
  ensureBits(bits);
  ensure(
    codes.length === rows * columns,
    'size-mismatch',
    () => `packCodes: ${rows} x ${columns} codes expected, found ${codes.length}`,
  );
  const rowBytes = bytesOfRow(columns, bits);
  const packed = new Uint8Array(rows * rowBytes);
  const largest = 2 ** bits - 1;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const code = codes[row * columns + column]!;
      ensure(
        Number.isInteger(code) && code >= 0 && code <= largest,
        'invalid-argument',
        () => `packCodes: a code of ${bits} bits lies in 0..${largest}, found ${code} at row ${row}, column ${column}`,
      );
      const bit = column * bits;
      const byte = row * rowBytes + (bit >> 3);
      const shifted = code << (bit & 7);
      packed[byte]! |= shifted & 0xff;
      if (shifted > 0xff) packed[byte + 1]! |= shifted >> 8;
    }
  }
  return packed;
}

/** The codes [rows, columns] of packed rows. */
export function unpackCodes(packed: Uint8Array, rows: number, columns: number, bits: number): Uint8Array {
  ensureBits(bits);
  const rowBytes = bytesOfRow(columns, bits);
  ensure(
    packed.length === rows * rowBytes,
    'size-mismatch',
    () => `unpackCodes: ${rows} rows of ${rowBytes} bytes expected, found ${packed.length} bytes`,
  );
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      codes[row * columns + column] = codeAt(packed, row * rowBytes, column, bits);
    }
  }
  return codes;
}

/** The code of one column in the row that starts at byte `rowStart`. */
export function codeAt(packed: Uint8Array, rowStart: number, column: number, bits: number): number {
  const bit = column * bits;
  const byte = rowStart + (bit >> 3);
  const offset = bit & 7;
  const low = packed[byte]! >> offset;
  const high = offset + bits > 8 ? packed[byte + 1]! << (8 - offset) : 0;
  return (low | high) & (2 ** bits - 1);
}

export function ensureBits(bits: number): void {
  ensure(
    Number.isInteger(bits) && bits >= 1 && bits <= 8,
    'invalid-argument',
    () => `packed codes have 1 to 8 bits, found ${bits}`,
  );
}

/** Trits (0, 1, 2) of one block: sixteen bytes of five. */
export const tritsOfBlock = 80;
const bytesOfBlock = 16;

/**
 * Five trits a byte: a row is a number of blocks of 80 codes in 16 bytes, the last one filled up with code 0. Byte j of a block holds the codes
 * j, j + 16, .. j + 64, so that sixteen neighbouring codes come from sixteen bytes at once: as v = sum of code(j + 16 d) 3^(4 - d), stored
 * as ceil(256 v / 243). Digit d is then floor(3 (byte 3^d mod 256) / 256): two products and no division.
 */
export function bytesOfTritRow(columns: number): number {
  return Math.ceil(columns / tritsOfBlock) * bytesOfBlock;
}

/** Packs codes [rows, columns], each 0, 1 or 2, five to a byte. */
export function packTrits(codes: ArrayLike<number>, rows: number, columns: number): Uint8Array {
  ensure(
    codes.length === rows * columns,
    'size-mismatch',
    () => `packTrits: ${rows} x ${columns} codes expected, found ${codes.length}`,
  );
  const rowBytes = bytesOfTritRow(columns);
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    for (let byte = 0; byte < rowBytes; byte++) {
      const first = Math.floor(byte / bytesOfBlock) * tritsOfBlock + (byte % bytesOfBlock);
      let value = 0;
      for (let digit = 0; digit < 5; digit++) {
        const column = first + digit * bytesOfBlock;
        const code = column < columns ? codes[row * columns + column]! : 0;
        ensure(
          code === 0 || code === 1 || code === 2,
          'invalid-argument',
          () => `packTrits: a trit is 0, 1 or 2, found ${code} at row ${row}, column ${column}`,
        );
        value = value * 3 + code;
      }
      packed[row * rowBytes + byte] = Math.ceil((value * 256) / 243);
    }
  }
  return packed;
}

/** The trit of one column in the row that starts at byte `rowStart`. */
export function tritAt(packed: Uint8Array, rowStart: number, column: number): number {
  const block = Math.floor(column / tritsOfBlock);
  const inBlock = column % tritsOfBlock;
  const byte = packed[rowStart + block * bytesOfBlock + (inBlock % bytesOfBlock)]!;
  const digit = Math.floor(inBlock / bytesOfBlock);
  return (((byte * 3 ** digit) & 255) * 3) >> 8;
}
