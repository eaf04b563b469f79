import type { PartResult, RegisteredProtocol } from '@claimbench/contracts';
import { metricOf } from '../contrast.ts';
import { mean } from '../statistics/index.ts';
import type { ProtocolArm } from './arms.ts';
import { tunedArms } from './drafts.ts';
import { type History, tuningKey } from './history.ts';

const SKEWED_BLOCKS = 8;
const SKEWED = 1.5;

/** Remarks beside a verdict that never decide: fragile, skewed, underpowered, failed-runs. */
export function labelsOf(
  registered: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  grid: readonly number[],
  history: History,
  parts: readonly PartResult[],
  failedRuns: Readonly<Record<string, number>>,
): string[] {
  const fragile = parts.some((part) => flipsWithRate(part, registered, arms, grid, history));
  const skewed = parts.some(
    ({ n, skewness }) => n >= SKEWED_BLOCKS && skewness !== null && Math.abs(skewness) > SKEWED,
  );
  const underpowered = parts.some(
    ({ verdict, mde, margin }) => verdict === 'inconclusive' && mde !== null && mde > 2 * margin,
  );
  return [
    ...(fragile ? ['fragile'] : []),
    ...(skewed ? ['skewed'] : []),
    ...(underpowered ? ['underpowered'] : []),
    ...(Object.values(failedRuns).some((count) => count > 0) ? ['failed-runs'] : []),
  ];
}

/** Would the part come out the other way, by its estimate on the tuning runs, if all arms had kept one of the tried rates? */
function flipsWithRate(
  result: PartResult,
  { protocol }: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  grid: readonly number[],
  history: History,
): boolean {
  const part = protocol.parts.find(({ id }) => id === result.id);
  const { tuning } = protocol;
  if (!part || !tuning || result.verdict === 'inconclusive') return false;
  const { metric, scale, terms, shape, plus = 0 } = part.contrast;
  if (scale !== 'raw' || shape || terms.some((term) => term.metric)) return false;
  // Tuning runs stop at the trained model: they say nothing of what is done to it afterwards.
  const tunedAs = new Map<string, string>();
  for (const { arm, trainingKey, actsAfterwards } of arms) {
    if (actsAfterwards) continue;
    const tuned = tunedArms(protocol, arms, 'first').find((candidate) => candidate.trainingKey === trainingKey);
    if (tuned) tunedAs.set(arm.id, tuned.arm.id);
  }
  if (terms.some(({ arm }) => !tunedAs.has(arm))) return false;
  return grid.some((rate) => {
    const effects = Array.from({ length: tuning.seeds }, (_, block) =>
      terms.reduce((total, { arm, coefficient }) => {
        const key = tuningKey('first', tunedAs.get(arm)!, rate);
        return total + coefficient * metricOf(history.outcome(key, block)!, metric, key, block);
      }, plus),
    );
    return favours(result, mean(effects)) !== (result.verdict === 'supported');
  });
}

function favours({ template, margin }: PartResult, effect: number): boolean {
  switch (template) {
    case 'not-worse':
      return effect > -margin;
    case 'within':
      return Math.abs(effect) < margin;
    default:
      return effect >= margin;
  }
}
