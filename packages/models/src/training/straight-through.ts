import { add, scale, stopGradient, sub, type Tensor } from '@claimbench/kernels';

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
