import {
  type AttemptView,
  type Failure,
  isTerminal,
  type Outcome,
  RUN_TRANSITIONS,
  type RunState,
  type RunTransition,
} from '@claimbench/contracts';
import type { Emit, Transaction } from '../event/event.log.ts';
import { Prisma } from '../prisma/generated/client.ts';

/** How the latest attempt ends when its run goes to a state; null: it goes on. */
const ATTEMPT_END: Record<RunState, AttemptView['end']> = {
  queued: 'lost',
  claimed: null,
  running: null,
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  'timed-out': 'timed-out',
};

export interface TransitionInput {
  runIds: readonly string[];
  /** The fencing token; null where the platform acts, not a worker. */
  token: number | null;
  /** A further condition on the row, e.g. that the lease has run out. */
  condition?: Prisma.Sql;
  /** Lease that `claim` and `start` give. */
  leaseSeconds?: number;
  outcome?: Outcome;
  /** Why the run, or at a requeue its attempt, ended. */
  failure?: Failure;
}

export interface MovedRun {
  id: string;
  state: RunState;
  /** The number of the latest attempt. */
  attempt: number;
}

/**
 * Moves runs along one arrow of the state table, by one UPDATE that names the states they may come from, and the token where a
 * worker asks. Returns those that moved: the others were elsewhere, or the token is old, and nothing of them was written.
 * Ends their attempts and emits `run.changed`.
 */
export async function transition(
  tx: Transaction,
  emit: Emit,
  name: RunTransition,
  { runIds, token, condition, leaseSeconds, outcome, failure }: TransitionInput,
): Promise<MovedRun[]> {
  if (runIds.length === 0) return [];
  const { from, to } = RUN_TRANSITIONS[name];
  const failureJson = failure ? JSON.stringify(failure) : null;
  const moved = await tx.$queryRaw<(MovedRun & { progress: number | null })[]>`
    update run
       set state = ${to},
           attempt = attempt + ${name === 'claim' ? 1 : 0}::int,
           lease_until = now() + make_interval(secs => ${leaseSeconds ?? null}::float8),
           progress = case ${to} when 'succeeded' then 1 when 'queued' then null else progress end,
           started_at = case ${to} when 'running' then now() when 'queued' then null else started_at end,
           finished_at = case when ${isTerminal(to)}::bool then now() end,
           outcome = ${outcome ? JSON.stringify(outcome) : null}::jsonb,
           metrics = ${JSON.stringify(outcome?.metrics ?? {})}::jsonb,
           failure = ${to === 'queued' ? null : failureJson}::jsonb
     where id = any(${[...runIds]}::uuid[])
       and state = any(${[...from]}::text[])
       ${token === null ? Prisma.empty : Prisma.sql`and attempt = ${token}::int`}
       ${condition ?? Prisma.empty}
 returning id, state, attempt, progress`;
  if (moved.length === 0) return [];

  const ids = moved.map((run) => run.id);
  const end = ATTEMPT_END[to];
  if (end !== null) {
    await tx.$executeRaw`
      update attempt
         set ended_at = now(), "end" = ${end}, failure = ${failureJson}::jsonb
        from run
       where run.id = any(${ids}::uuid[])
         and attempt.run_id = run.id and attempt.number = run.attempt and attempt.ended_at is null`;
  } else if (to === 'running') {
    await tx.$executeRaw`
      update attempt set started_at = now()
        from run
       where run.id = any(${ids}::uuid[]) and attempt.run_id = run.id and attempt.number = run.attempt`;
  }

  const experiments = await experimentsOf(tx, ids);
  for (const run of moved) {
    emit({
      type: 'run.changed',
      runId: run.id,
      experimentIds: experiments.get(run.id) ?? [],
      state: run.state,
      progress: run.progress,
      metrics: outcome?.metrics ?? {},
      failure: (isTerminal(to) && failure) || null,
    });
  }
  return moved;
}

/** Run to the experiments that it belongs to. */
export async function experimentsOf(tx: Transaction, runIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await tx.experimentRun.findMany({
    where: { runId: { in: [...runIds] } },
    select: { runId: true, experimentId: true },
    distinct: ['runId', 'experimentId'],
  });
  const groups = Map.groupBy(rows, (row) => row.runId);
  return new Map([...groups].map(([runId, group]) => [runId, group.map((row) => row.experimentId)]));
}
