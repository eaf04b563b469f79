import type { OpCase } from '../../conformance/case.ts';
import { copied } from '../../conformance/common_bounds.ts';
import { Tensor } from '../../tensor.ts';

export const cases: readonly OpCase[] = [[0], [1], [17], [3, 65_537]].map((shape) => ({
  name: `[${shape.join(', ')}]`,
  forward: copied,
  gradient: copied,
  build: (inputs) => () => Tensor.full(inputs.backend, shape, -1.25),
}));
