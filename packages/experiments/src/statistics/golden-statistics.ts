import { z } from 'zod';
import { studentInterval } from './interval.ts';
import { mean, median, quantile, skewness, standardDeviation } from './moments.ts';
import { normalQuantile, normalSurvival } from './normal.ts';
import { signTestTwoSided, wilsonInterval } from './proportions.ts';
import { logGamma } from './special.ts';
import { studentQuantile, studentSurvival } from './student-t.ts';
import { correlation, leastSquares, rankCorrelation } from './trend.ts';

const Interval = z.tuple([z.number(), z.number()]);
const Test = z.object({ t: z.number(), df: z.number(), p: z.number() });
const Row = z.array(z.number());

/** The parts of a golden file of statistics that the method uses; what else it holds is left alone. */
const GoldenStatistics = z.object({
  one_sample: z.array(
    z.object({
      sample: z.string(),
      values: z.array(z.number()),
      mean: z.number(),
      median: z.number(),
      quantiles: z.object({ p: z.array(z.number()), linear: z.array(z.number()) }),
      sd: z.number().nullish(),
      t_interval_95: Interval.nullish(),
      t_test_mean_3: Test.nullish(),
      skewness_biased: z.number().nullish(),
    }),
  ),
  two_samples: z.array(z.object({ welch: Test, student: Test })),
  paired: z.array(
    z.object({
      name: z.string(),
      a: z.array(z.number()),
      b: z.array(z.number()),
      t: Test.extend({ interval_95: Interval }),
      sign_test_p: z.number(),
    }),
  ),
  proportions: z.array(
    z.object({ k: z.number(), n: z.number(), wilson_95: Interval, binomial_two_sided_p_half: z.number() }),
  ),
  trends: z.array(
    z.object({
      name: z.string(),
      x: z.array(z.number()),
      y: z.array(z.number()),
      linear: z.object({ slope: z.number(), intercept: z.number() }),
      loglog: z.object({ slope: z.number() }).nullish(),
      pearson: z.object({ r: z.number() }).nullish(),
      spearman: z.object({ rho: z.number() }).nullish(),
    }),
  ),
  special: z.object({
    t_ppf: z.array(Row),
    t_sf: z.array(Row),
    norm_ppf: z.array(Row),
    norm_sf: z.array(Row),
    gammaln: z.array(Row),
  }),
});

export interface GoldenFinding {
  readonly checked: number;
  readonly failures: readonly { readonly id: string; readonly message: string }[];
}

/**
 * Our statistics against a file of values made elsewhere (see golden/statistics.json). Bounds: t quantiles 1e-10 relative,
 * other values 1e-9, tails and p-values 1e-8; next to zero 1e-12 absolute. Throws ZodError where the file has another form.
 */
export function checkGoldenStatistics(file: unknown): GoldenFinding {
  const golden = GoldenStatistics.parse(file);
  const failures: { id: string; message: string }[] = [];
  let checked = 0;
  const close = (id: string, got: number, want: number, relative = 1e-9, absolute = 1e-12) => {
    checked++;
    if (Math.abs(got - want) <= Math.max(relative * Math.abs(want), absolute)) return;
    failures.push({ id, message: `got ${got}, want ${want}` });
  };
  const both = (id: string, got: readonly [number, number], want: readonly [number, number]) => {
    close(`${id} low`, got[0], want[0]);
    close(`${id} high`, got[1], want[1]);
  };
  const twoSided = (id: string, { t, df, p }: z.infer<typeof Test>) =>
    close(id, 2 * studentSurvival(Math.abs(t), df), p, 1e-8);

  for (const sample of golden.one_sample) {
    const { sample: id, values } = sample;
    close(`${id} mean`, mean(values), sample.mean);
    close(`${id} median`, median(values), sample.median);
    for (const [i, p] of sample.quantiles.p.entries()) {
      close(`${id} quantile ${p}`, quantile(values, p), sample.quantiles.linear[i]!);
    }
    if (sample.sd != null && values.length > 1) close(`${id} sd`, standardDeviation(values), sample.sd);
    // Three values and some spread: without them there is no skewness.
    if (sample.skewness_biased != null) close(`${id} skewness`, skewness(values) ?? Number.NaN, sample.skewness_biased);
    if (sample.t_interval_95 && sample.sd) both(`${id} interval`, studentInterval(values), sample.t_interval_95);
    if (sample.t_test_mean_3) twoSided(`${id} t test`, sample.t_test_mean_3);
  }
  for (const [i, { welch, student }] of golden.two_samples.entries()) {
    twoSided(`two samples ${i} welch`, welch);
    twoSided(`two samples ${i} student`, student);
  }
  for (const { name, a, b, t, sign_test_p } of golden.paired) {
    const differences = a.map((value, i) => value - b[i]!);
    both(`${name} interval`, studentInterval(differences), t.interval_95);
    twoSided(`${name} t test`, t);
    const wins = differences.filter((value) => value > 0).length;
    const losses = differences.filter((value) => value < 0).length;
    close(`${name} sign test`, signTestTwoSided(wins, losses), sign_test_p, 1e-8);
  }
  for (const { k, n, wilson_95, binomial_two_sided_p_half } of golden.proportions) {
    both(`${k} of ${n} wilson`, wilsonInterval(k, n), wilson_95);
    close(`${k} of ${n} binomial`, signTestTwoSided(k, n - k), binomial_two_sided_p_half, 1e-8);
  }
  for (const { name, x, y, linear, loglog, pearson, spearman } of golden.trends) {
    const line = leastSquares(x, y);
    close(`${name} slope`, line.slope, linear.slope);
    close(`${name} intercept`, line.intercept, linear.intercept);
    if (loglog) close(`${name} power`, leastSquares(x.map(Math.log), y.map(Math.log)).slope, loglog.slope);
    if (pearson) close(`${name} correlation`, correlation(x, y), pearson.r);
    if (spearman) close(`${name} rank correlation`, rankCorrelation(x, y), spearman.rho);
  }
  const { t_ppf, t_sf, norm_ppf, norm_sf, gammaln } = golden.special;
  for (const [p, df, want] of t_ppf) close(`t quantile ${p} ${df}`, studentQuantile(p!, df!), want!, 1e-10);
  for (const [t, df, want] of t_sf) close(`t tail ${t} ${df}`, studentSurvival(t!, df!), want!, 1e-8, 0);
  for (const [p, want] of norm_ppf) close(`normal quantile ${p}`, normalQuantile(p!), want!);
  for (const [z, want] of norm_sf) close(`normal tail ${z}`, normalSurvival(z!), want!, 1e-8, 0);
  for (const [x, want] of gammaln) close(`log gamma ${x}`, logGamma(x!), want!);
  return { checked, failures };
}
