import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { globalNorm } from '../global_norm/op.ts';
import { adafactor, createAdafactorState } from './op.ts';

/** Vectors, matrices, a stack of them; empty, of one row, of one column, of primes. */
const smallShapes: readonly (readonly number[])[] = [
  ...[[], [1], [0], [13]],
  ...[
    [1, 1],
    [0, 5],
    [5, 0],
    [1, 17],
    [17, 1],
    [7, 33],
    [521, 3],
    [2, 3, 5],
  ],
];
/** More elements of a vector, of a row, and more rows than one block has. */
const shapes: readonly (readonly number[])[] = [...smallShapes, [9001], [2, 8209], [2, 301, 11]];

const bound = nmse(1e-11, 'three steps of means of squares and a few roots; what is remembered is kept in float32');

export const cases: readonly OpCase[] = [
  { name: 'three steps, a decay for each parameter', clipped: false, threshold: 1, quiet: false, of: shapes },
  {
    name: 'three steps, clipped inside, updates scaled down',
    clipped: true,
    threshold: 0.5,
    quiet: false,
    of: smallShapes,
  },
  { name: 'three steps, rows of zero gradients', clipped: false, threshold: 1, quiet: true, of: smallShapes },
].map(({ name, clipped, threshold, quiet, of }) => ({
  name,
  forward: bound,
  gradient: bound,
  build: (inputs) => {
    const starts = of.map((shape) => inputs.constantNormal(shape));
    const gradients = [0.1, 0.03, 0.1].map((deviation) =>
      of.map((shape) => {
        if (!quiet) return inputs.constantNormal(shape, 0, deviation);
        const width = shape.at(-1) ?? 1;
        return inputs.constant(shape, (i) => (Math.floor(i / width) % 3 === 0 ? 0 : deviation * ((i % 7) - 3.5)));
      }),
    );
    return () => {
      const parameters = starts.map(copy);
      const state = createAdafactorState(parameters);
      const weightDecay = clipped ? 0.1 : of.map((_, index) => index / 100);
      for (const each of gradients) {
        const clip = clipped ? { norm: globalNorm(each), maxNorm: 0.5 } : undefined;
        adafactor(parameters, each, state, { learningRate: 0.05, threshold, weightDecay, clip });
      }
      const remembered = state.memories.flatMap(({ row, column, variance }) => [row, column, variance]);
      const all = [...parameters, ...remembered].filter((tensor) => tensor !== undefined);
      return concat(
        all.map((tensor) => tensor.reshape([tensor.size])),
        0,
      );
    };
  },
}));
