import type { VerdictWord } from '@claimbench/contracts';
import { bonettPriceInterval, signTest } from '../statistics/index.ts';

/** A run of the baseline and one of the technique under the same seed and setting: did each of them fail? */
export type FailurePair = readonly [baselineFailed: boolean, techniqueFailed: boolean];

export interface RateJudgement {
  readonly verdict: VerdictWord;
  readonly reason: string;
  /** Failure rate of the baseline minus that of the technique. */
  readonly effect: number;
  readonly interval: readonly [number, number];
  readonly n: number;
  /** One-sided exact sign test on the discordant pairs. */
  readonly p: number;
  readonly level: number;
}

const SIGN_TEST_LEVEL = 0.025;
const INTERVAL_TAIL = 0.012;

/** "The technique fails less often": margin in points of the failure rate (docs/method.md, template rate). */
export function judgeRate(pairs: readonly FailurePair[], margin: number): RateJudgement {
  const n = pairs.length;
  if (n === 0) throw new RangeError('a rate needs pairs');
  const baselineOnly = pairs.filter(([baseline, technique]) => baseline && !technique).length;
  const techniqueOnly = pairs.filter(([baseline, technique]) => technique && !baseline).length;
  const baselineFailed = pairs.filter(([baseline]) => baseline).length;
  const effect = (baselineOnly - techniqueOnly) / n;
  const interval = bonettPriceInterval(baselineOnly, techniqueOnly, n, INTERVAL_TAIL);
  const p = signTest(baselineOnly, techniqueOnly);
  const common = { effect, interval, n, p, level: 1 - 2 * INTERVAL_TAIL };
  // Nothing failed: the setting never put the claim to the test, however many pairs agree on that.
  if (baselineFailed < 2 && techniqueOnly <= baselineOnly) {
    return { ...common, verdict: 'inconclusive', reason: 'not-stressed' };
  }
  if (p <= SIGN_TEST_LEVEL && effect >= margin) return { ...common, verdict: 'supported', reason: 'fails-less' };
  if (interval[1] < margin) {
    return { ...common, verdict: 'contradicted', reason: interval[1] < 0 ? 'opposite' : 'not-material' };
  }
  return { ...common, verdict: 'inconclusive', reason: 'too-noisy' };
}
