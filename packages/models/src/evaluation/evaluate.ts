import { crossEntropy, scope, Tensor } from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { TokenStream } from '../data/token-stream.ts';
import type { Decoder } from '../decoder/decoder.ts';
import type { EvaluationItem } from './items.ts';
import { standardErrorOfRatio } from './standard-error.ts';

/** Quality of a model on items. A loss is summed nats divided by what is counted; the items' losses are kept for paired statistics. */
export interface EvaluationResult {
  readonly natsPerByte: number;
  readonly natsPerToken: number;
  /** Standard errors of the two over the items, taken as independent of each other; NaN for a single item. */
  readonly natsPerByteError: number;
  readonly natsPerTokenError: number;
  /** Share of tokens that have the largest logit (the lowest token of equals). */
  readonly top1Accuracy: number;
  readonly tokens: number;
  readonly bytes: number;
  /** Summed nats of each item. */
  readonly itemNats: readonly number[];
  /** Each item's nats divided by the mean bytes of an item, so that their mean is `natsPerByte` whatever the items' lengths. */
  readonly itemNatsPerByte: readonly number[];
}

export interface EvaluationOptions {
  /** Items in one pass; absent: as many as make about 2,048 tokens. Changes memory and speed, never the numbers. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  /** Items done so far. */
  readonly onProgress?: (items: number) => void;
}

const IGNORED = -1;
const TOKENS_IN_A_PASS = 2048;
/** Windows are padded to a multiple of this, so that buffers of few sizes come again and again. */
const PADDING = 32;

/** Host memory for logits, kept from pass to pass. */
class Scratch {
  #floats = new Float32Array(0);

  async read(tensor: Tensor): Promise<Float32Array> {
    if (this.#floats.length < tensor.size) this.#floats = new Float32Array(tensor.size);
    const floats = this.#floats.subarray(0, tensor.size);
    await tensor.backend.read(tensor.buffer, floats);
    return floats;
  }
}

/** Scores every item once. Items of like length share a pass. */
export async function evaluate(
  decoder: Decoder,
  items: readonly EvaluationItem[],
  options: EvaluationOptions = {},
): Promise<EvaluationResult> {
  const { signal } = options;
  const scratch = new Scratch();
  const nats = new Array<number>(items.length).fill(0);
  let correct = 0;
  const byLength = items.map((_, index) => index).sort((a, b) => items[b]!.tokens.length - items[a]!.tokens.length);
  for (let done = 0; done < byLength.length; ) {
    throwIfCancelled(signal);
    const longest = items[byLength[done]!]!.tokens.length;
    const batchSize = options.batchSize ?? Math.max(1, Math.floor(TOKENS_IN_A_PASS / Math.max(longest, 1)));
    const members = byLength.slice(done, done + batchSize);
    const scored = await scoreBatch(
      decoder,
      members.map((index) => items[index]!),
      scratch,
    );
    members.forEach((index, row) => {
      nats[index] = scored.nats[row]!;
    });
    correct += scored.correct;
    done += members.length;
    options.onProgress?.(done);
  }
  return summarise(items, nats, correct);
}

/** What frequencies alone predict (tokens never seen count as seen once): the value that a failed run is given. */
export function evaluateUnigram(items: readonly EvaluationItem[], stream: TokenStream): EvaluationResult {
  const seen = stream.counts.map((count) => Math.max(count, 1));
  const total = seen.reduce((sum, count) => sum + count, 0);
  const mostFrequent = seen.indexOf(Math.max(...seen));
  let correct = 0;
  const nats = items.map(({ tokens }) => {
    let sum = 0;
    for (const token of tokens) {
      sum -= Math.log(seen[token]! / total);
      if (token === mostFrequent) correct += 1;
    }
    return sum;
  });
  return summarise(items, nats, correct);
}

async function scoreBatch(
  decoder: Decoder,
  members: readonly EvaluationItem[],
  scratch: Scratch,
): Promise<{ nats: number[]; correct: number }> {
  const { backend } = decoder;
  const time = paddedLength(Math.max(1, ...members.map((item) => item.tokens.length)), decoder.config.contextLength);
  const inputs = new Int32Array(members.length * time);
  const targets = new Int32Array(members.length * time).fill(IGNORED);
  members.forEach(({ context, tokens }, row) => {
    if (tokens.length === 0) return;
    inputs[row * time] = context;
    inputs.set(tokens.subarray(0, -1), row * time + 1);
    targets.set(tokens, row * time);
  });
  const { losses, logits } = scope(() => {
    const all = decoder.logits(Tensor.from(backend, inputs, [members.length, time]));
    const flat = all.reshape([members.length * time, -1]);
    const target = Tensor.from(backend, targets, [targets.length]);
    return { losses: crossEntropy(flat, target, { ignoreIndex: IGNORED, reduction: 'none' }), logits: flat };
  });
  try {
    const perToken = await losses.readFloats();
    const nats = members.map(({ tokens }, row) => {
      let sum = 0;
      for (let at = 0; at < tokens.length; at++) sum += perToken[row * time + at]!;
      return sum;
    });
    return { nats, correct: countCorrect(await scratch.read(logits), targets) };
  } finally {
    losses.dispose();
    logits.dispose();
  }
}

function paddedLength(length: number, contextLength: number): number {
  const padded = Math.ceil(length / PADDING) * PADDING;
  return length > contextLength ? length : Math.min(padded, contextLength);
}

function countCorrect(logits: Float32Array, targets: Int32Array): number {
  const classes = logits.length / targets.length;
  let correct = 0;
  targets.forEach((target, row) => {
    if (target !== IGNORED && argmax(logits, row * classes, classes) === target) correct += 1;
  });
  return correct;
}

/** Index of the largest of `count` values from `start`, counted from `start`; the first of equals. */
export function argmax(values: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let index = 1; index < count; index++) if (values[start + index]! > values[start + best]!) best = index;
  return best;
}

function summarise(items: readonly EvaluationItem[], nats: readonly number[], correct: number): EvaluationResult {
  let tokens = 0;
  let bytes = 0;
  let total = 0;
  items.forEach((item, index) => {
    tokens += item.tokens.length;
    bytes += item.bytes;
    total += nats[index]!;
  });
  const meanBytes = bytes / items.length;
  return {
    natsPerByte: total / bytes,
    natsPerToken: total / tokens,
    natsPerByteError: standardErrorOfRatio(
      nats,
      items.map((item) => item.bytes),
    ),
    natsPerTokenError: standardErrorOfRatio(
      nats,
      items.map((item) => item.tokens.length),
    ),
    top1Accuracy: correct / tokens,
    tokens,
    bytes,
    itemNats: nats,
    itemNatsPerByte: nats.map((value) => value / meanBytes),
  };
}
