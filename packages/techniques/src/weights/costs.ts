/** What the weights that a technique acted on cost afterwards, counted, not measured. */
export interface WeightCosts {
  /** Number of weights in the linears that it acted on. */
  readonly weights: number;
  /** Bytes that those linears take as stored: codes, scales and zero points, or f32 values. */
  readonly storedBytes: number;
  /** 8 storedBytes / weights. */
  readonly bitsPerWeight: number;
  /** Share of those weights that are exactly 0. */
  readonly sparsity: number;
  /** ||W' - W|| / ||W||, Frobenius norm over all of them together. */
  readonly quantizationError: number;
}

/** Adds up costs over linears. */
export class CostCounter {
  #weights = 0;
  #storedBytes = 0;
  #zeros = 0;
  #squaredError = 0;
  #squaredNorm = 0;

  /** One linear: its weights before and after, row-major, and the bytes that it takes now. */
  count(before: Float32Array, after: Float32Array, storedBytes: number): void {
    this.#weights += before.length;
    this.#storedBytes += storedBytes;
    for (let i = 0; i < before.length; i++) {
      const w = before[i]!;
      const changed = after[i]!;
      if (changed === 0) this.#zeros += 1;
      this.#squaredError += (changed - w) ** 2;
      this.#squaredNorm += w ** 2;
    }
  }

  get total(): WeightCosts {
    return {
      weights: this.#weights,
      storedBytes: this.#storedBytes,
      bitsPerWeight: (8 * this.#storedBytes) / this.#weights,
      sparsity: this.#zeros / this.#weights,
      quantizationError: this.#squaredNorm === 0 ? 0 : Math.sqrt(this.#squaredError / this.#squaredNorm),
    };
  }
}
