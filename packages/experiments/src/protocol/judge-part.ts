import { METRICS, type Part, type PartResult } from '@claimbench/contracts';
import {
  estimateContrast,
  itemContrasts,
  MissingMetric,
  metricOf,
  type OutcomesByArm,
  outcomeOf,
} from '../contrast.ts';
import {
  type Estimate,
  estimateFromBlocks,
  mean,
  skewness,
  standardDeviation,
  variance,
  withoutVariation,
} from '../statistics/index.ts';
import {
  examineMachine,
  type FailurePair,
  type IntervalTemplate,
  judge,
  judgeCount,
  judgeExact,
  judgePart,
  judgePooled,
  judgeRate,
  LEAST_CASES,
  type QuantifierRule,
} from '../verdicts/index.ts';

/** What a part is judged on. */
export interface PartContext {
  readonly outcomes: OutcomesByArm;
  /** The judged blocks: 0 .. n - 1 of the look. */
  readonly blocks: readonly number[];
  readonly rule: QuantifierRule;
  /** A single published checkpoint: where nothing random is left, its items are the blocks. */
  readonly scope: 'recipe' | 'checkpoint';
  /** For template exact: whether the broken copy was noticed. */
  readonly mutantCaught: boolean;
  /** Contrasts of earlier registrations of the same protocol, by part; empty for the first. */
  readonly earlier?: ReadonlyMap<string, readonly number[]>;
}

/** Judges one part of a protocol (or of its controls) from the outcomes. Throws MissingMetric where a metric is undefined. */
export function judgeProtocolPart(part: Part, context: PartContext): PartResult {
  switch (part.template) {
    case 'rate':
      return judgeRatePart(part, context);
    case 'exact':
      return judgeExactPart(part, context);
    case 'count':
      return judgeCountPart(part, context);
    default:
      return judgeIntervalPart(part, part.template, context);
  }
}

function judgeIntervalPart(part: Part, template: IntervalTemplate, context: PartContext): PartResult {
  const estimate = estimateOf(part, context);
  const margin = marginOf(part, context);
  const before = context.earlier?.get(part.id) ?? [];
  const contrasts = [...before, ...estimate.contrasts];
  const judgement = judgePart(
    (level) =>
      before.length > 0 ? judgePooled(contrasts, template, margin, level) : judge(estimate, template, margin, level),
    context.rule,
  );
  const refused = part.contrast.metric === 'timeRatio' && machineRefuses(part, context, judgement.effect);
  return {
    ...describe(part, context, contrasts),
    verdict: refused ? 'inconclusive' : judgement.verdict,
    reason: refused ? 'machine-refused' : judgement.reason,
    effect: judgement.effect,
    interval: [finite(judgement.interval[0]), finite(judgement.interval[1])],
    level: judgement.level,
    margin,
    n: judgement.n,
    mde: judgement.detectable === null ? null : finite(judgement.detectable),
  };
}

/** Whether the machine could have told the times apart, by the baseline against itself in the same processes. */
function machineRefuses({ contrast }: Part, { outcomes, blocks }: PartContext, effect: number): boolean {
  return contrast.terms.some(({ arm }) => {
    const timings = (name: string) =>
      blocks.map((block) => {
        const value = outcomeOf(outcomes, arm, block).timings[name];
        if (value === undefined) throw new MissingMetric(`arm ${arm}, block ${block} was not timed: no ${name}`);
        return value;
      });
    // An outcome from before this was measured cannot say that the machine was left to it.
    const others = blocks.map((block) => outcomeOf(outcomes, arm, block).timings.othersShare ?? 1);
    const state = {
      othersShare: Math.max(...others),
      preemptedShare: mean(timings('preemptedShare')),
    };
    return examineMachine(timings('twinTimeRatio'), effect, state).refused;
  });
}

/** Blocks are the unit; only for a single checkpoint on which seeds change nothing do 200 items and more take their place. */
function estimateOf(part: Part, { outcomes, blocks, scope }: PartContext): Estimate {
  const estimate = estimateContrast(part.contrast, outcomes, blocks);
  if (scope === 'recipe' || !withoutVariation(estimate)) return estimate;
  const items = itemContrasts(part.contrast, outcomes, blocks[0]!);
  return items && items.length >= LEAST_CASES ? estimateFromBlocks(items) : estimate;
}

/** One contrast a block, in the form in which a verdict stores and pools them. */
export function contrastsOf(part: Part, outcomes: OutcomesByArm, blocks: readonly number[]): number[] {
  if (blocks.length === 0) return [];
  if (part.template === 'rate') return ratePairs(part, outcomes, blocks).map(rateContrast);
  return [...estimateContrast(part.contrast, outcomes, blocks).contrasts];
}

function ratePairs({ contrast: { terms } }: Part, outcomes: OutcomesByArm, blocks: readonly number[]): FailurePair[] {
  const failed = (arm: string, block: number) => outcomeOf(outcomes, arm, block).diverged !== null;
  const pairs: FailurePair[] = [];
  for (let term = 0; term + 1 < terms.length; term += 2) {
    for (const block of blocks) pairs.push([failed(terms[term]!.arm, block), failed(terms[term + 1]!.arm, block)]);
  }
  return pairs;
}

