import {
  type AttemptView,
  type ClaimRunRequest,
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
  /** Who claims. */
  claimant?: ClaimRunRequest;
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

interface MovedRow extends MovedRun {
  progress: number | null;
  experimentIds: string[];
  metricsSoFar: Record<string, number>;
}

/** The experiments that a run belongs to, as an array. */
export const experimentsOf = (runId: Prisma.Sql) =>
  Prisma.sql`array(select distinct experiment_id from experiment_run where run_id = ${runId})`;

/** The last value of every series of a run that goes on, as an object: what lists show until there is an outcome. */
export const metricsSoFar = (runId: Prisma.Sql) =>
  Prisma.sql`(select coalesce(jsonb_object_agg(name, last), '{}') from series where run_id = ${runId} and count > 0)`;

/**
 * Moves runs along one arrow of the state table, by one UPDATE that names the states they may come from, and the token where a
 * worker asks. Returns those that moved: the others were elsewhere, or the token is old, and nothing of them was written.
 * Their attempts begin, start or end in the same statement; emits `run.changed`.
 */
export async function transition(
  tx: Transaction,
  emit: Emit,
  name: RunTransition,
  input: TransitionInput,
): Promise<MovedRun[]> {
  const { runIds, token, condition, leaseSeconds, outcome, failure } = input;
  if (runIds.length === 0) return [];
  const { from, to } = RUN_TRANSITIONS[name];
  const failureJson = failure ? JSON.stringify(failure) : null;
  const rows = await tx.$queryRaw<MovedRow[]>`
    with moved as (
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
   returning id, state, attempt, progress
    ), attempts as (${attemptChange(to, input, failureJson)})
    select id, state, attempt, progress, ${experimentsOf(Prisma.sql`moved.id`)} as "experimentIds",
           ${metricsSoFar(Prisma.sql`moved.id`)} as "metricsSoFar"
      from moved`;
  for (const row of rows) {
    emit({
      type: 'run.changed',
      runId: row.id,
      experimentIds: row.experimentIds,
      state: row.state,
      progress: row.progress,
      // What an attempt measured that is lost, or that ended otherwise than well, does not count.
      metrics: outcome?.metrics ?? (to === 'claimed' || to === 'running' ? row.metricsSoFar : {}),
      failure: (isTerminal(to) && failure) || null,
    });
  }
  return rows;
}

/** What the move means for the attempts of the runs that moved. A run that was never claimed has none. */
function attemptChange(to: RunState, { claimant }: TransitionInput, failureJson: string | null): Prisma.Sql {
  if (to === 'claimed') {
    if (!claimant) throw new Error('a run is claimed by somebody');
    return Prisma.sql`
      insert into attempt (run_id, number, worker, machine)
      select id, attempt, ${claimant.worker}, ${JSON.stringify(claimant.machine)}::jsonb from moved`;
  }
  const ofMoved = Prisma.sql`from moved where attempt.run_id = moved.id and attempt.number = moved.attempt`;
  const end = ATTEMPT_END[to];
  if (end === null) return Prisma.sql`update attempt set started_at = now() ${ofMoved}`;
  return Prisma.sql`
    update attempt set ended_at = now(), "end" = ${end}, failure = ${failureJson}::jsonb ${ofMoved} and ended_at is null`;
}
