import { crossEntropy, scope, Tensor } from '@claimbench/kernels';
import { argmax } from '../argmax.ts';
import { throwIfCancelled } from '../cancelled.ts';
import { checkExamples, type Examples } from '../data/examples.ts';
import type { FeedForward } from '../vision/feed-forward.ts';

/** Quality of a classifier on examples. */
export interface ClassificationResult {
  /** Mean nats of the right class. */
  readonly natsPerItem: number;
  /** Share of examples whose class has the largest logit (the lowest class of equals). */
  readonly top1Accuracy: number;
  /** Of each example. */
  readonly itemNats: readonly number[];
  readonly itemCorrect: readonly boolean[];
}

const EXAMPLES_IN_A_PASS = 1024;

/** Scores every example once. Throws `invalid-config`, `cancelled`. */
export async function classify(
  network: FeedForward,
  examples: Examples,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ClassificationResult> {
  checkExamples(network.config, examples);
  const { count, features, size, labels, classes } = examples;
  const { backend } = network;
  const itemNats: number[] = [];
  const itemCorrect: boolean[] = [];
  for (let start = 0; start < count; start += EXAMPLES_IN_A_PASS) {
    throwIfCancelled(signal);
    const end = Math.min(start + EXAMPLES_IN_A_PASS, count);
    using logits = scope(() =>
      network.logits(Tensor.from(backend, features.subarray(start * size, end * size), [end - start, size])),
    );
    using losses = scope(() =>
      crossEntropy(logits, Tensor.from(backend, labels.subarray(start, end), [end - start]), { reduction: 'none' }),
    );
    itemNats.push(...(await losses.readFloats()));
    const values = await logits.readFloats();
    for (let at = 0; at < end - start; at++)
      itemCorrect.push(argmax(values, at * classes, classes) === labels[start + at]);
  }
  return summarise(itemNats, itemCorrect);
}

/** What the frequencies of the labels alone predict (a class never seen counts as seen once): the value that a failed run is given. */
export function classifyByFrequency({ labels }: Examples, seen: Examples): ClassificationResult {
  const counts = new Array<number>(seen.classes).fill(0);
  for (const label of seen.labels) counts[label]! += 1;
  const smoothed = counts.map((count) => Math.max(count, 1));
  const total = smoothed.reduce((sum, count) => sum + count, 0);
  const mostFrequent = smoothed.indexOf(Math.max(...smoothed));
  return summarise(
    Array.from(labels, (label) => -Math.log(smoothed[label]! / total)),
    Array.from(labels, (label) => label === mostFrequent),
  );
}

function summarise(itemNats: readonly number[], itemCorrect: readonly boolean[]): ClassificationResult {
  const items = itemNats.length;
  return {
    natsPerItem: itemNats.reduce((sum, nats) => sum + nats, 0) / items,
    top1Accuracy: itemCorrect.filter(Boolean).length / items,
    itemNats,
    itemCorrect,
  };
}
