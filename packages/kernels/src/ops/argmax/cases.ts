import { exact } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { alongAxisShapes, shapeName } from '../../conformance/shapes.ts';
import { specialValues } from '../../conformance/special_values.ts';
import type { Tensor } from '../../tensor.ts';
import { embedding } from '../embedding/op.ts';
import { argmax } from './op.ts';

const bound = exact('an index');

/** Indices as floats, which cases compare: rows of a table of the numbers themselves. */
const asFloats = (indices: Tensor, numbers: Tensor) => embedding(indices, numbers).reshape(indices.shape);

export const cases: readonly OpCase[] = [
  ...[
    ...alongAxisShapes,
    { shape: [1], axis: 0 },
    { shape: [100_003], axis: 0 },
    { shape: [3, 1009, 17], axis: 1 },
    { shape: [5, 3, 2], axis: 0 },
  ].map(
    ({ shape, axis }): OpCase => ({
      name: `${shapeName(shape)} along ${axis}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const x = inputs.constantNormal(shape);
        const numbers = inputs.constant([shape.at(axis)!, 1], (i) => i);
        return () => asFloats(argmax(x, axis), numbers);
      },
    }),
  ),
  {
    name: 'ties: the first of them',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const x = inputs.constant([31, 67], () => inputs.drawBelow(3));
      const numbers = inputs.constant([67, 1], (i) => i);
      return () => asFloats(argmax(x), numbers);
    },
  },
  ...[1, 0].map(
    (axis): OpCase => ({
      name: `special values along ${axis}: NaN wins, 0 and -0 tie, a denormal is larger`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        // every value by each other, on both sides of it
        const pairs = specialValues.flatMap((a) => specialValues.map((b) => [a, b]));
        const x = inputs.constant(axis === 1 ? [pairs.length, 2] : [2, pairs.length], (i) =>
          axis === 1 ? pairs.flat()[i]! : pairs[i % pairs.length]![Math.floor(i / pairs.length)]!,
        );
        const numbers = inputs.constant([2, 1], (i) => i);
        return () => asFloats(argmax(x, axis), numbers);
      },
    }),
  ),
  {
    name: 'the first of several NaN, in any lane; all minus infinity',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const width = 37;
      const x = inputs.constant([width, width], (i) => {
        const [row, column] = [Math.floor(i / width), i % width];
        if (row === width - 1) return Number.NEGATIVE_INFINITY;
        return column >= row && (column - row) % 5 === 0 ? Number.NaN : column;
      });
      const numbers = inputs.constant([width, 1], (i) => i);
      return () => asFloats(argmax(x), numbers);
    },
  },
];
