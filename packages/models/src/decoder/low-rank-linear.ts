import { keep, linear, Tensor } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import type { Linear } from './linear.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * `y = up (down x) + b`: the weight `up down` of rank at most r is stored, and computed with, as its factors `up [out, r]` and
 * `down [r, in]`. Trains both. `base`, where given, is added (and trained by nobody here): `y = base(x) + up (down x)`, an adapter.
 */
export class LowRankLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor>;
  readonly #up: Tensor;
  readonly #down: Tensor;
  readonly #base: Linear | undefined;

  /** Throws `shape-mismatch`. The base is owned from now on. */
  constructor(backend: Tensor['backend'], factors: { up: ParameterValues; down: ParameterValues }, base?: Linear) {
    const [outSize, rank] = factors.up.shape;
    const [rankOfDown, inSize] = factors.down.shape;
    const fits = base === undefined || (base.inSize === inSize && base.outSize === outSize);
    if (outSize === undefined || inSize === undefined || rank !== rankOfDown || !fits) {
      const against = base === undefined ? '' : ` over a base of ${base.outSize} x ${base.inSize}`;
      throw new ModelError(
        'shape-mismatch',
        `factors [${factors.up.shape.join(', ')}] and [${factors.down.shape.join(', ')}] make no weight${against}`,
      );
    }
    this.outSize = outSize;
    this.inSize = inSize;
    this.#base = base;
    this.#up = keep(Tensor.from(backend, factors.up.data, factors.up.shape));
    this.#down = keep(Tensor.from(backend, factors.down.data, factors.down.shape));
    this.trainable = new Map([
      ['up', this.#up],
      ['down', this.#down],
    ]);
  }

  get storedBytes(): number {
    return 4 * (this.#up.size + this.#down.size) + (this.#base?.storedBytes ?? 0);
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    const base = this.#base?.forward(x, undefined);
    return linear(linear(x, this.#down), this.#up, bias, base);
  }

  dispose(): void {
    this.#up.dispose();
    this.#down.dispose();
    this.#base?.dispose();
  }
}
