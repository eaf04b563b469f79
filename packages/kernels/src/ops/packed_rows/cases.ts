import { exact } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { emptyPackedRows, readPackedRows, selectPackedRows, writePackedRows } from './op.ts';

const bound = exact('codes are rounded alike; a value is one product of float32');

const sizes = [
  [1, 1, 1],
  [2, 3, 8],
  [3, 5, 13],
  [1, 4, 64],
  [2, 2, 131],
  [2, 1, 0],
] as const;

export const cases: readonly OpCase[] = [8, 4, 2].flatMap((bits) => [
  ...sizes.map(
    ([outer, rows, width]): OpCase => ({
      name: `${bits} bits, ${outer} parts of ${rows} rows of ${width}, written in two pieces`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        // one row is 0: its scale is 0
        const x = inputs.constant([outer, rows, width], (at) => (at < width ? 0 : Math.sin(at * at) * 3));
        const more = inputs.constantNormal([outer, 2, width]);
        return () => {
          const table = emptyPackedRows(inputs.backend, outer, rows + 3, { width, bits });
          writePackedRows(table, x, 0);
          writePackedRows(table, more, rows);
          return readPackedRows(table, rows + 2);
        };
      },
    }),
  ),
  {
    name: `${bits} bits, parts dropped, repeated and reordered`,
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const x = inputs.constantNormal([3, 2, 11]);
      return () => {
        const table = emptyPackedRows(inputs.backend, 3, 2, { width: 11, bits });
        writePackedRows(table, x, 0);
        return readPackedRows(selectPackedRows(table, [2, 0, 2, 2]), 2);
      };
    },
  },
]);
