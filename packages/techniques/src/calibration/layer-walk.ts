import { keep, matmul, scope, Tensor } from '@claimbench/kernels';
import { batchesOf, capturing, type Decoder, type TokenWindows } from '@claimbench/models';

/**
 * Walks up a decoder that runs all its layers in order, one layer after the other, on calibration windows: what enters a layer is what
 * the layers below give as they are by then, so that a layer can be changed while the ones above still wait. Holds the states of all
 * windows; dispose it. Until then the decoder's plan and hooks belong to it.
 */
export class LayerWalk implements Disposable {
  readonly #decoder: Decoder;
  readonly #plan: Decoder['plan'];
  readonly #batches: readonly Tensor[];
  /** What enters layer `#next`, batch by batch: `[windows, time, hiddenSize]`. */
  #states: Tensor[] = [];
  #next = 0;

  constructor(decoder: Decoder, windows: TokenWindows) {
    this.#decoder = decoder;
    this.#plan = decoder.plan;
    this.#batches = batchesOf(windows).map(({ ids, windows: count }) =>
      keep(Tensor.from(decoder.backend, ids, [count, windows.time])),
    );
    decoder.plan = [];
    this.#states = this.#batches.map((ids) => this.#pass(ids, ['embedding.output']).get('embedding.output')!);
    decoder.plan = this.#plan;
  }

  /** The layer whose turn it is. */
  get layer(): number {
    return this.#next;
  }

  /**
   * What passes at places of this layer while it runs with its present weights: for each place a tensor a batch, kept for the caller,
   * who disposes them.
   */
  capture(places: readonly string[]): Map<string, Tensor[]> {
    const captured = new Map<string, Tensor[]>(places.map((place) => [place, []]));
    const { plan } = this.#decoder;
    this.#decoder.plan = [{ layer: this.#next, part: 'layer' }];
    this.#batches.forEach((ids, batch) => {
      const off = this.#decoder.hooks.on(`layers.${this.#next}.input`, () => this.#states[batch]);
      try {
        for (const [place, tensor] of this.#pass(ids, places)) captured.get(place)!.push(tensor);
      } finally {
        off();
      }
    });
    this.#decoder.plan = plan;
    return captured;
  }

  /** Runs the layer as it is now and goes on to the next. */
  advance(): void {
    const place = `layers.${this.#next}.output`;
    const after = this.capture([place]).get(place)!;
    for (const tensor of this.#states) tensor.dispose();
    this.#states = after;
    this.#next += 1;
  }

  [Symbol.dispose](): void {
    for (const tensor of [...this.#batches, ...this.#states]) tensor.dispose();
    this.#decoder.plan = this.#plan;
  }

  #pass(ids: Tensor, places: readonly string[]): Map<string, Tensor> {
    return capturing(this.#decoder, places, () => {
      this.#decoder.hidden(ids);
    });
  }
}

/** Frees what a capture kept. */
export function release(captured: ReadonlyMap<string, readonly Tensor[]>): void {
  for (const tensors of captured.values()) for (const tensor of tensors) tensor.dispose();
}

/**
 * X^T Y over all rows of all batches, `[columns of X, columns of Y]` in float64: products of a batch in float32, batches added in
 * float64. X^T X of a linear's inputs is half its Hessian.
 */
export async function gram(xs: readonly Tensor[], ys: readonly Tensor[] = xs): Promise<Float64Array> {
  const columns = (tensor: Tensor) => tensor.shape.at(-1)!;
  const sum = new Float64Array(columns(xs[0]!) * columns(ys[0]!));
  for (const [batch, x] of xs.entries()) {
    const y = ys[batch]!;
    using product = scope(() => matmul(x.reshape([-1, columns(x)]), y.reshape([-1, columns(y)]), { transposeA: true }));
    (await product.readFloats()).forEach((value, i) => {
      sum[i]! += value;
    });
  }
  return sum;
}
