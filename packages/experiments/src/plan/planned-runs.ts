import type { PlannedRun, RunSpec } from '@claimbench/contracts';
import { baseOf, estimateSeconds, specHashOf } from './run-spec.ts';

/** Arm key of bases that are no arm themselves. */
export const BASE_ARM = 'base';

/** A run before its hash and its base are known. */
export interface RunDraft {
  readonly spec: RunSpec;
  readonly arm: string;
  readonly role: PlannedRun['role'];
  readonly block: number;
  readonly fresh: boolean;
}

/**
 * Drafts as runs of one stage: hashes filled in, and one run added for every base that neither these runs nor `known`
 * (spec hashes of runs that the experiment already has) provide. Ordered by block; in a block bases come first.
 */
export async function plannedRuns(
  drafts: readonly RunDraft[],
  stage: number,
  known: ReadonlySet<string> = new Set(),
): Promise<PlannedRun[]> {
  const planned: PlannedRun[] = [];
  for (const draft of drafts) planned.push(await plan(draft, stage));
  const provided = new Set([...known, ...planned.filter((run) => !run.fresh).map((run) => run.specHash)]);
  const bases: PlannedRun[] = [];
  for (const { spec, base, block } of planned) {
    if (base === null || provided.has(base)) continue;
    provided.add(base);
    bases.push(await plan({ spec: baseSpec(spec), arm: BASE_ARM, role: 'base', block, fresh: false }, stage));
  }
  const needsBase = (run: PlannedRun) => (run.base === null ? 0 : 1);
  // sort() is stable: inside a block, bases first, then the drafts' own order.
  return [...bases, ...planned].sort((a, b) => a.block - b.block || needsBase(a) - needsBase(b));
}

async function plan(draft: RunDraft, stage: number): Promise<PlannedRun> {
  const base = baseOf(draft.spec);
  return {
    ...draft,
    stage,
    specHash: await specHashOf(draft.spec),
    base: base && (await specHashOf(base)),
    estimatedSeconds: estimateSeconds(draft.spec),
  };
}

function baseSpec(spec: RunSpec): RunSpec {
  const base = baseOf(spec);
  if (!base) throw new RangeError(`a run of ${spec.technique.id} has no base`);
  return base;
}
