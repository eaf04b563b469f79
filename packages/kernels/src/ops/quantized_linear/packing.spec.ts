import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfRow, bytesOfTritRow, packCodes, packTrits, tritAt, unpackCodes } from './packing.ts';

test('codes survive packing at every width of 1 to 8 bits', () => {
  const matrices = fc
    .integer({ min: 1, max: 8 })
    .chain((bits) =>
      fc
        .tuple(fc.nat(5), fc.nat(40))
        .chain(([rows, columns]) =>
          fc
            .array(fc.nat(2 ** bits - 1), { minLength: rows * columns, maxLength: rows * columns })
            .map((codes) => ({ bits, rows, columns, codes })),
        ),
    );
  fc.assert(
    fc.property(matrices, ({ bits, rows, columns, codes }) => {
      const packed = packCodes(codes, rows, columns, bits);
      expect(packed.length).toBe(rows * bytesOfRow(columns, bits));
      expect([...unpackCodes(packed, rows, columns, bits)]).toEqual(codes);
    }),
  );
});

test('a row is a little-endian bit stream that starts on a byte', () => {
  expect([...packCodes([0x1, 0x2, 0x3], 1, 3, 4)]).toEqual([0x21, 0x03]);
  expect([...packCodes([1, 2, 3, 0, 2, 1], 2, 3, 2)]).toEqual([0b111001, 0b011000]);
  // 3 bits: 001 010 011 -> bits 0..8 = 1,0,0, 0,1,0, 1,1,0
  expect([...packCodes([1, 2, 3], 1, 3, 3)]).toEqual([0b11010001, 0]);
  expect([...packCodes([7, 7, 7], 1, 3, 3)]).toEqual([0xff, 0x01]);
});

test('trits survive packing five to a byte', () => {
  const matrices = fc
    .tuple(fc.nat(4), fc.nat(200))
    .chain(([rows, columns]) =>
      fc
        .array(fc.nat(2), { minLength: rows * columns, maxLength: rows * columns })
        .map((codes) => ({ rows, columns, codes })),
    );
  fc.assert(
    fc.property(matrices, ({ rows, columns, codes }) => {
      const packed = packTrits(codes, rows, columns);
      expect(packed.length).toBe(rows * bytesOfTritRow(columns));
      const found = codes.map((_, at) =>
        tritAt(packed, Math.floor(at / columns) * bytesOfTritRow(columns), at % columns),
      );
      expect(found).toEqual(codes);
    }),
  );
  expect(bytesOfTritRow(80)).toBe(16);
});

test('what does not fit is refused by name', () => {
  expect(() => packCodes([8], 1, 1, 3)).toThrow('a code of 3 bits lies in 0..7, found 8 at row 0, column 0');
  expect(() => packCodes([1, 2], 1, 3, 3)).toThrow(expect.objectContaining({ code: 'size-mismatch' }));
  expect(() => packCodes([1], 1, 1, 9)).toThrow('packed codes have 1 to 8 bits, found 9');
  expect(() => packTrits([0, 3], 1, 2)).toThrow('a trit is 0, 1 or 2, found 3 at row 0, column 1');
  expect(() => unpackCodes(new Uint8Array(3), 1, 3, 4)).toThrow(expect.objectContaining({ code: 'size-mismatch' }));
});
