import { nmse, ulp } from '../../conformance/bounds.ts';
import type { Inputs, OpCase } from '../../conformance/case.ts';
import { sumsOf } from '../../conformance/common_bounds.ts';
import { rowShapes, shapeName } from '../../conformance/shapes.ts';
import { specialValues } from '../../conformance/special_values.ts';
import { sizeOfShape, type Tensor } from '../../tensor.ts';
import { elementwiseLayerNorm, pointwiseNorm } from './op.ts';

const forms = ['erf', 'isru', 'clip', 'eln'] as const;
type Form = (typeof forms)[number];

const bound = nmse(1e-11, 'a float32 function of one rounded product, and a product; a bias may cancel it', 2e-7);
const gradientBound = nmse(1e-11, 'a few float32 products; exp(-u²) magnifies the rounding of u² by its size', 1e-6);
const elementwise = ulp(4, 'a polynomial or a root, within 4 units in the last place', 2 ** -126);

/** clip has corners, which a difference may step over. */
const corners = (form: Form) => (form === 'clip' ? { notTheDerivative: 'a difference may step over a corner' } : {});

function compute(form: Form, x: Tensor, alpha: Tensor, learned: { shift?: Tensor; gain?: Tensor; bias?: Tensor }) {
  if (form === 'eln') return elementwiseLayerNorm(x, alpha, learned.gain, learned.bias);
  return pointwiseNorm(form, x, { alpha, ...learned });
}

function normCase(form: Form, shape: readonly number[], perChannel: boolean, learned: boolean): OpCase {
  const width = shape.at(-1)!;
  const parameters = perChannel ? width : 1;
  const sums = sumsOf(sizeOfShape(shape));
  return {
    name: `${form} of ${shapeName(shape)}${perChannel ? ', by channel' : ''}${learned ? '' : ', alpha alone'}`,
    ...corners(form),
    forward: bound,
    gradient: gradientBound,
    gradients: { alpha: sums, shift: sums, gain: sums, bias: sums },
    build: (inputs: Inputs) => {
      const x = inputs.normal('x', shape, 0, 2);
      const alpha = inputs.uniform('alpha', [parameters], 0.4, 0.9);
      if (!learned) return () => compute(form, x, alpha, {});
      const shift = form === 'eln' ? undefined : inputs.normal('shift', [parameters], 0, 0.3);
      const gain = inputs.normal('gain', [width]);
      const bias = inputs.normal('bias', [width]);
      return () => compute(form, x, alpha, { shift, gain, bias });
    },
  };
}

const small = rowShapes.filter((shape) => shape[0]! < 1000);

export const cases: readonly OpCase[] = forms.flatMap((form) => [
  ...small.map((shape) => normCase(form, shape, false, true)),
  normCase(form, [70_001, 3], false, true),
  normCase(form, [3, 7], false, false),
  normCase(form, [5, 33], true, true),
  normCase(form, [2, 3, 16], true, false),
  {
    name: `${form} over its range`,
    ...corners(form),
    forward: elementwise,
    gradient: gradientBound,
    gradients: { alpha: sumsOf(5003) },
    build: (inputs: Inputs) => {
      const x = inputs.uniform('x', [5003, 1], -6, 6);
      const alpha = inputs.given('alpha', [1]);
      return () => compute(form, x, alpha, {});
    },
  },
  {
    name: `${form} near zero`,
    ...corners(form),
    forward: elementwise,
    gradient: gradientBound,
    build: (inputs: Inputs) => {
      const x = inputs.normal('x', [501, 1], 0, 1e-3);
      const alpha = inputs.constant([1], () => 1);
      return () => compute(form, x, alpha, {});
    },
  },
  {
    name: `${form} of special values`,
    forward: elementwise,
    gradient: gradientBound,
    build: (inputs: Inputs) => {
      const x = inputs.constant([specialValues.length, 1], (i) => specialValues[i]!);
      const alpha = inputs.constant([1], () => 1);
      return () => compute(form, x, alpha, {});
    },
  },
]);
