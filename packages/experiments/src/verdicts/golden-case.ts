import { z } from 'zod';
import {
  anytimeInterval,
  type Estimate,
  estimateFromBlocks,
  estimateFromItems,
  mean,
  wilsonInterval,
} from '../statistics/index.ts';
import {
  associationContrasts,
  dispersionContrasts,
  frontierGap,
  timeToTargetContrasts,
  trendContrasts,
} from './contrasts.ts';
import { judgeCount } from './count.ts';
import { judgeExact } from './exact.ts';
import { judgeGap } from './gap.ts';
import { type Judgement, judge } from './judgement.ts';
import { sizeLadder } from './ladder.ts';
import { FIXED_LEVEL, levelAt } from './plans.ts';
import { combine, judgePart, quantifierRule } from './quantifiers.ts';
import { judgeRate } from './rate.ts';
import { judgeSpeed } from './speed.ts';

/** One case of a golden file: a rule's name, its input, and what must come out (see golden/verdicts.json). */
export const GoldenCase = z.object({
  id: z.string(),
  rule: z.string(),
  shows: z.string().optional(),
  input: z.record(z.string(), z.unknown()),
  expect: z.record(z.string(), z.unknown()),
});
export type GoldenCase = z.infer<typeof GoldenCase>;

const Numbers = z.array(z.number()).min(1);
const Rows = z.array(Numbers).min(1);
const PlanName = z.enum(['fixed', 'standard', 'cheap']);
const Sample = z.object({
  template: z.enum(['greater', 'not-worse', 'within']),
  d: Numbers.optional(),
  items: Rows.optional(),
  delta: z.number(),
});

function levelOf(plan: z.infer<typeof PlanName>, n: number): number {
  return plan === 'fixed' ? FIXED_LEVEL : levelAt({ name: plan }, n);
}

function estimateOf(sample: { d?: number[] | undefined; items?: number[][] | undefined }): Estimate {
  if (sample.items) return estimateFromItems(sample.items);
  if (sample.d) return estimateFromBlocks(sample.d);
  throw new RangeError('a sample has contrasts `d` or `items`');
}

function report(judgement: Judgement) {
  const { verdict, reason, effect, interval, n, standardError, level, detectable } = judgement;
  return { verdict, reason, effect, interval, n, se: standardError, level, mde: detectable };
}

function judgeContrasts(contrasts: number[], delta: number, plan: z.infer<typeof PlanName>) {
  return {
    contrasts,
    ...report(judge(estimateFromBlocks(contrasts), 'greater', delta, levelOf(plan, contrasts.length))),
  };
}

