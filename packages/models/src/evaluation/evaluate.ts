import { crossEntropy, scope, Tensor } from '@claimbench/kernels';
import { argmax } from '../argmax.ts';
import type { TokenStream } from '../data/token-stream.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { IGNORED } from '../ignored.ts';
import type { EvaluationItem } from './items.ts';
import { type EvaluationOptions, inPasses, passLogits, Scratch, scoredTokens } from './passes.ts';
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

/** Scores every item once. Items of like length share a pass. */
export async function evaluate(
  decoder: Decoder,
  items: readonly EvaluationItem[],
  options: EvaluationOptions = {},
): Promise<EvaluationResult> {
  const scratch = new Scratch();
  const nats = new Array<number>(items.length).fill(0);
  let correct = 0;
  await inPasses(items, decoder.config.contextLength, options, async (pass) => {
    using logits = passLogits(decoder, pass, options.cache);
    using losses = scope(() => {
      const target = Tensor.from(decoder.backend, pass.targets, [pass.targets.length]);
      return crossEntropy(logits, target, { ignoreIndex: IGNORED, reduction: 'none' });
    });
    const perToken = await losses.readFloats();
    pass.members.forEach((index, row) => {
      let sum = 0;
      for (let at = 0; at < items[index]!.tokens.length; at++) sum += perToken[row * pass.time + at]!;
      nats[index] = sum;
    });
    correct += countCorrect(await scratch.read(logits), pass.targets);
  });
  return summarise(items, nats, correct);
}

/** What frequencies alone predict (tokens never seen count as seen once): the value that a failed run is given. */
export function evaluateUnigram(items: readonly EvaluationItem[], stream: TokenStream): EvaluationResult {
  const seen = stream.counts.map((count) => Math.max(count, 1));
  const total = seen.reduce((sum, count) => sum + count, 0);
  const mostFrequent = seen.indexOf(Math.max(...seen));
  let correct = 0;
  const nats = items.map((item) => {
    let sum = 0;
    for (const token of scoredOf(item)) {
      sum -= Math.log(seen[token]! / total);
      if (token === mostFrequent) correct += 1;
    }
    return sum;
  });
  return summarise(items, nats, correct);
}

function scoredOf({ tokens, given = 0, masked }: EvaluationItem): Int32Array {
  return masked ? masked.places.map((place) => tokens[place]!) : tokens.subarray(given);
}

function countCorrect(logits: Float32Array, targets: Int32Array): number {
  const classes = logits.length / targets.length;
  let correct = 0;
  targets.forEach((target, row) => {
    if (target !== IGNORED && argmax(logits, row * classes, classes) === target) correct += 1;
  });
  return correct;
}

function summarise(items: readonly EvaluationItem[], nats: readonly number[], correct: number): EvaluationResult {
  let tokens = 0;
  let bytes = 0;
  let total = 0;
  items.forEach((item, index) => {
    tokens += scoredTokens(item);
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
    natsPerTokenError: standardErrorOfRatio(nats, items.map(scoredTokens)),
    top1Accuracy: correct / tokens,
    tokens,
    bytes,
    itemNats: nats,
    itemNatsPerByte: nats.map((value) => value / meanBytes),
  };
}
