import type { OpCase } from '../../conformance/case.ts';
import { products } from '../../conformance/common_bounds.ts';
import { matmul } from './op.ts';

/** batch of a, batch of b, m, k, n. */
const sizes: readonly (readonly [readonly number[], readonly number[], number, number, number])[] = [
  [[], [], 1, 1, 1],
  [[], [], 0, 3, 5],
  [[], [], 3, 0, 5],
  [[], [], 3, 5, 0],
  [[0], [0], 3, 5, 2],
  [[], [], 7, 13, 11],
  [[], [], 33, 65, 31],
  [[3], [3], 5, 7, 17],
  [[3], [], 5, 7, 9],
  [[], [4], 5, 7, 9],
  [[2, 1], [3], 4, 6, 5],
  [[2, 3], [2, 1], 4, 6, 5],
  [[2, 1, 3], [5, 1], 3, 2, 4],
  [[], [], 2, 16_384, 2],
];

export const cases: readonly OpCase[] = sizes.flatMap(([batchA, batchB, m, k, n]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `[${batchA}] x [${batchB}] of ${m} x ${k} x ${n}${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
      forward: products,
      gradient: products,
      build: (inputs) => {
        const a = inputs.normal('a', [...batchA, ...(transposeA ? [k, m] : [m, k])]);
        const b = inputs.normal('b', [...batchB, ...(transposeB ? [n, k] : [k, n])]);
        return () => matmul(a, b, { transposeA, transposeB });
      },
    })),
  ),
);
