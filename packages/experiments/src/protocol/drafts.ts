import type { Arm, PlannedRun, Protocol, RegisteredProtocol, RunSpec, SubjectSpec } from '@claimbench/contracts';
import type { RunDraft } from '../plan/planned-runs.ts';
import { PILOT_BLOCKS } from '../verdicts/index.ts';
import { type ProtocolArm, trainingKeysOf } from './arms.ts';
import { judgedKey, pilotKey, type Size, tuningKey } from './history.ts';
import { SEED_INDEX, seedAt } from './seeds.ts';

/** A run whose seed is still an index into the revealed sequence: what a stage consists of, known without any secret. */
export interface SeedlessDraft {
  readonly arm: string;
  readonly role: PlannedRun['role'];
  readonly block: number;
  readonly seedIndex: number;
  readonly fresh: boolean;
  /** The spec but for its seed. */
  readonly spec: Omit<RunSpec, 'seed'>;
}

/** Learning rates by training key; a key without one is trained at the recipe's rate. */
export type Rates = ReadonlyMap<string, number>;

/** The subject of an arm at the first size: its own, or the protocol's. */
export function subjectOf({ protocol, subject, armSubjects }: RegisteredProtocol, arm: Arm): SubjectSpec {
  if (!arm.subject) return subject;
  const own = armSubjects?.[arm.subject.name];
  if (!own) throw new RangeError(`the protocol ${protocol.id} was registered without the subject ${arm.subject.name}`);
  return own;
}

/** The subject of an arm at a size and a rate. Throws RangeError where it has no second size. */
function subjectAt(registered: RegisteredProtocol, arm: Arm, size: Size, rate: number | null | undefined): SubjectSpec {
  const subject = size === 'first' ? subjectOf(registered, arm) : arm.subject ? null : registered.secondSubject;
  if (!subject) throw new RangeError(`the arm ${arm.id} of the protocol ${registered.protocol.id} has no second size`);
  if (subject.kind === 'checkpoint' || rate == null) return subject;
  return { ...subject, training: { ...subject.training, learningRate: rate } };
}

function specOf(
  registered: RegisteredProtocol,
  arm: ProtocolArm,
  size: Size,
  rate: number | null | undefined,
): SeedlessDraft['spec'] {
  return {
    version: 1,
    subject: subjectAt(registered, arm.arm, size, rate),
    technique: arm.spec,
    evaluation: registered.evaluation,
    backend: registered.protocol.backend,
    ...(arm.timed && registered.protocol.timing ? { timing: registered.protocol.timing } : {}),
  };
}

/**
 * The arms whose training is tuned: one for each model that is trained, but for arms whose rate is part of the arm; at the second size
 * only models that the parts compare.
 */
export function tunedArms(protocol: Protocol, arms: readonly ProtocolArm[], size: Size): ProtocolArm[] {
  const ids = size === 'first' ? new Set(arms.map(({ arm }) => arm.id)) : comparedArms(protocol);
  const present = trainingKeysOf(arms, ids);
  const seen = new Set<string>();
  return arms.filter(({ arm, trainingKey }) => {
    if (arm.learningRate !== null || seen.has(trainingKey) || !present.has(trainingKey)) return false;
    seen.add(trainingKey);
    return true;
  });
}

/** Every tuned arm x rate x tuning seed, judged on the validation part: the same number of trials for each. */
export function tuningDrafts(
  registered: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  size: Size,
  rates: readonly number[],
): SeedlessDraft[] {
  const seeds = registered.protocol.tuning?.seeds ?? 0;
  return tunedArms(registered.protocol, arms, size).flatMap((arm) =>
    rates.flatMap((rate) => {
      // A rate is chosen by losses: no clock is read for it.
      const { timing: _, ...spec } = specOf(registered, arm, size, rate);
      return Array.from({ length: seeds }, (_, block): SeedlessDraft => {
        return {
          arm: tuningKey(size, arm.arm.id, rate),
          role: 'tuning',
          block,
          seedIndex: SEED_INDEX.tuning + block,
          fresh: false,
          // A tuned arm stands for the model that is trained; what is done to it afterwards has no part in the rate.
          spec: { ...spec, technique: arm.trainedWith, evaluation: { ...spec.evaluation, split: 'validation' } },
        };
      });
    }),
  );
}

/** The runs of all arms over `blocks` blocks; at the second size only those that the parts compare. */
export function judgedDrafts(
  registered: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  size: Size,
  blocks: number,
  rates: Rates,
): SeedlessDraft[] {
  const compared = comparedArms(registered.protocol);
  return arms.flatMap((protocolArm): SeedlessDraft[] => {
    const { arm, trainingKey } = protocolArm;
    if (size === 'second' && !compared.has(arm.id)) return [];
    const spec = specOf(registered, protocolArm, size, arm.learningRate ?? rates.get(trainingKey));
    const key = judgedKey(size, arm.id);
    const role = arm.role === 'control' || arm.seeds !== 'shared' ? 'control' : 'judged';
    if (arm.seeds === 'repeat') {
      return [{ arm: key, role, block: 0, seedIndex: SEED_INDEX.judged, fresh: true, spec }];
    }
    const first = arm.seeds === 'other' ? SEED_INDEX.other : SEED_INDEX.judged;
    return Array.from({ length: blocks }, (_, block): SeedlessDraft => {
      return { arm: key, role, block, seedIndex: first + block, fresh: false, spec };
    });
  });
}

/** The runs of a pilot: three blocks of what the parts compare, at the first size. */
export function pilotDrafts(
  registered: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  rates: Rates,
): SeedlessDraft[] {
  const compared = comparedArms(registered.protocol);
  return arms.flatMap((protocolArm): SeedlessDraft[] => {
    const { arm, trainingKey } = protocolArm;
    if (!compared.has(arm.id)) return [];
    const spec = specOf(registered, protocolArm, 'first', arm.learningRate ?? rates.get(trainingKey));
    return Array.from({ length: PILOT_BLOCKS }, (_, block) => {
      const seedIndex = SEED_INDEX.pilot + block;
      return { arm: pilotKey(arm.id), role: 'tuning', block, seedIndex, fresh: false, spec };
    });
  });
}

/** Ids of the arms that the parts read. */
function comparedArms({ parts }: Protocol): ReadonlySet<string> {
  return new Set(
    parts.flatMap(({ contrast, margin }) => [
      ...contrast.terms.map(({ arm }) => arm),
      ...(margin.kind === 'relative' ? [margin.of] : []),
    ]),
  );
}

/** Drafts with the seeds that the revealed secret and the protocol's hash give. */
export async function withSeeds(
  drafts: readonly SeedlessDraft[],
  secret: string,
  protocolHash: string,
): Promise<RunDraft[]> {
  const seeds = new Map<number, number>();
  for (const { seedIndex } of drafts) {
    if (!seeds.has(seedIndex)) seeds.set(seedIndex, await seedAt(secret, protocolHash, seedIndex));
  }
  return drafts.map(({ arm, role, block, fresh, spec, seedIndex }) => {
    return { arm, role, block, fresh, spec: { ...spec, seed: seeds.get(seedIndex)! } };
  });
}
