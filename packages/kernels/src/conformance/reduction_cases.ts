import type { ReductionOptions } from '../ops/sum/op.ts';
import type { Tensor } from '../tensor.ts';
import type { Inputs, OpCase } from './case.ts';
import { reductions, shapeName } from './shapes.ts';

/** The cases of a reduction that has no value over nothing: every choice of axes, dimensions kept or not, and a tensor without rows. */
export function reductionCases(
  bounds: Pick<OpCase, 'forward' | 'gradient'>,
  draw: (inputs: Inputs, shape: readonly number[]) => Tensor,
  op: (x: Tensor, options?: ReductionOptions) => Tensor,
): OpCase[] {
  return [
    ...reductions
      .filter(({ shape }) => !shape.includes(0))
      .flatMap(({ shape, axes }) =>
        [false, true].map(
          (keepDims): OpCase => ({
            name: `${shapeName(shape)} over ${axes === undefined ? 'all' : shapeName(axes)}${keepDims ? ', dimensions kept' : ''}`,
            ...bounds,
            build: (inputs) => {
              const x = draw(inputs, shape);
              return () => op(x, { axes, keepDims });
            },
          }),
        ),
      ),
    {
      name: 'no rows',
      ...bounds,
      build: (inputs) => {
        const x = inputs.normal('x', [0, 3]);
        return () => op(x, { axes: [1] });
      },
    },
  ];
}
