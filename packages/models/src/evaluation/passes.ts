import { scope, Tensor } from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { createCache, type KeyValueCacheOptions } from '../decoding/caches.ts';
import { IGNORED } from '../ignored.ts';
import type { EvaluationItem } from './items.ts';

export interface EvaluationOptions {
  /** Items in one pass; absent: as many as make about 2,048 tokens. Changes memory and speed, never the numbers. */
  readonly batchSize?: number;
  /** Attends through a cache, as decoding does: what a packed or sliding one costs in quality. Absent: without one. */
  readonly cache?: KeyValueCacheOptions;
  readonly signal?: AbortSignal;
  /** Items done so far. */
  readonly onProgress?: (items: number) => void;
}

/** Items that are scored together, padded to one length where they do not see it. */
export interface EvaluationPass {
  /** The items' indices, one a row. */
  readonly members: readonly number[];
  readonly time: number;
  /** `[members, time]`: each row's context token and all of its tokens but the last, or the row with masks. */
  readonly inputs: Int32Array;
  /** `[members, time]`: the token to be predicted or filled in, `IGNORED` where nothing is scored. */
  readonly targets: Int32Array;
}

const TOKENS_IN_A_PASS = 2048;
/** Windows are padded to a multiple of this, so that buffers of few sizes come again and again. */
const PADDING = 32;

/** Every item once, in passes; items of like length share one. `score` ends before the next pass begins. Throws `cancelled`. */
export async function inPasses(
  items: readonly EvaluationItem[],
  contextLength: number,
  { batchSize, signal, onProgress }: EvaluationOptions,
  score: (pass: EvaluationPass) => Promise<void>,
): Promise<void> {
  const byLength = items.map((_, index) => index).sort((a, b) => items[b]!.tokens.length - items[a]!.tokens.length);
  for (let done = 0; done < byLength.length; ) {
    throwIfCancelled(signal);
    const longest = items[byLength[done]!]!.tokens.length;
    const count = batchSize ?? Math.max(1, Math.floor(TOKENS_IN_A_PASS / Math.max(longest, 1)));
    const next = byLength.slice(done, done + count);
    const shorter = next.findIndex((index) => isCut(items, index, longest));
    const members = shorter === -1 ? next : next.slice(0, shorter);
    const least = Math.max(longest, 1);
    const time = items[members[0]!]!.masked ? least : paddedLength(least, contextLength);
    await score(passOver(items, members, time));
    done += members.length;
    onProgress?.(done);
  }
}

/** An encoder would see what a shorter window is padded with: such items share a pass only with equally long ones. */
function isCut(items: readonly EvaluationItem[], index: number, longest: number): boolean {
  const { tokens, masked } = items[index]!;
  return masked !== undefined && tokens.length < longest;
}

/** Number of an item's tokens that are scored. */
export function scoredTokens({ tokens, given = 0, masked }: EvaluationItem): number {
  return masked ? masked.places.length : tokens.length - given;
}

/** So many of the first items as hold that many scored tokens; all where there are fewer. */
export function firstItems(items: readonly EvaluationItem[], tokens: number): readonly EvaluationItem[] {
  let scored = 0;
  const end = items.findIndex((item) => {
    scored += scoredTokens(item);
    return scored >= tokens;
  });
  return end === -1 ? items : items.slice(0, end + 1);
}

function passOver(items: readonly EvaluationItem[], members: readonly number[], time: number): EvaluationPass {
  const inputs = new Int32Array(members.length * time);
  const targets = new Int32Array(members.length * time).fill(IGNORED);
  members.forEach((index, row) => {
    const { context, tokens, given = 0, masked } = items[index]!;
    if (tokens.length === 0) return;
    if (masked) {
      inputs.set(masked.inputs, row * time);
      for (const place of masked.places) targets[row * time + place] = tokens[place]!;
      return;
    }
    inputs[row * time] = context;
    inputs.set(tokens.subarray(0, -1), row * time + 1);
    targets.set(tokens.subarray(given), row * time + given);
  });
  return { members, time, inputs, targets };
}

function paddedLength(length: number, contextLength: number): number {
  const padded = Math.ceil(length / PADDING) * PADDING;
  return length > contextLength ? length : Math.min(padded, contextLength);
}

/** A model's logits of a pass, `[members * time, vocabulary]`. The caller disposes them. */
export function passLogits(
  decoder: Decoder,
  { members, time, inputs }: EvaluationPass,
  options: KeyValueCacheOptions | undefined,
): Tensor {
  using cache = options && createCache(time, options);
  return scope(() => {
    const all = decoder.logits(Tensor.from(decoder.backend, inputs, [members.length, time]), cache);
    return all.reshape([members.length * time, -1]);
  });
}

/** Host memory for logits, kept from pass to pass. */
export class Scratch {
  #floats = new Float32Array(0);

  /** Valid until the next call. */
  async read(tensor: Tensor): Promise<Float32Array> {
    if (this.#floats.length < tensor.size) this.#floats = new Float32Array(tensor.size);
    const floats = this.#floats.subarray(0, tensor.size);
    await tensor.backend.read(tensor.buffer, floats);
    return floats;
  }
}
