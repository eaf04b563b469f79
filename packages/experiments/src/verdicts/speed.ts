import { estimateFromBlocks, halfWidth } from '../statistics/index.ts';
import { type Judgement, judge } from './judgement.ts';

/** The field's "materially different": 2 %. */
export const SPEED_MARGIN = Math.log(1.02);

export interface SpeedJudgement extends Judgement {
  /** 95 % interval of the baseline against itself in the same sitting. */
  readonly baselineAgainstItself: readonly [number, number];
  readonly margin: number;
}

/**
 * ln(time of the baseline / time of the technique), one value a process, judged only if the machine could have told:
 * the baseline against itself must include 1 (99 %), and its 95 % half-width must stay below max(3 %, |effect| / 4).
 */
export function judgeSpeed(
  logRatios: readonly number[],
  baselineAgainstItself: readonly number[],
  level: number,
  margin: number = SPEED_MARGIN,
): SpeedJudgement {
  const judgement = judge(estimateFromBlocks(logRatios), 'greater', margin, level);
  const twin = estimateFromBlocks(baselineAgainstItself);
  const half = halfWidth(twin, 0.025);
  const strict = halfWidth(twin, 0.005);
  const interval = [twin.effect - half, twin.effect + half] as const;
  const biased = twin.effect - strict > 0 || twin.effect + strict < 0;
  const noisy = half > Math.max(0.03, Math.abs(judgement.effect) / 4);
  const refused = biased || noisy ? ({ verdict: 'inconclusive', reason: 'machine-refused' } as const) : {};
  return { ...judgement, ...refused, baselineAgainstItself: interval, margin };
}
