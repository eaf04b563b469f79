interface Waiting {
  readonly alone: boolean;
  readonly enter: () => void;
}

/**
 * Who may compute on this machine now: any number of runs at once, or a single one that is timed, since whatever else computes would be in
 * its numbers. Turns come in the order in which they were asked for, so that a timed run is not passed by for ever.
 */
export class MachineTurns {
  #computing = 0;
  #alone = false;
  readonly #queue: Waiting[] = [];

  /** Resolves with what ends the turn, once it has come. Rejects with the signal's reason when that is aborted before. */
  async take(alone: boolean, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((enter, stop) => {
      const waiting: Waiting = {
        alone,
        enter: () => {
          signal.removeEventListener('abort', abort);
          enter();
        },
      };
      const abort = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        stop(signal.reason);
        this.#advance();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#queue.push(waiting);
      this.#advance();
    });
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#computing -= 1;
      this.#alone = false;
      this.#advance();
    };
  }

  #advance(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#alone || (next.alone && this.#computing > 0)) return;
      this.#queue.shift();
      this.#computing += 1;
      this.#alone = next.alone;
      next.enter();
    }
  }
}
