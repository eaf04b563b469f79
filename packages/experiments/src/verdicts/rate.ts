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
  /**
   * Share of pairs in which only the baseline would have to fail, so that this many pairs support the claim in 4 of 5 tries; null
   * where even all of them could not.
   */
  readonly detectable: number | null;
}

const SIGN_TEST_LEVEL = 0.025;
const INTERVAL_TAIL = 0.012;

/**
 * "The technique fails less often": margin in points of the failure rate (docs/method.md, template rate). `pooled`: pairs of an
 * earlier registration are among them, and each of the two errors is allowed half as often, because it had its chance before.
 */
export function judgeRate(
  pairs: readonly FailurePair[],
  margin: number,
  { pooled = false }: { pooled?: boolean } = {},
): RateJudgement {
  const share = pooled ? 0.5 : 1;
  const tail = share * INTERVAL_TAIL;
  const signLevel = share * SIGN_TEST_LEVEL;
  const n = pairs.length;
  if (n === 0) throw new RangeError('a rate needs pairs');
  const baselineOnly = pairs.filter(([baseline, technique]) => baseline && !technique).length;
  const techniqueOnly = pairs.filter(([baseline, technique]) => technique && !baseline).length;
  const baselineFailed = pairs.filter(([baseline]) => baseline).length;
  const effect = (baselineOnly - techniqueOnly) / n;
  const interval = bonettPriceInterval(baselineOnly, techniqueOnly, n, tail);
  const p = signTest(baselineOnly, techniqueOnly);
  const common = { effect, interval, n, p, level: 1 - 2 * tail, detectable: detectableShare(n, margin, signLevel) };
  // Nothing failed: the setting never put the claim to the test, however many pairs agree on that.
  if (baselineFailed < 2 && techniqueOnly <= baselineOnly) {
    return { ...common, verdict: 'inconclusive', reason: 'not-stressed' };
  }
  if (p <= signLevel && effect >= margin) return { ...common, verdict: 'supported', reason: 'fails-less' };
  if (interval[1] < margin) {
    return { ...common, verdict: 'contradicted', reason: interval[1] < 0 ? 'opposite' : 'not-material' };
  }
  return { ...common, verdict: 'inconclusive', reason: 'too-noisy' };
}

const POWER = 0.8;

/** Smallest share of one-sided discordant pairs, in steps of a thousandth, that n pairs find with the wanted power. */
function detectableShare(n: number, margin: number, level: number): number | null {
  let least = Math.max(1, Math.ceil(margin * n - 1e-9));
  while (least <= n && signTest(least, 0) > level) least++;
  if (least > n) return null;
  for (let thousandths = 1; thousandths < 1000; thousandths++) {
    if (binomialUpper(n, least, thousandths / 1000) >= POWER) return thousandths / 1000;
  }
  return 1;
}

/** P(at least `least` of n) at probability p, 0 < p < 1. */
function binomialUpper(n: number, least: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let k = 0; k < least; k++) {
    below += term;
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return 1 - below;
}
