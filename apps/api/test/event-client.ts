import { LiveEvent } from '@claimbench/contracts';

export interface ReceivedEvent {
  id: string;
  event: LiveEvent;
}

/** A client of the live stream: what a browser's EventSource does, but for reconnecting, which the story does. */
export class EventClient {
  readonly received: ReceivedEvent[] = [];
  lastEventId: string | null = null;
  readonly #abort = new AbortController();
  readonly #waiting: { enough(): boolean; done(): void }[] = [];
  #ended: Promise<void> = Promise.resolve();

  /** Resolves when the stream stands. */
  static async open(url: string, options: { query?: string; lastEventId?: string } = {}): Promise<EventClient> {
    const client = new EventClient();
    const headers: Record<string, string> = options.lastEventId ? { 'last-event-id': options.lastEventId } : {};
    const response = await fetch(`${url}/api/events${options.query ?? ''}`, { headers, signal: client.#abort.signal });
    if (!response.ok || !response.body) throw new Error(`events answered ${response.status}`);
    const first = Promise.withResolvers<void>();
    client.#ended = client.#read(response.body, first.resolve);
    await first.promise;
    return client;
  }

  /** Resolves when `count` events have come; rejects after ten seconds. */
  until(count: number): Promise<void> {
    return this.#when(() => this.received.length >= count, `${count} events`);
  }

  untilSome(predicate: (event: LiveEvent) => boolean): Promise<void> {
    return this.#when(() => this.received.some(({ event }) => predicate(event)), 'the awaited event');
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }

  /** Resolves when the server has ended the stream. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  #when(enough: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited for ${what}; ${this.received.length} came`)), 10_000);
      const done = () => {
        clearTimeout(late);
        resolve();
      };
      if (enough()) done();
      else this.#waiting.push({ enough, done });
    });
  }

  async #read(body: ReadableStream<Uint8Array>, onFirst: () => void): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true });
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          this.#take(text.slice(0, end).split('\n'));
          text = text.slice(end + 2);
          onFirst();
        }
        for (const waiting of this.#waiting) if (waiting.enough()) waiting.done();
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  #take(lines: readonly string[]): void {
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    this.lastEventId = field('id') ?? this.lastEventId;
    const data = field('data');
    if (data && field('event') === undefined)
      this.received.push({ id: this.lastEventId ?? '', event: LiveEvent.parse(JSON.parse(data)) });
  }
}