const RULES: Record<string, (input: unknown) => Record<string, unknown>> = {
  verdict(input) {
    const { template, delta, plan, ...sample } = Sample.extend({ plan: PlanName }).parse(input);
    const estimate = estimateOf(sample);
    return report(judge(estimate, template, delta, levelOf(plan, estimate.n)));
  },

  combine(input) {
    const { quantifier, parts, plan } = z
      .object({ quantifier: z.enum(['all', 'any', 'most', 'mean']), parts: z.array(Sample).min(1), plan: PlanName })
      .parse(input);
    const estimates = parts.map(estimateOf);
    const level = levelOf(plan, estimates[0]!.n);
    if (quantifier === 'mean') {
      const first = parts[0]!;
      const contrasts = estimates[0]!.contrasts.map((_, block) => mean(estimates.map((e) => e.contrasts[block]!)));
      return report(judge(estimateFromBlocks(contrasts), first.template, first.delta, level));
    }
    const rule = quantifierRule(quantifier, parts.length, level);
    const judgements = parts.map((part, i) =>
      judgePart((at) => judge(estimates[i]!, part.template, part.delta, at), rule),
    );
    const combination = combine(
      judgements.map((judgement) => judgement.verdict),
      rule,
    );
    return { ...combination, parts: judgements.map(report) };
  },

  rate(input) {
    const { pairs, delta } = z
      .object({ pairs: z.array(z.tuple([z.boolean(), z.boolean()])).min(1), delta: z.number() })
      .parse(input);
    return { ...judgeRate(pairs, delta) };
  },

  speed(input) {
    const { x, aa, plan } = z.object({ x: Numbers, aa: Numbers, plan: PlanName }).parse(input);
    const judgement = judgeSpeed(x, aa, levelOf(plan, x.length));
    return { ...report(judgement), aa: judgement.baselineAgainstItself, delta: judgement.margin };
  },

  slope(input) {
    const { x, Y, delta, plan } = z.object({ x: Numbers, Y: Rows, delta: z.number(), plan: PlanName }).parse(input);
    return judgeContrasts(trendContrasts(x, Y), delta, plan);
  },

  gap(input) {
    const { base, arm, ref, share, gapDelta, plan } = z
      .object({ base: Numbers, arm: Numbers, ref: Numbers, share: z.number(), gapDelta: z.number(), plan: PlanName })
      .parse(input);
    return report(judgeGap({ base, arm, reference: ref }, share, gapDelta, levelOf(plan, base.length)));
  },

  frontier(input) {
    const { costA, qualityA, costB, qualityB } = z
      .object({ costA: Numbers, qualityA: Numbers, costB: Numbers, qualityB: Numbers })
      .parse(input);
    return { effect: frontierGap({ cost: costA, quality: qualityA }, { cost: costB, quality: qualityB }) };
  },

  dispersion(input) {
    const { base, technique, delta, plan } = z
      .object({ base: Rows, technique: Rows, delta: z.number(), plan: PlanName })
      .parse(input);
    return judgeContrasts(dispersionContrasts(base, technique), delta, plan);
  },

  association(input) {
    const { r, control, delta, plan } = z
      .object({ r: Numbers, control: Numbers, delta: z.number(), plan: PlanName })
      .parse(input);
    return judgeContrasts(associationContrasts(r, control), delta, plan);
  },

  timeToTarget(input) {
    const Steps = z.array(z.number().nullable()).min(1);
    const { base, technique, budget, delta, plan } = z
      .object({ base: Steps, technique: Steps, budget: z.number(), delta: z.number(), plan: PlanName })
      .parse(input);
    return judgeContrasts(timeToTargetContrasts(base, technique, budget), delta, plan);
  },

  ladder(input) {
    const { params, Y, delta, plan } = z
      .object({ params: Numbers, Y: Rows, delta: z.number(), plan: PlanName })
      .parse(input);
    return { ...sizeLadder(params, Y, delta, levelOf(plan, Y.length)) };
  },

  wilson(input) {
    const { x, n } = z.object({ x: z.number(), n: z.number() }).parse(input);
    return { interval: wilsonInterval(x, n) };
  },

  anytime(input) {
    const { d, alpha, g } = z.object({ d: Numbers, alpha: z.number(), g: z.number() }).parse(input);
    return { interval: anytimeInterval(d, alpha, g) };
  },

  identity(input) {
    return {
      ...judgeExact(z.object({ cases: z.number(), mismatches: z.number(), mutantCaught: z.boolean() }).parse(input)),
    };
  },

  count(input) {
    const counted = z
      .object({
        values: Numbers,
        claimed: z.number(),
        relation: z.enum(['=', 'about', '<', '<=', '>', '>=', 'up-to', 'at-least']),
        decimals: z.number().int().nonnegative(),
      })
      .parse(input);
    return { ...judgeCount(counted) };
  },
};

/** null when everything expected came out, else the first difference in words. */
export function checkGoldenCase(golden: GoldenCase): string | null {
  const rule = RULES[golden.rule];
  if (!rule) return `unknown rule ${golden.rule}; known: ${Object.keys(RULES).join(', ')}`;
  try {
    return difference(rule(golden.input), golden.expect, golden.rule);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** Numbers agree within 1e-8 relative or 1e-10 absolute; null stands for infinity and for "no value"; words exactly. */
function difference(got: unknown, want: unknown, where: string): string | null {
  if (typeof want === 'number') {
    if (typeof got !== 'number') return `${where}: got ${String(got)}, want ${want}`;
    return Math.abs(got - want) <= Math.max(1e-8 * Math.abs(want), 1e-10) ? null : `${where}: got ${got}, want ${want}`;
  }
  if (want === null) {
    const absent = got === null || (typeof got === 'number' && !Number.isFinite(got));
    return absent ? null : `${where}: got ${String(got)}, want none`;
  }
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return `${where}: got ${JSON.stringify(got)}`;
    return firstDifference(want.map((value, i) => difference(got[i], value, `${where}[${i}]`)));
  }
  if (typeof want === 'object') {
    if (typeof got !== 'object' || got === null) return `${where}: got ${String(got)}`;
    const values = new Map(Object.entries(got));
    return firstDifference(
      Object.entries(want as object).map(([key, value]) => difference(values.get(key), value, `${where}.${key}`)),
    );
  }
  return got === want ? null : `${where}: got ${String(got)}, want ${String(want)}`;
}

function firstDifference(found: (string | null)[]): string | null {
  return found.find((message) => message !== null) ?? null;
}
