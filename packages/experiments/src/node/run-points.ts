import type { Point } from '@claimbench/contracts';

/** Collects a run's points: hands them on in small batches, and keeps them for the digest. */
export class RunPoints {
  readonly #onPoints: (points: Point[]) => void;
  readonly #all: Point[] = [];
  #pending: Point[] = [];
  #handedOn = 0;

  constructor(onPoints: (points: Point[]) => void) {
    this.#onPoints = onPoints;
  }

  get all(): readonly Point[] {
    return this.#all;
  }

  /** Adds one step's values. What is not finite cannot be stored: the run's divergence says it instead. */
  add(step: number, values: Readonly<Record<string, number>>): void {
    for (const [series, value] of Object.entries(values)) {
      if (!Number.isFinite(value)) continue;
      const point = { series, step, value };
      this.#all.push(point);
      this.#pending.push(point);
    }
    if (performance.now() - this.#handedOn > 200) this.flush();
  }

  flush(): void {
    this.#handedOn = performance.now();
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    this.#onPoints(batch);
  }
}
