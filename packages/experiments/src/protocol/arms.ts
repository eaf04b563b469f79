import { type Arm, canonicalJson, NO_TECHNIQUE, type Protocol, type TechniqueSpec } from '@claimbench/contracts';
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
  /** Arms that train the same model have the same key, and one tuned rate. */
  readonly trainingKey: string;
}

/** The arms of a protocol. Throws AppError `unknown-technique` or `invalid-parameters`. */
export function protocolArms(protocol: Protocol): ProtocolArm[] {
  return protocol.arms.map((arm) => {
    const technique = resolveTechnique(arm.technique);
    const spec = completeSpec(technique);
    const training = trainedWith(technique);
    const trainingKey = canonicalJson(training);
    return {
      arm,
      technique,
      spec,
      trains: training.id !== NO_TECHNIQUE.id,
      trainedWith: training,
      actsAfterwards: canonicalJson(spec) !== trainingKey,
      trainingKey,
    };
  });
}
