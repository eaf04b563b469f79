import { AppError } from '@claimbench/contracts';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { EventLog, type EventPosition, isAfter, type LoggedEvent, parsePosition } from './event.log.ts';
import type { EventQuery } from './event.schemas.ts';

export interface Subscription {
  /** Every later event is delivered, in order, once. */
  after: EventPosition;
  filter: Pick<EventQuery, 'experiment' | 'run'>;
  /** Called with events in order; false asks to end the subscription. */
  deliver(events: readonly LoggedEvent[]): boolean;
  /** The subscription is over: the API stops, or `deliver` answered false. */
  ended(): void;
}

interface Subscriber extends Subscription {
  /** The last position that was looked at for it. */
  at: EventPosition;
  /** It has caught up with the feed and follows it. */
  live: boolean;
}

/** How often other processes' events are looked for, and how soon to look again for events behind an open transaction. */
const LOOK_MS = 500;
const WITHHELD_MS = 10;

/**
 * Follows the event log once for all subscribers of this process. A new subscriber first reads what it missed by itself, then
 * joins the feed at a position that both have seen, so nothing is left out and nothing comes twice.
 */
@Injectable()
export class EventService implements OnModuleDestroy {
  readonly #log = new Logger('events');
  readonly #subscribers = new Set<Subscriber>();
  readonly #stopListening: () => void;
  /** Where the feed is; null while nobody follows it. */
  #position: EventPosition | null = null;
  #reading = false;
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly eventLog: EventLog) {
    this.#stopListening = eventLog.onWrite(() => void this.#read());
  }

  onModuleDestroy(): void {
    this.#stopped = true;
    this.#stopListening();
    clearTimeout(this.#timer);
    for (const subscriber of [...this.#subscribers]) this.#end(subscriber);
  }

  /** Where a client goes on: after the event that it saw last, or now. */
  async resumePoint(lastEventId: string | null): Promise<EventPosition> {
    const now = await this.eventLog.now();
    if (lastEventId === null) return now;
    const position = parsePosition(lastEventId);
    if (!position)
      throw new AppError('invalid-request', `Last-Event-ID ${JSON.stringify(lastEventId)} is not an id of an event.`);
    // An id from beyond now was given by another database, before this one was made: its events are gone.
    return isAfter(position, now) && position.transaction > now.transaction ? now : position;
  }

  /** Starts a subscription; the returned function ends it. */
  subscribe(subscription: Subscription): () => void {
    const subscriber: Subscriber = { ...subscription, at: subscription.after, live: false };
    if (this.#stopped) {
      subscription.ended();
      return () => {};
    }
    this.#subscribers.add(subscriber);
    void this.#read();
    return () => this.#end(subscriber);
  }

  #end(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    subscriber.ended();
    if (this.#subscribers.size === 0) {
      clearTimeout(this.#timer);
      this.#position = null;
    }
  }

  /** Reads until nothing more is there; calls during a reading make it read once more. */
  async #read(): Promise<void> {
    this.#wanted = true;
    if (this.#reading || this.#stopped) return;
    this.#reading = true;
    clearTimeout(this.#timer);
    let withheld = false;
    try {
      while (this.#wanted && this.#subscribers.size > 0 && !this.#stopped) {
        this.#wanted = false;
        withheld = await this.#step();
      }
    } catch (error) {
      // The database is away: nobody misses anything, for the positions stay where they are.
      this.#log.warn(`events cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      withheld = false;
    } finally {
      this.#reading = false;
    }
    if (this.#subscribers.size > 0 && !this.#stopped)
      this.#timer = setTimeout(() => void this.#read(), withheld ? WITHHELD_MS : LOOK_MS);
  }

  /** One reading for the feed, then one for each subscriber that has not caught up. True: events wait behind a transaction. */
  async #step(): Promise<boolean> {
    // A feed that starts with its first subscribers starts where they are.
    this.#position ??= await this.eventLog.now();
    const batch = await this.eventLog.after(this.#position);
    const last = batch.events.at(-1);
    if (last) {
      this.#position = last;
      for (const subscriber of [...this.#subscribers]) if (subscriber.live) this.#offer(subscriber, batch.events);
    }
    if (batch.more) this.#wanted = true;
    for (const subscriber of [...this.#subscribers]) if (!subscriber.live) await this.#catchUp(subscriber);
    return batch.withheld;
  }

  async #catchUp(subscriber: Subscriber): Promise<void> {
    const batch = await this.eventLog.after(subscriber.at);
    if (!this.#subscribers.has(subscriber)) return;
    this.#offer(subscriber, batch.events);
    if (batch.more) this.#wanted = true;
    // It may have read further than the feed: `#offer` drops what the feed will bring again.
    else subscriber.live = true;
  }

  #offer(subscriber: Subscriber, events: readonly LoggedEvent[]): void {
    const fresh = events.filter((event) => isAfter(event, subscriber.at));
    const last = fresh.at(-1);
    if (!last) return;
    subscriber.at = last;
    const chosen = fresh.filter((event) => concerns(event, subscriber.filter));
    if (chosen.length > 0 && !subscriber.deliver(chosen)) this.#end(subscriber);
  }
}

function concerns(event: LoggedEvent, { experiment, run }: Subscription['filter']): boolean {
  return (
    (experiment === undefined || event.experimentIds.includes(experiment)) && (run === undefined || event.runId === run)
  );
}