function rateContrast([baseline, technique]: FailurePair): number {
  return Number(baseline) - Number(technique);
}

/**
 * Pairs of earlier registrations, from their contrasts. Where both failed or neither did the contrast is 0 alike, and it counts as
 * neither: that only makes `not-stressed` likelier.
 */
function pairOf(contrast: number): FailurePair {
  return [contrast > 0, contrast < 0];
}

function judgeRatePart(part: Part, context: PartContext): PartResult {
  const margin = marginOf(part, context);
  const before = (context.earlier?.get(part.id) ?? []).map(pairOf);
  const pairs = [...before, ...ratePairs(part, context.outcomes, context.blocks)];
  const { verdict, reason, effect, interval, level, n, detectable } = judgeRate(pairs, margin, {
    pooled: before.length > 0,
  });
  const contrasts = pairs.map(rateContrast);
  return {
    ...describe(part, context, contrasts),
    unit: 'share of runs that fail',
    sdUnpaired: null,
    verdict,
    reason,
    effect,
    interval: [...interval],
    level,
    margin,
    n,
    mde: detectable,
  };
}

function judgeExactPart(part: Part, context: PartContext): PartResult {
  const margin = marginOf(part, context);
  const differences = context.blocks.flatMap(
    (block) =>
      itemContrasts(part.contrast, context.outcomes, block) ??
      estimateContrast(part.contrast, context.outcomes, [block]).contrasts,
  );
  const mismatches = differences.filter((difference) => Math.abs(difference) > margin).length;
  const { mutantCaught } = context;
  const { verdict, reason, mismatchRateBelow } = judgeExact({ cases: differences.length, mismatches, mutantCaught });
  return {
    ...describe(part, context, estimateContrast(part.contrast, context.outcomes, context.blocks).contrasts),
    unit: 'share of cases that differ',
    verdict,
    reason,
    effect: mismatches / differences.length,
    interval: [0, mismatchRateBelow ?? 1],
    level: 0.95,
    margin,
    n: differences.length,
    mde: mismatchRateBelow,
  };
}

function judgeCountPart(part: Part, context: PartContext): PartResult {
  if (!part.counted) throw new RangeError(`the part ${part.id} counts, but names no counted claim`);
  const estimate = estimateContrast(part.contrast, context.outcomes, context.blocks);
  const values = estimate.contrasts.map((value) => (part.contrast.scale === 'log' ? Math.exp(value) : value));
  const { verdict, reason, effect } = judgeCount({ values, ...part.counted });
  return {
    ...describe(part, context, values),
    unit: part.contrast.scale === 'log' ? 'ratio' : METRICS[part.contrast.metric].unit,
    verdict,
    reason,
    effect,
    interval: [effect, effect],
    level: 1,
    margin: 0,
    n: values.length,
    mde: null,
  };
}

/** What is stored of every part besides its judgement. */
function describe(part: Part, context: PartContext, contrasts: readonly number[]) {
  return {
    id: part.id,
    ...(part.claimed === undefined ? {} : { claimed: part.claimed }),
    statement: part.statement,
    template: part.template,
    unit: unitOf(part.contrast),
    sdPaired: contrasts.length < 2 ? null : standardDeviation(contrasts),
    sdUnpaired: sdUnpaired(part, context),
    shareAbove0: contrasts.filter((value) => value > 0).length / contrasts.length,
    worstBlock: Math.min(...contrasts),
    skewness: skewness(contrasts),
    contrasts: [...contrasts],
  };
}

/** The unit of a contrast, and so of its effect, margin and claimed value. */
function unitOf({ metric, scale, shape }: Part['contrast']): string {
  if (shape?.kind === 'dispersion') return `ln ratio of the spread of ${metric}`;
  if (shape?.kind === 'exponent') return `exponent of ${metric}`;
  if (scale === 'log') return `ln ${metric}`;
  if (scale === 'atanh') return `atanh ${metric}`;
  return METRICS[metric].unit;
}

/** The spread that the contrast would have if its arms were run on unrelated seeds. */
function sdUnpaired({ contrast }: Part, { outcomes, blocks }: PartContext): number | null {
  // Of a slope or a frontier there is no such simple sum.
  if (blocks.length < 2 || contrast.shape || contrast.scale === 'atanh') return null;
  const total = contrast.terms.reduce((sum, { arm, coefficient, metric = contrast.metric }) => {
    const values = blocks.map((block) => {
      const value = metricOf(outcomeOf(outcomes, arm, block), metric, arm, block);
      return contrast.scale === 'log' ? Math.log(value) : value;
    });
    return sum + coefficient ** 2 * variance(values);
  }, 0);
  return Math.sqrt(total);
}

/** The margin in the contrast's unit; a relative one is a share of the named arm's mean over the judged blocks. */
export function marginOf(
  { margin, contrast }: Part,
  { outcomes, blocks }: Pick<PartContext, 'outcomes' | 'blocks'>,
): number {
  if (margin.kind === 'absolute') return margin.value;
  const values = blocks.map((block) =>
    metricOf(outcomeOf(outcomes, margin.of, block), contrast.metric, margin.of, block),
  );
  return margin.value * Math.abs(mean(values));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
