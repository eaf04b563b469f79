import { type Arm, canonicalJson, NO_TECHNIQUE, type Protocol, type TechniqueSpec } from '@claimbench/contracts';
import type { ResolvedTechnique } from '@claimbench/techniques';
import { completeSpec, resolveTechnique, trainsItsSubject } from '../plan/technique.ts';

/** An arm with its technique resolved. */
export interface ProtocolArm {
  readonly arm: Arm;
  readonly technique: ResolvedTechnique;
  /** The technique with all its parameters. */
  readonly spec: TechniqueSpec;
  /** Whether its runs train a model of their own (a technique in the architecture); else they start from the base. */
  readonly trains: boolean;
  /** What the model is trained with: the technique itself, or none where it acts afterwards. */
  readonly trainedWith: TechniqueSpec;
  /** Arms that train the same model have the same key, and one tuned rate. */
  readonly trainingKey: string;
}

/** The arms of a protocol. Throws AppError `unknown-technique` or `invalid-parameters`. */
export function protocolArms(protocol: Protocol): ProtocolArm[] {
  return protocol.arms.map((arm) => {
    const technique = resolveTechnique(arm.technique);
    const spec = completeSpec(technique);
    const trainsItself = trainsItsSubject(technique);
    const trainedWith = trainsItself ? spec : NO_TECHNIQUE;
    return {
      arm,
      technique,
      spec,
      trains: trainsItself && technique.id !== NO_TECHNIQUE.id,
      trainedWith,
      trainingKey: canonicalJson(trainedWith),
    };
  });
}
