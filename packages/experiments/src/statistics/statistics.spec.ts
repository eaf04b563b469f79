import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkGoldenStatistics } from './golden-statistics.ts';
import {
  complementaryErrorFunction,
  estimateFromBlocks,
  estimateFromItems,
  halfWidth,
  incompleteBeta,
  interpolate,
  leastSquares,
  logGamma,
  mean,
  normalQuantile,
  signTest,
  studentQuantile,
  studentSurvival,
  wilsonInterval,
  withoutVariation,
} from './index.ts';

const golden: unknown = JSON.parse(readFileSync(new URL('../../golden/statistics.json', import.meta.url), 'utf8'));

function close(got: number, want: number, what: string, relative = 1e-9, absolute = 1e-13): void {
  expect(Math.abs(got - want), `${what}: got ${got}, want ${want}`).toBeLessThanOrEqual(
    Math.max(relative * Math.abs(want), absolute),
  );
}

describe('statistics agree with values made elsewhere', () => {
  it('samples, pairs, proportions, trends and distribution functions, far into the tails', () => {
    const { checked, failures } = checkGoldenStatistics(golden);
    expect(failures).toEqual([]);
    expect(checked).toBeGreaterThan(400);
  });
  it('a value that is off in its tenth digit is noticed', () => {
    const text = JSON.stringify(golden).replace('12.706204736174694', '12.706204738');
    expect(checkGoldenStatistics(JSON.parse(text)).failures).toEqual([
      { id: 't quantile 0.975 1', message: expect.stringContaining('want 12.706204738') },
    ]);
  });
});

describe('distribution functions', () => {
  it('a quantile is the inverse of the distribution, at the levels and sizes that verdicts use', () => {
    for (const df of [1, 2, 3, 4, 7, 9, 19, 63, 399, 4999]) {
      for (const tail of [0.0006, 0.0028, 0.0056, 0.0084, 0.014, 0.0168, 0.025, 0.1, 0.2, 0.49]) {
        close(studentSurvival(studentQuantile(1 - tail, df), df), tail, `tail ${tail} at ${df} df`, 1e-11);
      }
    }
  });
  it('the two branches of a function meet where one hands over to the other', () => {
    close(complementaryErrorFunction(2 - 1e-12), complementaryErrorFunction(2), 'erfc at 2', 1e-10);
    close(logGamma(30), logGamma(30 + 1e-12), 'logGamma at 30', 1e-12);
    close(incompleteBeta(0.3, 2.5, 4), 1 - incompleteBeta(0.7, 4, 2.5), 'symmetry', 1e-13);
  });
  it('refuses arguments without an answer', () => {
    expect(() => studentQuantile(1, 3)).toThrow(RangeError);
    expect(() => studentQuantile(0.5, 0)).toThrow(RangeError);
    expect(() => normalQuantile(0)).toThrow(RangeError);
    expect(() => mean([])).toThrow(RangeError);
    expect(() => wilsonInterval(3, 2)).toThrow(RangeError);
    expect(() => leastSquares([1, 1], [0, 1])).toThrow(RangeError);
  });
  it('interpolates between points and refuses to go beyond them', () => {
    expect(interpolate([0, 1, 3], [0, 10, 20], 2)).toBe(15);
    expect(interpolate([0, 1, 3], [0, 10, 20], 3)).toBe(20);
    expect(() => interpolate([0, 1], [0, 1], 1.01)).toThrow(RangeError);
  });
  it('a sign test without any pair proves nothing', () => {
    expect(signTest(0, 0)).toBe(1);
  });
});

describe('seeds x items', () => {
  it('equals the paired t interval when items carry nothing of their own', () => {
    const rows = [0.02, 0.05, 0.03, 0.04].map((value) => [value, value, value]);
    const withItems = estimateFromItems(rows);
    const blocks = estimateFromBlocks([0.02, 0.05, 0.03, 0.04]);
    expect(withItems.itemVariance).toBe(0);
    close(halfWidth(withItems, 0.025), halfWidth(blocks, 0.025), 'half width', 1e-12);
  });
  it('widens the interval by what the shared items add', () => {
    // Every block sees the same lucky items: the blocks agree, and only the items know how unsure the mean is.
    const items = [0.5, -0.3, 0.4, -0.1, 0.2, 0.6, -0.2, 0.1];
    const rows = [0.001, -0.001, 0, 0.002].map((shift) => items.map((value) => value + shift));
    const estimate = estimateFromItems(rows);
    expect(halfWidth(estimate, 0.025)).toBeGreaterThan(50 * halfWidth(estimateFromBlocks(estimate.contrasts), 0.025));
  });
  it('says nothing from a single block, and notices that nothing varies', () => {
    expect(halfWidth(estimateFromBlocks([0.1]), 0.025)).toBe(Number.POSITIVE_INFINITY);
    expect(withoutVariation(estimateFromBlocks([0.1, 0.1, 0.1]))).toBe(true);
    expect(withoutVariation(estimateFromBlocks([0, 0, 0]))).toBe(true);
    expect(withoutVariation(estimateFromBlocks([0, 1e-9, 0]))).toBe(false);
  });
  it('names the block whose items do not fit', () => {
    expect(() => estimateFromItems([[1, 2], [1]])).toThrow(/block 1 has 1 items/);
  });
});
