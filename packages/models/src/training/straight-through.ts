import { add, div, mul, relu, scale, stopGradient, sub, Tensor } from '@claimbench/kernels';

/** The codes of a uniform quantizer. */
export interface CodeRange {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Has the values of the one and the gradient of the other, as straight-through estimators do (Bengio et al. 2013): x - x is zero to
 * the bit, so that adding it changes no value. Equal shapes.
 */
export function straightThrough(values: Tensor, gradientOf: Tensor): Tensor {
  return add(stopGradient(values), sub(gradientOf, stopGradient(gradientOf)));
}

/** The same values; a gradient on its way back is multiplied by the factor. */
export function scaleGradient(x: Tensor, factor: number): Tensor {
  return straightThrough(x, scale(x, factor));
}

/** 1.5 * 2^23: f32 has no fractions beside it, so that adding it rounds, half to even, what is smaller than 2^22. */
const NO_FRACTIONS = 1.5 * 2 ** 23;

/**
 * `step * clamp(round(x / step), lowest, highest)`, halves to even, `step` positive and broadcast to `x`. The gradient to x passes where
 * the rounded code lies in the range, that to the step is that of LSQ (Esser et al. 2020, equation 3): code - x / step inside, the
 * bound outside. Where no gradient is to reach the step, stop it.
 */
export function fakeQuantize(x: Tensor, step: Tensor, { lowest, highest }: CodeRange): Tensor {
  const constant = (value: number) => Tensor.full(x.backend, [1], value);
  const exact = div(x, step);
  const big = constant(NO_FRACTIONS);
  const rounded = sub(add(stopGradient(exact), big), big);
  // max, then min, each with one ramp: exact on whole numbers, and a number far outside gives the bound itself.
  const [low, high] = [constant(lowest), constant(highest)];
  const raised = add(relu(sub(rounded, low)), low);
  const code = sub(high, relu(sub(high, raised)));
  const outside = sub(rounded, code);
  const isInside = relu(sub(constant(1), mul(outside, outside)));
  return mul(straightThrough(code, mul(exact, isInside)), step);
}
