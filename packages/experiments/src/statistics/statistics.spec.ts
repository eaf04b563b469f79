import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  complementaryErrorFunction,
  correlation,
  estimateFromBlocks,
  estimateFromItems,
  halfWidth,
  incompleteBeta,
  interpolate,
  leastSquares,
  logGamma,
  mean,
  median,
  normalQuantile,
  normalSurvival,
  quantile,
  signTest,
  signTestTwoSided,
  skewness,
  standardDeviation,
  studentInterval,
  studentQuantile,
  studentSurvival,
  wilsonInterval,
  withoutVariation,
} from './index.ts';

interface Golden {
  one_sample: {
    sample: string;
    values: number[];
    mean: number;
    median: number;
    sd: number | null;
    quantiles: { p: number[]; linear: number[] };
    t_interval_95: [number, number] | null;
    t_test_mean_3: { t: number; df: number; p: number } | null;
    skewness_biased?: number | null;
  }[];
  two_samples: { welch: { t: number; df: number; p: number }; student: { t: number; df: number; p: number } }[];
  paired: {
    name: string;
    a: number[];
    b: number[];
    t: { t: number; df: number; p: number; interval_95: [number, number] };
    sign_test_p: number;
  }[];
  proportions: { k: number; n: number; wilson_95: [number, number]; binomial_two_sided_p_half: number }[];
  trends: {
    name: string;
    x: number[];
    y: number[];
    linear: { slope: number; intercept: number };
    loglog?: { slope: number; intercept: number };
    pearson?: { r: number };
  }[];
  special: Record<'t_ppf' | 't_sf' | 'norm_ppf' | 'norm_sf' | 'gammaln', number[][]>;
}
const golden = JSON.parse(readFileSync(new URL('../../golden/statistics.json', import.meta.url), 'utf8')) as Golden;

/** 1e-9 relative for values, 1e-8 relative or 1e-12 absolute for probabilities: the golden file's own bounds. */
function close(got: number, want: number, what: string, relative = 1e-9, absolute = 1e-13): void {
  expect(Math.abs(got - want), `${what}: got ${got}, want ${want}`).toBeLessThanOrEqual(
    Math.max(relative * Math.abs(want), absolute),
  );
}

describe('distribution functions agree with the golden values', () => {
  it('Student t quantiles, to 1e-10', () => {
    for (const [p, df, want] of golden.special.t_ppf) {
      close(studentQuantile(p!, df!), want!, `t(${p}, ${df})`, 1e-10);
      close(studentQuantile(1 - p!, df!), -want!, `t(1 - ${p}, ${df})`, 1e-10);
    }
  });
  it('Student t tails, far out too', () => {
    for (const [t, df, want] of golden.special.t_sf) close(studentSurvival(t!, df!), want!, `sf(${t}, ${df})`, 1e-8, 0);
  });
  it('normal quantiles and tails', () => {
    for (const [p, want] of golden.special.norm_ppf) close(normalQuantile(p!), want!, `z(${p})`);
    for (const [z, want] of golden.special.norm_sf) close(normalSurvival(z!), want!, `sf(${z})`, 1e-8, 0);
  });
  it('log gamma', () => {
    for (const [x, want] of golden.special.gammaln) close(logGamma(x!), want!, `logGamma(${x})`);
  });
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
});

describe('samples', () => {
  it.each(golden.one_sample.map((sample) => [sample.sample, sample] as const))('%s', (_name, sample) => {
    const { values } = sample;
    close(mean(values), sample.mean, 'mean');
    close(median(values), sample.median, 'median');
    for (const [i, p] of sample.quantiles.p.entries()) close(quantile(values, p), sample.quantiles.linear[i]!, `q${p}`);
    if (sample.sd !== null && values.length > 1) close(standardDeviation(values), sample.sd, 'sd');
    if (sample.skewness_biased != null && values.length > 2) {
      close(skewness(values)!, sample.skewness_biased, 'skewness');
    }
    if (sample.t_interval_95 && sample.sd) {
      const [low, high] = studentInterval(values);
      close(low, sample.t_interval_95[0], 'low');
      close(high, sample.t_interval_95[1], 'high');
    }
    if (sample.t_test_mean_3?.p) {
      close(
        2 * studentSurvival(Math.abs(sample.t_test_mean_3.t), sample.t_test_mean_3.df),
        sample.t_test_mean_3.p,
        'p',
        1e-8,
        1e-12,
      );
    }
  });
  it.each(golden.paired.map((pair) => [pair.name, pair] as const))('paired %s', (_name, pair) => {
    const d = pair.a.map((value, i) => value - pair.b[i]!);
    const [low, high] = studentInterval(d);
    close(low, pair.t.interval_95[0], 'low');
    close(high, pair.t.interval_95[1], 'high');
    const wins = d.filter((value) => value > 0).length;
    const losses = d.filter((value) => value < 0).length;
    close(signTestTwoSided(wins, losses), pair.sign_test_p, 'sign test', 1e-8, 1e-12);
  });
  it('Welch and Student p-values at degrees of freedom that are not whole', () => {
    for (const { welch, student } of golden.two_samples) {
      close(2 * studentSurvival(Math.abs(welch.t), welch.df), welch.p, 'welch', 1e-8, 1e-12);
      close(2 * studentSurvival(Math.abs(student.t), student.df), student.p, 'student', 1e-8, 1e-12);
    }
  });
  it('proportions', () => {
    for (const { k, n, wilson_95, binomial_two_sided_p_half } of golden.proportions) {
      const [low, high] = wilsonInterval(k, n);
      close(low, wilson_95[0], `wilson ${k}/${n} low`);
      close(high, wilson_95[1], `wilson ${k}/${n} high`);
      close(signTestTwoSided(k, n - k), binomial_two_sided_p_half, `binomial ${k}/${n}`, 1e-8, 1e-12);
    }
    expect(signTest(0, 0)).toBe(1);
  });
  it.each(golden.trends.map((trend) => [trend.name, trend] as const))('trend %s', (_name, trend) => {
    const line = leastSquares(trend.x, trend.y);
    close(line.slope, trend.linear.slope, 'slope');
    close(line.intercept, trend.linear.intercept, 'intercept', 1e-9, 1e-12);
    if (trend.loglog) {
      close(leastSquares(trend.x.map(Math.log), trend.y.map(Math.log)).slope, trend.loglog.slope, 'power');
    }
    if (trend.pearson) close(correlation(trend.x, trend.y), trend.pearson.r, 'r');
  });
  it('interpolates between points and refuses to go beyond them', () => {
    expect(interpolate([0, 1, 3], [0, 10, 20], 2)).toBe(15);
    expect(interpolate([0, 1, 3], [0, 10, 20], 3)).toBe(20);
    expect(() => interpolate([0, 1], [0, 1], 1.01)).toThrow(RangeError);
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
