import { describe, expect, it } from 'vitest';
import { NORMAL_FLOATS } from './normal-float.ts';

/** Share of a standard normal distribution below x, by Simpson's rule. */
function normalShare(x: number): number {
  const steps = 2000;
  const width = x / steps;
  const density = (at: number) => Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * width);
  return 0.5 + (sum * width) / 3;
}

describe('the values of a normal float', () => {
  it.each([2, 3, 4])('of %i bits are quantiles at even steps, the same share of the distribution apart', (bits) => {
    const values = NORMAL_FLOATS[bits]!;
    expect(values).toHaveLength(2 ** bits);
    // The rule keeps half a step free at both ends: mean of half a step of 2^bits and of 2^bits - 1 values.
    const outermost = 1 - (1 / (2 * 2 ** bits) + 1 / (2 * (2 ** bits - 1))) / 2;
    // The largest value stands for the quantile of `outermost`: found by bisection, it undoes the division by it.
    let [low, high] = [0, 8];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (normalShare(middle) < outermost) low = middle;
      else high = middle;
    }
    const shares = values.map((value) => normalShare(value * low));
    const zero = values.indexOf(0);
    const steps = (part: readonly number[]) => part.slice(1).map((share, i) => share - part[i]!);
    for (const side of [steps(shares.slice(0, zero + 1)), steps(shares.slice(zero))]) {
      const even = (outermost - 0.5) / side.length;
      for (const step of side) expect(step).toBeCloseTo(even, 6);
    }
    expect(values.length - 1 - zero).toBe(zero + 1);
  });
});
