import type { PlannedRun } from '@claimbench/contracts';
import type { RunAttempt } from '@claimbench/queue';
import type { Transaction } from '../event/event.log.ts';
import { timeOrderedId } from '../prisma/time-ordered-id.ts';

export interface AttachInput {
  experimentId: string;
  planned: readonly PlannedRun[];
  labelOf(arm: string): string;
  /** Runs with the same spec that others asked for, open or succeeded, serve this experiment too. */
  reuse: boolean;
  /** Whether the store still has the checkpoint that a succeeded run left. */
  hasCheckpoint(runId: string): Promise<boolean>;
}

interface KnownRun {
  id: string;
  specHash: string;
  state: string;
}

/**
 * Gives every planned run its run: one that is there, or a new one. Two experiments that ask for one spec at the same moment get
 * one run, by a unique index; runs that are taken over are locked until the commit, so that no cancellation slips in between.
 * Bases come before what needs them. Returns the new runs that can begin at once, in the plan's order.
 */
export async function attachRuns(tx: Transaction, input: AttachInput): Promise<RunAttempt[]> {
  const { experimentId, planned, labelOf } = input;
  const own = planned.some((run) => run.stage > 0) ? await ownRuns(tx, experimentId) : [];
  // Of equal specs the first one serves.
  const known = new Map<string, KnownRun>(own.filter((run) => !run.fresh).map((run) => [run.specHash, run]));
  const askable = planned.filter((run) => !run.fresh).map((run) => run.specHash);
  if (input.reuse) {
    const earlier = await lockShared(
      tx,
      askable.filter((hash) => !known.has(hash)),
    );
    for (const run of await usable(tx, earlier, input)) known.set(run.specHash, run);
  }
  const reused = new Set(known.keys());
  const waits = (run: PlannedRun) => run.base !== null && known.get(run.base)?.state !== 'succeeded';

  const runIds = new Map<PlannedRun, string>();
  for (let left = [...planned]; left.length > 0; ) {
    const next = left.filter((run) => run.base === null || known.has(run.base));
    if (next.length === 0) throw new Error(`plan of experiment ${experimentId}: a run's base is not part of the plan`);
    await makeRuns(tx, next, known, runIds, input.reuse);
    left = left.filter((run) => !runIds.has(run));
  }

  const first = 1 + Math.max(-1, ...own.map((run) => run.position));
  const places = planned.map((run, i) => ({
    position: first + i,
    run_id: runIds.get(run) ?? unreachable(run),
    arm: run.arm,
    label: labelOf(run.arm),
    role: run.role,
    stage: run.stage,
    block: run.block,
    fresh: run.fresh,
    reused: !run.fresh && reused.has(run.specHash),
    estimated_seconds: run.estimatedSeconds,
  }));
  await tx.$executeRaw`
    insert into experiment_run (experiment_id, position, run_id, arm, label, role, stage, block, fresh, reused, estimated_seconds)
    select ${experimentId}::uuid, row.*
      from jsonb_to_recordset(${JSON.stringify(places)}::jsonb)
           as row (position int, run_id uuid, arm text, label text, role text, stage int, block int, fresh bool, reused bool,
                   estimated_seconds float8)`;
  const begin = planned.filter((run) => !waits(run) && (run.fresh || !reused.has(run.specHash)));
  return [...new Set(begin.map((run) => runIds.get(run) ?? unreachable(run)))].map((runId) => ({ runId, attempt: 1 }));
}

/** The experiment's runs of earlier stages, the last one first. */
async function ownRuns(
  tx: Transaction,
  experimentId: string,
): Promise<(KnownRun & { position: number; fresh: boolean })[]> {
  return tx.$queryRaw<(KnownRun & { position: number; fresh: boolean })[]>`
    select place.position, place.fresh, run.id, run.spec_hash as "specHash", run.state
      from experiment_run place join run on run.id = place.run_id
     where place.experiment_id = ${experimentId}::uuid
     order by place.position desc`;
}

/** Open or succeeded runs that anybody may share, held until the transaction ends. */
async function lockShared(tx: Transaction, specHashes: readonly string[]): Promise<KnownRun[]> {
  if (specHashes.length === 0) return [];
  return tx.$queryRaw<KnownRun[]>`
    select id, spec_hash as "specHash", state
      from run
     where shared and state in ('queued', 'claimed', 'running', 'succeeded') and spec_hash = any(${[...specHashes]}::text[])
     order by id
       for share`;
}

/** Leaves out bases that a new run needs and whose checkpoint is gone: they are retired and made again. */
async function usable(
  tx: Transaction,
  earlier: KnownRun[],
  { planned, hasCheckpoint }: AttachInput,
): Promise<KnownRun[]> {
  const there = new Set(earlier.map((run) => run.specHash));
  const needed = new Set(planned.filter((run) => run.fresh || !there.has(run.specHash)).map((run) => run.base));
  const kept: KnownRun[] = [];
  for (const run of earlier) {
    const isGone = run.state === 'succeeded' && needed.has(run.specHash) && !(await hasCheckpoint(run.id));
    if (isGone) await tx.run.update({ where: { id: run.id }, data: { shared: false } });
    else kept.push(run);
  }
  return kept;
}

/** Makes the runs that are not known, whose bases are; fills `known` and `runIds`. */
async function makeRuns(
  tx: Transaction,
  planned: readonly PlannedRun[],
  known: Map<string, KnownRun>,
  runIds: Map<PlannedRun, string>,
  shared: boolean,
): Promise<void> {
  const wanted = new Map<string, PlannedRun>();
  const fresh: PlannedRun[] = [];
  for (const run of planned) {
    if (run.fresh) fresh.push(run);
    else if (!known.has(run.specHash)) wanted.set(run.specHash, run);
  }
  while (wanted.size > 0) {
    const made = await insert(tx, [...wanted.values()], known, shared);
    for (const run of made) known.set(run.specHash, run);
    for (const run of made) wanted.delete(run.specHash);
    // Somebody else made the rest in the meantime; or made and cancelled it, then it is tried again.
    for (const run of await lockShared(tx, [...wanted.keys()])) {
      known.set(run.specHash, run);
      wanted.delete(run.specHash);
    }
  }
  const own = await insert(tx, fresh, known, false);
  for (const [i, run] of fresh.entries()) runIds.set(run, own[i]?.id ?? unreachable(run));
  for (const run of planned) if (!run.fresh) runIds.set(run, known.get(run.specHash)?.id ?? unreachable(run));
}

/** Inserts in the given order and returns, in that order, those that did not meet a shared run with their spec. */
async function insert(
  tx: Transaction,
  planned: readonly PlannedRun[],
  known: ReadonlyMap<string, KnownRun>,
  shared: boolean,
): Promise<KnownRun[]> {
  if (planned.length === 0) return [];
  const rows = planned.map((run) => ({
    id: timeOrderedId(),
    spec: run.spec,
    spec_hash: run.specHash,
    base_id: run.base === null ? null : (known.get(run.base)?.id ?? unreachable(run)),
  }));
  const made = await tx.$queryRaw<KnownRun[]>`
    insert into run (id, spec, spec_hash, base_id, shared)
    select id, spec, spec_hash, base_id, ${shared}::bool
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row (id uuid, spec jsonb, spec_hash text, base_id uuid)
    on conflict (spec_hash) where shared and state in ('queued', 'claimed', 'running', 'succeeded') do nothing
    returning id, spec_hash as "specHash", state`;
  return made.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function unreachable(run: PlannedRun): never {
  throw new Error(`planned run ${run.arm}, block ${run.block}: its run or its base was not made`);
}
