import { LiveEvent } from '@claimbench/contracts';
import { Injectable } from '@nestjs/common';
import { isConflict } from '../prisma/database-errors.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';

export type Transaction = Prisma.TransactionClient;
export type Emit = (event: LiveEvent) => void;

/**
 * Where an event stands. Ids are handed out before their transactions commit, so an id alone does not tell the order in which
 * events become visible. The pair does, as long as readers stop at the oldest transaction that is still open: everything before
 * it is decided, and everything later sorts behind.
 */
export interface EventPosition {
  transaction: bigint;
  id: bigint;
}

export interface LoggedEvent extends EventPosition {
  event: LiveEvent;
  runId: string | null;
  experimentIds: readonly string[];
}

interface EventRow {
  transaction: bigint;
  id: bigint;
  run_id: string | null;
  experiment_ids: string[];
  event: unknown;
}

export interface EventBatch {
  events: LoggedEvent[];
  /** More can be read at once. */
  more: boolean;
  /** Events are committed behind a transaction that is still open: they can be read as soon as that has ended. */
  withheld: boolean;
}

const BATCH = 500;
/** Times that a transaction is tried that is chosen to end a deadlock. */
const ATTEMPTS = 5;

/** Changes and their events, in one transaction; and the events in the order in which they happened. */
@Injectable()
export class EventLog {
  readonly #listeners = new Set<() => void>();

  constructor(private readonly prisma: PrismaService) {}

  /**
   * Runs `work` in one transaction. What it emits is written with it, or not at all, and announced after the commit. `work` is
   * run again when the transaction met another one head-on, so it does nothing but what its transaction undoes.
   */
  async write<T>(work: (tx: Transaction, emit: Emit) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#writeOnce(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  }

  async #writeOnce<T>(work: (tx: Transaction, emit: Emit) => Promise<T>): Promise<T> {
    const emitted: LiveEvent[] = [];
    const result = await this.prisma.$transaction(async (tx) => {
      const value = await work(tx, (event) => emitted.push(event));
      if (emitted.length > 0) {
        const rows = emitted.map((event) => ({
          run_id: 'runId' in event ? event.runId : null,
          experiment_ids: 'experimentIds' in event ? event.experimentIds : [event.experimentId],
          event,
        }));
        await tx.$executeRaw`
          insert into event (run_id, experiment_ids, event)
          select run_id, experiment_ids, event
            from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row (run_id uuid, experiment_ids uuid[], event jsonb)`;
      }
      return value;
    });
    if (emitted.length > 0) for (const listener of this.#listeners) listener();
    return result;
  }

  /** Calls `listener` after each commit of this process; other processes' events are found by looking. */
  onWrite(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The place of "now": every event that is not visible yet comes after it. */
  async now(): Promise<EventPosition> {
    const [row] = await this.prisma.$queryRaw<{ xmin: bigint }[]>`
      select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin`;
    if (!row) throw new Error('the database gave no snapshot');
    return { transaction: row.xmin, id: 0n };
  }

  async after(position: EventPosition): Promise<EventBatch> {
    // One row more than asked for tells whether there are more; rows of open neighbours come last and are cut off.
    const rows = await this.prisma.$queryRaw<(EventRow & { decided: boolean })[]>`
      select transaction, id, run_id, experiment_ids, event,
             transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint as decided
        from event
       where (transaction, id) > (${position.transaction}::bigint, ${position.id}::bigint)
       order by transaction, id
       limit ${BATCH + 1}`;
    const decided = rows.filter((row) => row.decided);
    return {
      events: decided.slice(0, BATCH).map((row) => ({
        transaction: row.transaction,
        id: row.id,
        runId: row.run_id,
        experimentIds: row.experiment_ids,
        event: LiveEvent.parse(row.event),
      })),
      more: decided.length > BATCH,
      withheld: decided.length < rows.length,
    };
  }

  /** Forgets what no client comes back for, and rows of another server's life (a restored backup counts transactions anew). */
  async prune(keepDays: number): Promise<void> {
    await this.prisma.$executeRaw`
      delete from event
       where at < now() - make_interval(days => ${keepDays}::int)
          or transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`;
  }
}

export function positionText({ transaction, id }: EventPosition): string {
  return `${transaction}-${id}`;
}

/** null: not a position. */
export function parsePosition(text: string): EventPosition | null {
  const match = /^(\d{1,19})-(\d{1,19})$/.exec(text);
  return match?.[1] && match[2] ? { transaction: BigInt(match[1]), id: BigInt(match[2]) } : null;
}

export function isAfter(a: EventPosition, b: EventPosition): boolean {
  return a.transaction === b.transaction ? a.id > b.id : a.transaction > b.transaction;
}
