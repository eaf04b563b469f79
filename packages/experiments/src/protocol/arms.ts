import {
  type Arm,
  canonicalJson,
  NO_TECHNIQUE,
  type Protocol,
  type SubjectTemplate,
  type TechniqueSpec,
  TIMED_METRICS,
} from '@claimbench/contracts';
import type { ResolvedTechnique } from '@claimbench/techniques';
import { completeSpec, resolveTechnique, trainedWith } from '../plan/technique.ts';

/** An arm with its technique resolved. */
export interface ProtocolArm {
  readonly arm: Arm;
  readonly technique: ResolvedTechnique;
  /** The technique with all its parameters. */
  readonly spec: TechniqueSpec;
  /** Whether its model is trained in a way of its own; else it is the plain base. */
  readonly trains: boolean;
  /** What the model is trained with: the technique, the part of it that training reads, or none where it acts afterwards. */
  readonly trainedWith: TechniqueSpec;
  /** Whether something is done to the model after its training: then its runs start from a base. */
  readonly actsAfterwards: boolean;
  /** Arms that train the same model have the same key, and one tuned rate: the subject, and what it is trained with. */
  readonly trainingKey: string;
  /** Whether a clock is read for it, or for an arm with the same technique on the same subject. A timed run has a machine to itself: no other is one. */
  readonly timed: boolean;
}

/** The subject of an arm at the first size: its own, or the protocol's. */
export function subjectTemplate(protocol: Protocol, arm: Arm): SubjectTemplate {
  return arm.subject ?? protocol.subject;
}

/** The arms of a protocol. Throws AppError `unknown-technique` or `invalid-parameters`. */
export function protocolArms(protocol: Protocol): ProtocolArm[] {
  const resolved = protocol.arms.map((arm) => {
    const technique = resolveTechnique(arm.technique);
    const spec = completeSpec(technique);
    const training = trainedWith(technique);
    const keyOf = (of: TechniqueSpec) => canonicalJson({ subject: subjectTemplate(protocol, arm), technique: of });
    return { arm, technique, spec, specKey: keyOf(spec), training, trainingKey: keyOf(training) };
  });
  const clocked = clockedArms(protocol);
  const timed = new Set(resolved.flatMap(({ arm, specKey }) => (clocked.has(arm.id) ? specKey : [])));
  return resolved.map(({ specKey, training, ...arm }) => ({
    ...arm,
    trains: training.id !== NO_TECHNIQUE.id,
    trainedWith: training,
    actsAfterwards: specKey !== arm.trainingKey,
    timed: protocol.timing !== undefined && timed.has(specKey),
  }));
}

/** Ids of the arms of which anything reads what a clock measured. */
function clockedArms({ parts, premises, controls }: Protocol): ReadonlySet<string> {
  const judged = [...parts, ...premises, ...controls.flatMap(({ part }) => part ?? [])];
  return new Set(
    judged.flatMap(({ contrast }) =>
      contrast.terms.flatMap(({ arm, metric = contrast.metric }) => (TIMED_METRICS.includes(metric) ? arm : [])),
    ),
  );
}

/** Keys of the models that the arms with these ids train. */
export function trainingKeysOf(arms: readonly ProtocolArm[], ids: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(arms.filter(({ arm }) => ids.has(arm.id)).map(({ trainingKey }) => trainingKey));
}
