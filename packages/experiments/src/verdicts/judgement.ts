import type { VerdictWord } from '@claimbench/contracts';
import { type Estimate, halfWidth, studentQuantile, withoutVariation } from '../statistics/index.ts';

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
  const [verdict, reason] = decide(estimate, template, margin, level, half);
  return { ...common, verdict, reason, interval: [effect - half, effect + half], detectable };
}

function decide(
  estimate: Estimate,
  template: IntervalTemplate,
  margin: number,
  level: number,
  half: number,
): [VerdictWord, string] {
  const { effect } = estimate;
  const low = effect - half;
  const high = effect + half;
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
      const wider = halfWidth(estimate, level / 2);
      if (effect - wider > margin || effect + wider < -margin) return ['contradicted', 'differs'];
      return ['inconclusive', 'too-noisy'];
    }
  }
}
