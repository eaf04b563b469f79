import { RandomStream, Tensor } from '@claimbench/kernels';
import { argmax } from '../argmax.ts';
import { throwIfCancelled } from '../cancelled.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { RANDOM_STREAMS } from '../random-streams.ts';
import { createCache, type KeyValueCacheOptions } from './caches.ts';
import { lastLogits } from './last-logits.ts';
import { checkSampling, drawToken, GREEDY, nextTokenProbabilities, type SamplingOptions } from './sampling.ts';

export interface GenerationOptions {
  /** Most tokens after each prompt. */
  readonly steps: number;
  /** Absent: greedy. */
  readonly sampling?: SamplingOptions;
  /** Row r draws from seed + r, so that it gives the same text alone. Needed where anything is drawn. */
  readonly seed?: number;
  /** Ends a row's text when it comes; it is no part of the result. */
  readonly stopToken?: number;
  readonly cache?: KeyValueCacheOptions;
  readonly onToken?: (token: number, row: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Continues prompts of any lengths together, with one key-value cache. All rows stand at the same position in every pass: what the
 * shortest prompt has is read at once, then a row that still has prompt reads on while others already write. So no
 * token is padding, and a row's text does not depend on its neighbours. Rows that have ended leave once they are half of the batch.
 * Throws `shape-mismatch` when a prompt is empty or does not fit into the context with its text, `invalid-sampling`.
 */
export async function generate(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: GenerationOptions,
): Promise<readonly Int32Array[]> {
  const { steps, signal } = options;
  for (const prompt of prompts) checkRoom(decoder, prompt, steps);
  const choose = chooser(options);
  const rows = prompts.map((prompt, index) => new Row(prompt, index, options, choose(index)));
  if (rows.length === 0 || steps === 0) return rows.map((row) => row.text);
  const lengths = prompts.map((prompt) => prompt.length);
  let position = Math.min(...lengths);
  using cache = createCache(Math.max(...lengths) + steps - 1, options.cache);
  let active: readonly Row[] = rows;
  let inputs = Int32Array.from(prompts.flatMap((prompt) => Array.from(prompt.subarray(0, position))));
  for (;;) {
    throwIfCancelled(signal);
    using ids = Tensor.from(decoder.backend, inputs, [active.length, inputs.length / active.length]);
    const logits = await lastLogits(decoder, ids, cache);
    inputs = Int32Array.from(active, (row, at) => row.next(position, logits[at]!));
    const writing = active.flatMap((row, at) => (row.ended ? [] : [at]));
    if (writing.length === 0) return rows.map((row) => row.text);
    if (writing.length <= active.length / 2) {
      cache.select(writing);
      active = writing.map((at) => active[at]!);
      inputs = Int32Array.from(writing, (at) => inputs[at]!);
    }
    position += 1;
  }
}

/**
 * The most likely token, again and again (the lowest of equals): up to `steps` tokens after `prompt`. As `generate` with one prompt.
 */
export async function generateGreedy(
  decoder: Decoder,
  prompt: Int32Array,
  steps: number,
  options: Pick<GenerationOptions, 'signal' | 'stopToken' | 'cache'> & { onToken?: (token: number) => void } = {},
): Promise<Int32Array> {
  const [text] = await generate(decoder, [prompt], { ...options, steps });
  return text!;
}

/** A prompt and the text after it. */
class Row {
  readonly #prompt: Int32Array;
  readonly #index: number;
  readonly #options: GenerationOptions;
  readonly #choose: (logits: Float32Array) => number;
  readonly #generated: number[] = [];
  ended = false;

  constructor(prompt: Int32Array, index: number, options: GenerationOptions, choose: (logits: Float32Array) => number) {
    this.#prompt = prompt;
    this.#index = index;
    this.#options = options;
    this.#choose = choose;
  }

  /** The token at `position`: the prompt's, else one that the logits choose. Of a row that has ended any token will do. */
  next(position: number, logits: Float32Array): number {
    const given = this.#prompt[position];
    if (given !== undefined) return given;
    if (this.ended) return 0;
    const { steps, stopToken, onToken } = this.#options;
    const token = this.#choose(logits);
    if (token === stopToken) this.ended = true;
    else {
      this.#generated.push(token);
      this.ended = this.#generated.length === steps;
      onToken?.(token, this.#index);
    }
    return token;
  }

  get text(): Int32Array {
    return Int32Array.from(this.#generated);
  }
}

/** How each row chooses among logits. Throws `invalid-sampling`. */
export function chooser({
  sampling = GREEDY,
  seed,
}: Pick<GenerationOptions, 'sampling' | 'seed'>): (row: number) => (logits: Float32Array) => number {
  checkSampling(sampling);
  if (sampling.temperature === 0) return () => (logits) => argmax(logits);
  if (seed === undefined) {
    throw new ModelError('invalid-sampling', `sampling at temperature ${sampling.temperature} needs a seed`);
  }
  return (row) => {
    const stream = new RandomStream(seed + row, RANDOM_STREAMS.decoding);
    return (logits) => drawToken(nextTokenProbabilities(logits, sampling), stream.nextUniform());
  };
}

/** Throws `shape-mismatch`. The last token of a text is never read, so it may stand one behind the context. */
export function checkRoom(decoder: Decoder, prompt: Int32Array, steps: number): void {
  const { contextLength } = decoder.config;
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ModelError('shape-mismatch', `a text has an integer number of tokens from 0, found ${steps}`);
  }
  if (prompt.length === 0 || prompt.length + steps > contextLength + 1) {
    throw new ModelError(
      'shape-mismatch',
      `a prompt of ${prompt.length} and ${steps} tokens after it: the prompt needs a token, and both fit into ${contextLength}`,
    );
  }
}
