import { estimateFromBlocks, halfWidth } from '../statistics/index.ts';
import { type Judgement, judge } from './judgement.ts';

/** The field's "materially different": 2 %. */
export const SPEED_MARGIN = Math.log(1.02);

export interface SpeedJudgement extends Judgement {
  /** 95 % interval of the baseline against itself in the same sitting. */
  readonly baselineAgainstItself: readonly [number, number];
  readonly margin: number;
}

/** What else was seen of a machine while it was timed: the worst of all processes. */
export interface MachineState {
  /** Share of all cores' time that other processes had while it was timed. */
  readonly othersShare: number;
  /** Share of the samples that took more than three times as long as their median. */
  readonly preemptedShare: number;
}

/** Half a core on two of them; and one sample in fifty. */
const MOST_OTHERS = 0.25;
const MOST_PREEMPTED = 0.02;

export interface MachineFinding {
  readonly refused: boolean;
  /** 95 % interval of the baseline against itself. */
  readonly interval: readonly [number, number];
}

/**
 * Whether a machine could have told: the baseline against itself must include 1 (99 %), its 95 % half-width must stay below
 * max(3 %, |effect| / 4), and nothing else may have had the processor.
 */
export function examineMachine(
  baselineAgainstItself: readonly number[],
  effect: number,
  state: MachineState = { othersShare: 0, preemptedShare: 0 },
): MachineFinding {
  const twin = estimateFromBlocks(baselineAgainstItself);
  const half = halfWidth(twin, 0.025);
  const strict = halfWidth(twin, 0.005);
  const biased = twin.effect - strict > 0 || twin.effect + strict < 0;
  const noisy = half > Math.max(0.03, Math.abs(effect) / 4);
  const busy = state.othersShare > MOST_OTHERS || state.preemptedShare > MOST_PREEMPTED;
  return { refused: biased || noisy || busy, interval: [twin.effect - half, twin.effect + half] };
}

/** ln(time of the baseline / time of the technique), one value a process, judged only if the machine could have told. */
export function judgeSpeed(
  logRatios: readonly number[],
  baselineAgainstItself: readonly number[],
  level: number,
  margin: number = SPEED_MARGIN,
): SpeedJudgement {
  const judgement = judge(estimateFromBlocks(logRatios), 'greater', margin, level);
  const { refused, interval } = examineMachine(baselineAgainstItself, judgement.effect);
  const refusal = refused ? ({ verdict: 'inconclusive', reason: 'machine-refused' } as const) : {};
  return { ...judgement, ...refusal, baselineAgainstItself: interval, margin };
}
