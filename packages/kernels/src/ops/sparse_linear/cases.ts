import type { Inputs, OpCase } from '../../conformance/case.ts';
import { products, sumsOf } from '../../conformance/common_bounds.ts';
import { bytesOfRow, packCodes } from '../quantized_linear/packing.ts';
import { positionBits, type SparseWeight, sparseLinear } from './op.ts';

type Size = readonly [rows: number, width: number, out: number];

interface Setting {
  readonly name: string;
  readonly size: Size;
  readonly weight: (inputs: Inputs, size: Size) => SparseWeight;
  readonly bias?: boolean;
}

/** Each element is stored with a chance of one in `rarity`. */
const anywhere =
  (rarity: number) =>
  (inputs: Inputs, [, width, out]: Size): SparseWeight =>
    inBlocks(1, 1, rarity)(inputs, [0, width, out]);

const inBlocks =
  (blockRows: number, blockColumns: number, rarity: number) =>
  (inputs: Inputs, [, width, out]: Size): SparseWeight => {
    const rowStarts = [0];
    const columns: number[] = [];
    for (let row = 0; row < out / blockRows; row++) {
      for (let column = 0; column < width / blockColumns; column++) {
        if (inputs.drawBelow(rarity) === 0) columns.push(column);
      }
      rowStarts.push(columns.length);
    }
    const single = blockRows * blockColumns === 1;
    const pattern = { rowStarts: inputs.integers(rowStarts), columns: inputs.integers(columns) };
    return {
      values: inputs.normal('values', single ? [columns.length] : [columns.length, blockRows, blockColumns]),
      pattern: single ? { kind: 'rows', ...pattern } : { kind: 'blocks', blockRows, blockColumns, ...pattern },
      in: width,
      out,
    };
  };

const nOfM =
  (kept: number, of: number) =>
  (inputs: Inputs, [, width, out]: Size): SparseWeight => {
    const perRow = (width / of) * kept;
    const positions = Array.from({ length: (out * perRow) / kept }, () => {
      const all = Array.from({ length: of }, (_, i) => i);
      while (all.length > kept) all.splice(inputs.drawBelow(all.length), 1);
      return all;
    }).flat();
    const bits = positionBits(of);
    return {
      values: inputs.normal('values', [out, perRow]),
      pattern: {
        kind: 'n-of-m',
        kept,
        of,
        positions: inputs.bytes(packCodes(positions, out, perRow, bits), [out, bytesOfRow(perRow, bits)]),
      },
      in: width,
      out,
    };
  };

/** One row and several are computed in different ways. */
const settings: readonly Setting[] = [
  ...[0, 1, 3, 8, 21].map((rows): Setting => ({ name: 'rows', size: [rows, 67, 19], weight: anywhere(4), bias: true })),
  { name: 'rows, most of them empty', size: [9, 20, 40], weight: anywhere(60) },
  { name: 'rows, all elements', size: [2, 35, 6], weight: anywhere(1) },
  { name: 'rows, nothing stored', size: [2, 5, 6], weight: anywhere(1e9) },
  { name: 'one element', size: [1, 1, 1], weight: anywhere(1) },
  { name: 'many rows', size: [65_537, 3, 2], weight: anywhere(2) },
  ...[1, 10].flatMap((rows): Setting[] => [
    { name: 'blocks of 4 x 4', size: [rows, 64, 24], weight: inBlocks(4, 4, 3), bias: true },
    { name: 'blocks of 3 x 17', size: [rows, 68, 9], weight: inBlocks(3, 17, 2) },
    { name: 'blocks of 1 x 16', size: [rows, 96, 11], weight: inBlocks(1, 16, 2) },
    { name: 'blocks of 8 x 1', size: [rows, 21, 16], weight: inBlocks(8, 1, 3) },
    { name: '2 of 4', size: [rows, 72, 13], weight: nOfM(2, 4), bias: true },
    { name: '1 of 3', size: [rows, 33, 5], weight: nOfM(1, 3) },
    { name: '4 of 8', size: [rows, 64, 5], weight: nOfM(4, 8) },
    { name: '3 of 16', size: [rows, 48, 5], weight: nOfM(3, 16) },
    { name: '1 of 1', size: [rows, 7, 3], weight: nOfM(1, 1) },
  ]),
  { name: 'rows, on several threads', size: [33, 512, 300], weight: anywhere(10) },
  { name: '2 of 4, on several threads', size: [2, 1024, 300], weight: nOfM(2, 4) },
];

export const cases: readonly OpCase[] = settings.map(({ name, size, weight, bias = false }) => {
  const [rows, width, out] = size;
  return {
    name: `${name}: ${rows} rows, ${width} to ${out}`,
    forward: products,
    gradient: products,
    gradients: { bias: sumsOf(rows), values: rows > 1000 ? sumsOf(rows) : products },
    build: (inputs) => {
      const x = inputs.normal('x', [rows, width]);
      const sparse = weight(inputs, size);
      const added = bias ? inputs.normal('bias', [out]) : undefined;
      return () => sparseLinear(x, sparse, added);
    },
  };
});
