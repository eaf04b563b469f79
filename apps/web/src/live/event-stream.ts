import { LiveEvent } from '@claimbench/contracts';
import { address } from '../api/client.ts';

/** `live`: events arrive. `waiting`: the connection is gone, the next try is on its way. `paused`: the tab is hidden. */
export type StreamState = 'connecting' | 'live' | 'waiting' | 'paused';

export interface StreamFilter {
  experiment?: string;
  run?: string;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/**
 * Live events of the API that survive every cut. The browser's EventSource reconnects by itself (with Last-Event-ID) only
 * while the server answers well; after an error answer it gives up. So every failure opens a new one here, after a growing
 * delay, from the last event that was seen. A hidden tab holds no connection: browsers allow six to one origin.
 */
export class EventStream {
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastId: string | null = null;
  #failures = 0;
  readonly #filter: StreamFilter;
  readonly #onEvent: (event: LiveEvent) => void;
  readonly #onState: (state: StreamState) => void;
  readonly #onOpen: () => void;

  constructor(
    filter: StreamFilter,
    handlers: {
      onEvent: (event: LiveEvent) => void;
      onState: (state: StreamState) => void;
      /** With every connection: what happened before it was subscribed has to be fetched. */
      onOpen: () => void;
    },
  ) {
    this.#filter = filter;
    this.#onEvent = handlers.onEvent;
    this.#onState = handlers.onState;
    this.#onOpen = handlers.onOpen;
  }

  open(): void {
    this.#close();
    this.#onState('connecting');
    const query = { ...this.#filter, lastEventId: this.#lastId ?? undefined };
    const source = new EventSource(address('/api/events', { query }));
    this.#source = source;
    // The stream's first event: from here on a cut loses nothing, even one before anything has happened.
    source.addEventListener('position', (position) => {
      this.#lastId = position.lastEventId;
      this.#failures = 0;
      this.#onState('live');
      this.#onOpen();
    });
    source.onmessage = (message: MessageEvent<string>) => {
      this.#lastId = message.lastEventId;
      this.#onEvent(LiveEvent.parse(JSON.parse(message.data)));
    };
    source.onerror = () => this.#retry();
  }

  /** Lets go of the connection; `open` resumes after the last event seen. */
  pause(): void {
    this.#close();
    this.#onState('paused');
  }

  close(): void {
    this.#close();
  }

  #retry(): void {
    this.#close();
    this.#onState('waiting');
    const delay = retryDelay(this.#failures++);
    this.#timer = setTimeout(() => this.open(), delay);
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** 0.5 s, then twice as long each time, at most 15 s. */
export function retryDelay(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
}
