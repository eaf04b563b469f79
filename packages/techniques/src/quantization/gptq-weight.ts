import { roundHalfEven } from '@claimbench/kernels';
import { type Hessian, inverseHessian, sweepColumns } from '../weights/column-sweep.ts';
import { type GridScheme, gridOf, type IntegerGridCodes } from '../weights/integer-grid.ts';

export interface GptqOptions {
  readonly bits: number;
  /** Inputs that share a grid; null: one grid a row. */
  readonly groupSize: number | null;
  readonly scheme: GridScheme;
  /** Inputs with the largest Hessian first. */
  readonly actOrder: boolean;
  /** Grids of all groups from the weights before the sweep; else each from the weights as they are when the sweep reaches it. */
  readonly staticGroups: boolean;
  readonly damping: number;
  readonly blockSize: number;
}

export interface GptqResult {
  readonly values: Float32Array;
  /** null where groups follow the order of the sweep: packed codes of rows cannot hold them. */
  readonly grid: IntegerGridCodes | null;
  readonly loss: number;
}

interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** GPTQ on one weight `[outSize, inSize]`; `products` is X^T X of its inputs up to a factor. */
export function gptqWeight(
  values: Float32Array,
  inSize: number,
  products: Float64Array,
  options: GptqOptions,
): GptqResult {
  const { bits, groupSize, scheme, actOrder, staticGroups, damping, blockSize } = options;
  const outSize = values.length / inSize;
  const order = Array.from({ length: inSize }, (_, j) => j);
  if (actOrder) order.sort((a, b) => products[b * (inSize + 1)]! - products[a * (inSize + 1)]! || a - b);
  const ordered = order.flatMap((i) => order.map((j) => products[i * inSize + j]!));
  const { factor, dead }: Hessian = inverseHessian(Float64Array.from(ordered), inSize, damping);
  const weights = Float64Array.from(values, (_, i) => {
    const column = i % inSize;
    return dead[column] ? 0 : values[i - column + order[column]!]!;
  });
  const size = groupSize ?? inSize;
  const groups = Math.ceil(inSize / size);
  /** Grid of each row and group; groups count original inputs where they are static, else places of the sweep. */
  const grids = new Array<Grid>(outSize * groups);
  const original = Float32Array.from(weights, (_, i) => {
    const column = i % inSize;
    return weights[i - column + order.indexOf(column)]!;
  });
  const fill = (from: ArrayLike<number>, group: number) => {
    for (let row = 0; row < outSize; row++) {
      const start = row * inSize + group * size;
      const end = row * inSize + Math.min((group + 1) * size, inSize);
      const range = Float32Array.from({ length: end - start }, (_, i) => from[start + i]!);
      grids[row * groups + group] = gridOf(range, bits, scheme);
    }
  };
  const fixed = staticGroups || groupSize === null;
  if (fixed) for (let group = 0; group < groups; group++) fill(original, group);
  const codes = new Uint8Array(values.length);
  const loss = sweepColumns(weights, factor, blockSize, {
    startBlock(current, start, end) {
      if (fixed) return;
      for (let group = 0; group < groups; group++) {
        if (group * size >= start && group * size < end) fill(current, group);
      }
    },
    change(value, row, column) {
      const input = order[column]!;
      const grid = grids[row * groups + Math.floor((fixed ? input : column) / size)]!;
      const code = Math.min(Math.max(roundHalfEven(value / grid.scale) + grid.zeroPoint, 0), 2 ** bits - 1);
      codes[row * inSize + input] = code;
      return grid.scale * (code - grid.zeroPoint);
    },
  });
  const result = new Float32Array(values.length);
  weights.forEach((w, i) => {
    const column = i % inSize;
    result[i - column + order[column]!] = w;
  });
  const grid = {
    codes,
    scales: Float32Array.from(grids, ({ scale }) => scale),
    zeroPoints: Float32Array.from(grids, ({ zeroPoint }) => zeroPoint),
    groupSize: size,
  };
  return { values: result, grid: fixed || !actOrder ? grid : null, loss };
}
