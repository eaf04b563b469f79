import type { LogLine, Point } from '@claimbench/contracts';

export interface Batch {
  batch: number;
  points: Point[];
  log: LogLine[];
}

/** Points that come close together travel together, in milliseconds. */
const FLUSH_MS = 200;
const MOST_POINTS = 4000;
/** Keeps the JSON of a batch below this, in bytes: bodies of servers and proxies often end at 1 MiB. */
const MOST_BYTES = 512 * 1024;
const BYTES_OF_POINT = 100;

/**
 * Sends a run's points and log in numbered batches, one at a time and in order. A batch keeps its number until it is answered,
 * so the API applies it once however often it was sent. What comes in the meantime waits in memory.
 */
export class PointStream {
  readonly #send: (batch: Batch) => Promise<void>;
  readonly #onRefused: (error: unknown) => void;
  #points: Point[] = [];
  #log: LogLine[] = [];
  #batch = 0;
  #sequence = 0;
  #open = false;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;

  /** `send` resolves when the batch is answered; when it throws, nothing more is sent and `onRefused` is told. */
  constructor(options: { send(batch: Batch): Promise<void>; onRefused(error: unknown): void }) {
    this.#send = options.send;
    this.#onRefused = options.onRefused;
  }

  /** The run has started: what waits may be sent. */
  open(): void {
    this.#open = true;
    this.#schedule();
  }

  push(points: readonly Point[]): void {
    for (const point of points) this.#points.push(point);
    this.#schedule();
  }

  log(level: LogLine['level'], message: string): void {
    this.#log.push({ sequence: this.#sequence, at: new Date().toISOString(), level, message });
    this.#sequence += 1;
    this.#schedule();
  }

  /** Resolves when everything so far is answered, or was refused. */
  async drain(): Promise<void> {
    while (this.#open && (this.#pending() || this.#sending !== null)) await (this.#sending ?? this.#flush());
  }

  #pending(): boolean {
    return this.#points.length > 0 || this.#log.length > 0;
  }

  #schedule(): void {
    if (!this.#open || !this.#pending() || this.#timer !== null || this.#sending !== null) return;
    this.#timer = setTimeout(() => void this.#flush(), FLUSH_MS);
  }

  #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#sendOne().finally(() => {
      this.#sending = null;
      this.#schedule();
    });
    return this.#sending;
  }

  async #sendOne(): Promise<void> {
    const batch = this.#cut();
    try {
      await this.#send(batch);
    } catch (error) {
      this.#open = false;
      this.#onRefused(error);
    }
  }

  #cut(): Batch {
    const points = this.#points.splice(0, MOST_POINTS);
    let room = MOST_BYTES - points.length * BYTES_OF_POINT;
    let lines = 0;
    for (const line of this.#log) {
      // A character takes up to six bytes of JSON.
      room -= 100 + 6 * line.message.length;
      if (room < 0 && lines > 0) break;
      lines += 1;
      if (lines === 1000) break;
    }
    const batch = this.#batch;
    this.#batch += 1;
    return { batch, points, log: this.#log.splice(0, lines) };
  }
}
