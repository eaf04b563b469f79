import { afterAll, describe, expect, test } from 'vitest';
import { sameBits } from '../src/conformance/run.ts';
import * as kernels from '../src/index.ts';
import { createNativeBackend, nativeInstructionSets } from '../src/node/index.ts';

/** Few rows and many are computed in different ways: a row must not notice. */
describe.each(nativeInstructionSets())('one row of x, and the same among 33, on %s', (instructionSet) => {
  const backend = createNativeBackend({ threads: 2, instructionSet });
  afterAll(() => backend.close());
  const [rows, width, out] = [33, 200, 21];
  const stream = new kernels.RandomStream(11, 0);
  const normal = (...shape: number[]) => {
    const size = kernels.sizeOfShape(shape);
    return kernels.Tensor.from(
      backend,
      Float32Array.from({ length: size }, () => stream.nextNormal()),
      shape,
    );
  };
  const codes = (below: number, columns: number) =>
    Array.from({ length: columns * out }, () => stream.nextBelow(below));
  const packed = (name: kernels.WeightFormatName, columns = width): kernels.PackedWeight => {
    const { bits, packing, values, zeroPoint }: kernels.WeightFormat = kernels.weightFormats[name];
    const trits = packing === 'trits';
    const bytes = trits
      ? kernels.packTrits(codes(3, columns), out, columns)
      : kernels.packCodes(codes(2 ** bits, columns), out, columns, bits);
    return {
      codes: kernels.Tensor.from(backend, bytes, [out, bytes.length / out]),
      scales: normal(out, Math.ceil(columns / 32)),
      values: values && kernels.Tensor.from(backend, Float32Array.from(values), [values.length]),
      groupSize: 32,
      bits,
      packing,
      zeroPoint,
      in: columns,
      out,
    };
  };
  const rowStarts = Int32Array.from({ length: out + 1 }, (_, o) => o * 9);
  const positions = Int32Array.from({ length: out * 9 }, () => stream.nextBelow(width));
  const sparse: kernels.SparseWeight = {
    values: normal(out * 9),
    pattern: {
      kind: 'rows',
      rowStarts: kernels.Tensor.from(backend, rowStarts, [out + 1]),
      columns: kernels.Tensor.from(backend, positions, [out * 9]),
    },
    in: width,
    out,
  };
  const integers = packed('int4');
  const wholeGroups = { int4: packed('int4', 192), int8: packed('int8', 192) };
  const interleaved = (bits: 2 | 4 | 8, zeroPoint: number) => {
    const scales = Float32Array.from({ length: out * 6 }, () => stream.nextNormal());
    const form = { in: 192, out, bits, zeroPoint, groupSize: 32 };
    const bytes = kernels.packCodes(codes(2 ** bits, 192), out, 192, bits);
    const packedRows = kernels.Tensor.from(backend, bytes, [out, bytes.length / out]);
    const inRows = { ...form, codes: packedRows, scales: kernels.Tensor.from(backend, scales, [out, 6]) };
    return { weight: kernels.interleaveWeight(backend, { ...form, codes: bytes, scales }), inRows };
  };
  const sideBySide = { 2: interleaved(2, 1), 4: interleaved(4, 8), 8: interleaved(8, 128) };
  const dense = normal(width, out);
  const wide = normal(out * 5, width);
  const formats = ['int8', 'int4', 'int3', 'ternary', 'trits', 'binary', 'nf4', 'fp6_e2m3'] as const;

  test.each<[string, (x: kernels.Tensor) => kernels.Tensor]>([
    ...formats.map((name): [string, (x: kernels.Tensor) => kernels.Tensor] => {
      const weight = packed(name);
      return [`quantizedLinear, ${name}`, (x) => kernels.quantizedLinear(x, weight)];
    }),
    ['linear', (x) => kernels.linear(x, wide)],
    ['integerLinear', (x) => kernels.integerLinear(kernels.quantizeRows(x), integers)],
    ...(['int4', 'int8'] as const).map((name): [string, (x: kernels.Tensor) => kernels.Tensor] => [
      `integerLinear in groups of 32, ${name}`,
      (x) => kernels.integerLinear(kernels.quantizeRows(kernels.slice(x, 1, 0, 192), 32), wholeGroups[name]),
    ]),
    ...([2, 4, 8] as const).map((bits): [string, (x: kernels.Tensor) => kernels.Tensor] => [
      `interleavedLinear, ${bits} bits`,
      (x) => kernels.interleavedLinear(kernels.slice(x, 1, 0, 192), sideBySide[bits].weight),
    ]),
    ['sparseLinear', (x) => kernels.sparseLinear(x, sparse)],
    ['activationSparseLinear', (x) => kernels.activationSparseLinear(x, dense, 0.5)],
  ])('%s', async (_, compute) => {
    const x = normal(rows, width);
    const whole = await compute(x).readFloats();
    const columns = whole.length / rows;
    for (const [start, count] of [
      [0, 1],
      [7, 2],
      [12, 3],
      [17, 4],
      [20, 9],
    ] as const) {
      const part = await compute(kernels.slice(x, 0, start, count)).readFloats();
      const same = sameBits(part, whole.subarray(start * columns, (start + count) * columns));
      expect(same, `rows from ${start}`).toBe(true);
    }
  });

  test.each([2, 4, 8] as const)('sixteen rows side by side have the bits of rows one by one, %i bits', async (bits) => {
    const x = normal(rows, 192);
    const { weight, inRows } = sideBySide[bits];
    const found = await kernels.interleavedLinear(x, weight).readFloats();
    const expected = await kernels.integerLinear(kernels.quantizeRows(x, 32), inRows).readFloats();
    expect(sameBits(found, expected)).toBe(true);
  });
});

/** A query alone has its keys in the lanes, several have themselves there: the last of them must not notice. */
describe.each(nativeInstructionSets())('one query, and the same behind four others, on %s', (instructionSet) => {
  const backend = createNativeBackend({ threads: 2, instructionSet });
  afterAll(() => backend.close());
  const stream = new kernels.RandomStream(12, 0);
  const normal = (...shape: number[]) => {
    const size = kernels.sizeOfShape(shape);
    return kernels.Tensor.from(
      backend,
      Float32Array.from({ length: size }, () => stream.nextNormal()),
      shape,
    );
  };

  test.each([
    ['plain', 5, 8, 8, {}],
    ['one key more than the lanes', 17, 17, 8, {}],
    ['a cache that is longer', 40, 64, 24, {}],
    ['wide heads', 33, 33, 72, {}],
    ['heads of one feature', 70, 70, 1, {}],
    ['a window', 50, 50, 16, { window: 7 }],
    ['a soft cap', 21, 30, 12, { softcap: 1.5 }],
    ['slopes', 37, 37, 9, { slopes: [0.5, -0.25, 0.125, 0.0625] }],
  ])('%s', async (_, keyTime, capacity, dim, { slopes: given, ...options }) => {
    const [batch, heads, keyHeads, queries] = [3, 4, 2, 5];
    const slopes = given && kernels.Tensor.from(backend, Float32Array.from(given), [heads]);
    const [k, v] = [normal(batch, capacity, keyHeads, dim), normal(batch, capacity, keyHeads, dim)];
    const q = normal(batch, queries, heads, dim);
    const attend = (x: kernels.Tensor) => kernels.attention(x, k, v, { causal: true, keyTime, slopes, ...options });
    const several = kernels.slice(attend(q), 1, queries - 1, 1);
    const alone = attend(kernels.slice(q, 1, queries - 1, 1));
    expect(sameBits(await alone.readFloats(), await several.readFloats())).toBe(true);
  });
});
