import type { ControlResult, PartResult, Protocol, TuningResult, VerdictWord } from '@claimbench/contracts';
import type { ProtocolArm } from './arms.ts';
import { comparedKeys } from './tuning.ts';

/** What is known when a word is about to be spoken. */
export interface GuardInput {
  readonly protocol: Protocol;
  readonly arms: readonly ProtocolArm[];
  readonly controls: readonly ControlResult[];
  readonly tuning: readonly TuningResult[];
  /** The parts at the second size; null while it was not run. */
  readonly secondSize: readonly PartResult[] | null;
  readonly parts: readonly PartResult[];
}

/** Guard whose absence makes the second size worth running. */
export const SECOND_SIZE = 'second size';

/**
 * The guards that do not hold for a word, in words; empty when it may be spoken. A contradiction needs every control, equal
 * tuning of what was trained and, scaled down, the same sign at two sizes. Support needs the negative and bit controls and the
 * tuning. That a technique agrees with its equation is held by its tests: without them there is no build.
 */
export function missingGuards(word: VerdictWord, input: GuardInput): string[] {
  if (word === 'inconclusive') return [];
  const kinds: ControlResult['kind'][] =
    word === 'contradicted' ? ['positive', 'negative', 'bit'] : ['negative', 'bit'];
  const missing = kinds.flatMap((kind) => missingControl(kind, input.controls));
  missing.push(...missingTuning(input));
  if (word === 'contradicted' && missing.length === 0) missing.push(...missingSize(input));
  return missing;
}

function missingControl(kind: ControlResult['kind'], controls: readonly ControlResult[]): string[] {
  const ofKind = controls.filter((control) => control.kind === kind);
  if (ofKind.length === 0) return [`${kind} control: the protocol has none`];
  return ofKind
    .filter((control) => !control.passed)
    .map((control) => `${kind} control: ${control.statement.replace(/\.$/, '')}: ${control.finding}`);
}

/** Trained arms that are compared need three rates and two seeds each, the best not at the edge of the grid. */
function missingTuning({ protocol, arms, tuning }: GuardInput): string[] {
  const compared = new Set(protocol.parts.flatMap((part) => part.contrast.terms.map(({ arm }) => arm)));
  const trained = arms.filter(({ arm, trains }) => trains && arm.learningRate === null && compared.has(arm.id));
  if (trained.length === 0) return [];
  if (!protocol.tuning) {
    return ['equal tuning: the arms are trained at one rate for all'];
  }
  const decisive = comparedKeys(protocol, arms);
  const keyOf = new Map(arms.map(({ arm, trainingKey }) => [arm.id, trainingKey]));
  const atEdge = tuning.filter((result) => result.bestAtEdge && decisive.has(keyOf.get(result.arm)!));
  return atEdge.map(
    ({ arm, best }) => `equal tuning: the best rate of ${arm}, ${best}, is still at the edge of the grid`,
  );
}

function missingSize({ protocol, parts, secondSize }: GuardInput): string[] {
  if (protocol.grade !== 'scaled-down') return [];
  if (secondSize === null) {
    const why = protocol.secondSubject ? 'was not run yet' : 'is not part of the protocol';
    return [`${SECOND_SIZE}: it ${why}`];
  }
  const turned = parts.filter((part) => {
    const other = secondSize.find(({ id }) => id === part.id);
    return part.verdict === 'contradicted' && !(other && agrees(part, other));
  });
  return turned.map(
    ({ statement }) => `${SECOND_SIZE}: "${statement.replace(/\.$/, '')}" comes out the other way there`,
  );
}

/** The second size's own estimate lies on the contradicting side of the claim too. */
function agrees(part: PartResult, other: PartResult): boolean {
  switch (part.template) {
    case 'greater':
    case 'rate':
      return other.effect < other.margin;
    case 'not-worse':
      return other.effect < -other.margin;
    case 'within':
      return Math.abs(other.effect) > other.margin && Math.sign(other.effect) === Math.sign(part.effect);
    case 'exact':
    case 'count':
      return other.verdict === 'contradicted';
  }
}
