import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalDistribution } from '../ops/gelu/normal.ts';
import { normalQuantile } from './normal_quantile.ts';
import { philox4x32 } from './philox.ts';
import { RandomStream, randomNormal, randomPermutation, randomUniform } from './random.ts';

describe('a random stream', () => {
  test('is Philox4x32 with the position as counter, seed as key', () => {
    const stream = new RandomStream(2 ** 32 + 5, 7);
    const words = Array.from({ length: 8 }, () => stream.nextWord());
    expect(words).toEqual([...philox4x32([0, 0, 7, 0], [5, 1]), ...philox4x32([1, 0, 7, 0], [5, 1])]);
  });

  test('continues from any position', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(2 ** 31), (position, seed) => {
        const whole = new RandomStream(seed, 1);
        const words = Array.from({ length: 60 }, () => whole.nextWord());
        const part = new RandomStream(seed, 1);
        part.position = position;
        expect(part.nextWord()).toBe(words[position]);
        expect(part.nextWord()).toBe(words[position + 1]);
      }),
    );
  });

  test('refuses seeds that are not integers', () => {
    expect(() => new RandomStream(0.5, 0)).toThrow('a random seed is an integer from 0 to 2^53 - 1, found 0.5');
    expect(() => new RandomStream(1, -1)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  test('draws below a bound without favour', () => {
    const stream = new RandomStream(3, 0);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[stream.nextBelow(6)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000));
  });
});

test('a permutation holds every index once', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(1000), (count, seed) => {
      const order = randomPermutation(new RandomStream(seed, 0), count);
      expect([...order].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    }),
  );
});

test('uniform numbers lie in their interval', () => {
  const values = randomUniform(new RandomStream(1, 2), 10_000, -2, 3);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...values)).toBeLessThanOrEqual(3);
  expect(values.reduce((sum, v) => sum + v, 0) / 10_000).toBeCloseTo(0.5, 1);
});

describe('normal numbers', () => {
  test('the quantile inverts the distribution function', () => {
    for (let i = 1; i < 4000; i++) expect(normalDistribution(normalQuantile(i / 4000)) / (i / 4000)).toBeCloseTo(1, 11);
    for (const p of [1.2e-10, 1e-8, 1e-5]) expect(normalDistribution(normalQuantile(p)) / p).toBeCloseTo(1, 11);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
  });

  test('have mean 0, variance 1, and as many beyond 2 as they should', () => {
    const count = 100_000;
    const values = randomNormal(new RandomStream(11, 0), count);
    const mean = values.reduce((sum, v) => sum + v, 0) / count;
    const variance = values.reduce((sum, v) => sum + v * v, 0) / count;
    const beyond = values.filter((v) => Math.abs(v) > 2).length / count;
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(beyond - 0.0455)).toBeLessThan(5 * Math.sqrt(0.0455 / count));
  });
});
