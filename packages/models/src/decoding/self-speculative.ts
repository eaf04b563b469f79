import { concat, keep, scope, slice, Tensor } from '@claimbench/kernels';
import type { AttentionCache } from '../decoder/attention-cache.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { fullPlan, runsInOrder } from '../decoder/layer-plan.ts';
import { ModelError } from '../model-error.ts';
import { createCache } from './caches.ts';
import { checkRoom } from './generate.ts';
import { checkSampling, GREEDY } from './sampling.ts';
import { type SpeculativeOptions, type SpeculativeText, writeInRounds } from './speculative.ts';

/** The exit that guesses: after the first `layers` layers, at most `tokens` tokens in a round. */
export interface EarlyExit {
  readonly layers: number;
  readonly tokens: number;
}

export interface SelfSpeculativeText extends SpeculativeText {
  /** Layers run, over all positions: as many as the model has for each, drafting included. */
  readonly layerRuns: number;
}

/**
 * Self-speculative decoding as LayerSkip does it: the first layers, read through the exit behind them, guess tokens; the remaining layers check them all
 * in one pass that goes on from the states and the keys and values that drafting left behind. No position passes a layer twice, and there is one
 * cache. Guesses are kept as in `generateSpeculatively`: the text has the model's own distribution. Throws `shape-mismatch`,
 * `invalid-sampling`, and `invalid-layer-plan` where the model does not run its layers once, in order.
 */
export async function generateSelfSpeculatively(
  decoder: Decoder,
  exit: EarlyExit,
  prompt: Int32Array,
  options: SpeculativeOptions,
): Promise<SelfSpeculativeText> {
  const { steps, sampling = GREEDY } = options;
  checkRoom(decoder, prompt, steps);
  checkExit(decoder, exit);
  checkSampling(sampling);
  using halves = new Halves(decoder, exit.layers, prompt.length + steps);
  const text = await writeInRounds(prompt, exit.tokens, options, {
    guess: (known) => halves.draft(known.slice(halves.length)),
    check(guessed, count) {
      halves.read(guessed.slice(halves.length));
      return halves.check(count);
    },
    forget: (length) => halves.forget(length),
  });
  return {
    ...text,
    modelPositions: halves.checkedPositions,
    draftPositions: halves.draftedPositions,
    layerRuns: halves.layerRuns,
    cacheBytes: halves.cacheBytes,
  };
}

/** The first layers and the rest of one decoder over one cache. The first may be ahead of the rest. */
class Halves implements Disposable {
  readonly #decoder: Decoder;
  readonly #first: number;
  readonly #cache: AttentionCache;
  /** States behind the first layers of the positions that the rest has not read yet. */
  #states: Tensor[] = [];
  /** Tokens that all layers have read. */
  #checked = 0;
  draftedPositions = 0;
  checkedPositions = 0;

  constructor(decoder: Decoder, first: number, capacity: number) {
    this.#decoder = decoder;
    this.#first = first;
    this.#cache = createCache(capacity);
  }

  /** Tokens that the first layers have read. */
  get length(): number {
    return this.#cache.length;
  }

  get layerRuns(): number {
    const { layers } = this.#decoder.config;
    return this.#first * this.draftedPositions + (layers - this.#first) * this.checkedPositions;
  }

  get cacheBytes(): number {
    return this.#cache.bytes;
  }

  /** Reads tokens through the first layers. */
  read(tokens: readonly number[]): void {
    const decoder = this.#decoder;
    const plan = fullPlan(this.#first);
    const states = scope(() => {
      const ids = Tensor.from(decoder.backend, Int32Array.from(tokens), [1, tokens.length]);
      return keep(decoder.run(decoder.embed(ids, this.#cache.length), plan, { cache: this.#cache }));
    });
    this.#states.push(states);
    this.#cache.advance(tokens.length);
    this.draftedPositions += tokens.length;
  }

  /** Reads tokens, and gives the exit's logits after the last. */
  async draft(tokens: readonly number[]): Promise<Float32Array> {
    this.read(tokens);
    const states = this.#states.at(-1)!;
    using logits = scope(() => this.#decoder.exitLogits(this.#first - 1, slice(states, 1, states.shape[1]! - 1, 1)));
    return await logits.readFloats();
  }

  /** The rest of the layers over what only the first have read; the model's logits after the last `count` tokens. */
  async check(count: number): Promise<readonly Float32Array[]> {
    const decoder = this.#decoder;
    const { layers, vocabularySize } = decoder.config;
    const time = this.#cache.length - this.#checked;
    // The rest writes its keys and values where the first layers stood when they read the same tokens.
    this.#cache.truncate(this.#checked);
    using logits = scope(() => {
      const states = this.#states.length === 1 ? this.#states[0]! : concat(this.#states, 1);
      const plan = fullPlan(layers).slice(this.#first);
      const x = decoder.run(states, plan, { cache: this.#cache, firstStep: this.#first });
      return decoder.logitsOf(slice(decoder.finish(x), 1, time - count, count));
    });
    this.#cache.advance(time);
    this.#checked = this.#cache.length;
    this.checkedPositions += time;
    this.#release();
    const values = await logits.readFloats();
    return Array.from({ length: count }, (_, at) => values.slice(at * vocabularySize, (at + 1) * vocabularySize));
  }

  /** Forgets the tokens from position `length` on. */
  forget(length: number): void {
    this.#cache.truncate(Math.min(this.#cache.length, length));
    this.#checked = this.#cache.length;
  }

  #release(): void {
    for (const states of this.#states) states.dispose();
    this.#states = [];
  }

  [Symbol.dispose](): void {
    this.#release();
    this.#cache.dispose();
  }
}

function checkExit({ plan, config: { layers } }: Decoder, exit: EarlyExit): void {
  if (!runsInOrder(plan, layers)) {
    throw new ModelError(
      'invalid-layer-plan',
      'a model that drafts by its own first layers runs each layer once, in order',
    );
  }
  if (!Number.isInteger(exit.layers) || exit.layers < 1 || exit.layers >= layers) {
    throw new ModelError('shape-mismatch', `the exit is after 1 to ${layers - 1} layers, found ${exit.layers}`);
  }
  if (!Number.isInteger(exit.tokens) || exit.tokens < 1) {
    throw new ModelError('shape-mismatch', `an exit guesses an integer number of tokens from 1, found ${exit.tokens}`);
  }
}
