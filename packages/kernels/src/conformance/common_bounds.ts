import { type Bound, exact, nmse, ulp } from './bounds.ts';

export const copied = exact('values are only moved');

export const oneRounding = exact('one IEEE operation, correctly rounded (float64 is wide enough to round twice)');

/**
 * A sum of `terms` float32 values of size about 1. Where they cancel (mean zero) the partial sums of one chain are of the size of the
 * square root of their number, and the rounding of all of them together is about 2^-24 times `terms`.
 */
export const sumsOf = (terms: number): Bound =>
  nmse(1e-12, `a sum of ${terms} float32 terms in one fixed order`, terms * 2 ** -24);

export const products = nmse(1e-10, 'one chain of float32 fused multiply-adds over k, up to 16,384 long');

export const normalised = nmse(1e-11, 'sums of a row in float32 and one root: a few roundings for each element');

export const transcendental = ulp(4, 'polynomials of exp and tanh within 4 units in the last place');

export const slopes = nmse(
  1e-12,
  'a product of a few float32 values; where terms cancel the error is that of the terms',
);

export const slopesFromOutput = nmse(
  1e-12,
  'the slope is computed from the float32 output: where that is near 1, what is left of 1 - y carries its rounding',
  2e-7,
);
