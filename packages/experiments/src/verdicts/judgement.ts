import type { VerdictWord } from '@claimbench/contracts';
import {
  anytimeInterval,
  type Estimate,
  estimateFromBlocks,
  halfWidth,
  studentQuantile,
  withoutVariation,
} from '../statistics/index.ts';

/** Templates that judge an estimate with an interval; rate, exact and count have their own functions. */
export type IntervalTemplate = 'greater' | 'not-worse' | 'within';

/** What one contrast shows at one look. Ends of the interval are infinite where a single block was measured. */
export interface Judgement {
  readonly verdict: VerdictWord;
  readonly reason: string;
  readonly effect: number;
  readonly interval: readonly [number, number];
  readonly n: number;
  readonly standardError: number;
  /** Two-sided confidence of the interval: 1 - 2 x the one-sided level. */
  readonly level: number;
  /** Effect that would have been found in 4 of 5 tries (within: 9 of 10); null where the spread is unknown. */
  readonly detectable: number | null;
}

/**
 * Judges an estimate oriented so that the claim says it is above 0. `level` is the one-sided error level of the look,
 * `margin` >= 0 the smallest effect that counts, in the estimate's unit. See docs/method.md, "Templates".
 */
export function judge(estimate: Estimate, template: IntervalTemplate, margin: number, level: number): Judgement {
  if (!(margin >= 0)) throw new RangeError(`a margin is at least 0, found ${margin}`);
  if (!(level > 0 && level < 0.5)) throw new RangeError(`a one-sided level lies between 0 and 0.5, found ${level}`);
  const { effect, n, standardError } = estimate;
  const half = halfWidth(estimate, level);
  const common = { effect, n, standardError, level: 1 - 2 * level };
  if (withoutVariation(estimate)) {
    return {
      ...common,
      verdict: 'inconclusive',
      reason: 'no-variation',
      interval: [effect - half, effect + half],
      detectable: null,
    };
  }
  const power = template === 'within' ? 0.9 : 0.8;
  const detectable = n < 2 ? null : half + studentQuantile(power, n - 1) * standardError;
  const interval = [effect - half, effect + half] as const;
  const [verdict, reason] = decide(template, margin, { effect, low: interval[0], high: interval[1] }, () => {
    const wide = halfWidth(estimate, level / 2);
    return [effect - wide, effect + wide];
  });
  return { ...common, verdict, reason, interval, detectable };
}

/**
 * Judges blocks of several registrations together, by the interval that holds at every stopping time: how a protocol that was
 * registered again is decided, so that trying until it fits gains nothing. Items are not resolved here.
 */
export function judgePooled(
  contrasts: readonly number[],
  template: IntervalTemplate,
  margin: number,
  level: number,
): Judgement {
  const estimate = estimateFromBlocks(contrasts);
  const { effect, n, standardError } = estimate;
  const [low, high] = anytimeInterval(contrasts, 2 * level);
  const common = { effect, n, standardError, level: 1 - 2 * level, interval: [low, high] as const };
  if (withoutVariation(estimate))
    return { ...common, verdict: 'inconclusive', reason: 'no-variation', detectable: null };
  const [verdict, reason] = decide(template, margin, { effect, low, high }, () => anytimeInterval(contrasts, level));
  const power = template === 'within' ? 0.9 : 0.8;
  const detectable = n < 2 ? null : high - effect + studentQuantile(power, n - 1) * standardError;
  return { ...common, verdict, reason, detectable };
}

/** The templates' rules. `wider` gives the interval at half the level, which only a contradicted equality asks for. */
function decide(
  template: IntervalTemplate,
  margin: number,
  { effect, low, high }: { effect: number; low: number; high: number },
  wider: () => readonly [number, number],
): [VerdictWord, string] {
  switch (template) {
    case 'greater':
      if (low > 0 && effect >= margin) return ['supported', low >= margin ? 'strong' : 'positive'];
      if (high < margin) return ['contradicted', high < 0 ? 'opposite' : 'not-material'];
      return ['inconclusive', low > 0 ? 'direction-only' : 'too-noisy'];
    case 'not-worse':
      if (low > -margin) return ['supported', high < 0 ? 'within-margin-but-lower' : 'within-margin'];
      if (high < -margin) return ['contradicted', 'worse-than-margin'];
      return ['inconclusive', 'too-noisy'];
    case 'within': {
      if (low > -margin && high < margin) return ['supported', 'equal-within-margin'];
      const [lowest, highest] = wider();
      if (lowest > margin || highest < -margin) return ['contradicted', 'differs'];
      return ['inconclusive', 'too-noisy'];
    }
  }
}
