import { RandomStream } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { RANDOM_STREAMS } from '../random-streams.ts';
import type { FeedForwardConfig } from '../vision/feed-forward.ts';
import type { BatchSource } from './training-windows.ts';

/** What a classifier reads and is to say. */
export interface Examples {
  readonly count: number;
  /** `[count, size]`. */
  readonly features: Float32Array;
  readonly size: number;
  /** `[count]`, each from 0 to classes - 1. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Entropy of the labels' frequencies in nats: the loss of a model that knows nothing else. */
  readonly labelEntropy: number;
}

export interface ExampleShape {
  readonly size: number;
  readonly classes: number;
}

/**
 * Documents as examples: rows of `.` (-1) and `#` (1), then a line with `=` and the number of the class. Throws `invalid-question` for a
 * document that is none, has another number of signs, or a class that is too high.
 */
export function examplesOf(documents: readonly string[], { size, classes }: ExampleShape): Examples {
  if (documents.length === 0) throw new ModelError('invalid-question', 'there are no examples');
  const features = new Float32Array(documents.length * size);
  const labels = new Int32Array(documents.length);
  const frequencies = new Float64Array(classes);
  for (const [index, document] of documents.entries()) {
    const [, drawing, answer] = /^([.#\n]+)\n=(\d+)$/.exec(document) ?? [];
    if (drawing === undefined || answer === undefined) {
      const shown = document.length > 60 ? `${document.slice(0, 60)}…` : document;
      throw new ModelError('invalid-question', `rows of . and # and a line =CLASS were expected, found "${shown}"`);
    }
    const signs = drawing.replaceAll('\n', '');
    const label = Number(answer);
    if (signs.length !== size || label >= classes) {
      throw new ModelError(
        'invalid-question',
        `the classifier reads ${size} signs and knows ${classes} classes; example ${index} has ${signs.length} signs and class ${label}`,
      );
    }
    for (let at = 0; at < size; at++) features[index * size + at] = signs[at] === '#' ? 1 : -1;
    labels[index] = label;
    frequencies[label]! += 1;
  }
  let labelEntropy = 0;
  for (const count of frequencies) {
    if (count > 0) labelEntropy -= (count / documents.length) * Math.log(count / documents.length);
  }
  return { count: documents.length, features, size, labels, classes, labelEntropy };
}

/**
 * Batches of examples drawn with replacement from the seed's stream 2: they depend on seed, batch size and data, so arms of one seed see
 * the same examples in the same order.
 */
export function exampleBatches(
  { count, features, size, labels }: Examples,
  seed: number,
  batchSize: number,
): BatchSource {
  const order = new RandomStream(seed, RANDOM_STREAMS.dataOrder);
  const inputs = new Float32Array(batchSize * size);
  const targets = new Int32Array(batchSize);
  return {
    batchSize,
    time: 1,
    features: size,
    get position() {
      return order.position;
    },
    set position(position) {
      order.position = position;
    },
    next() {
      for (let row = 0; row < batchSize; row++) {
        const example = order.nextBelow(count);
        inputs.set(features.subarray(example * size, (example + 1) * size), row * size);
        targets[row] = labels[example]!;
      }
      return { inputs, targets };
    },
  };
}

/** Throws `invalid-config` where a network reads another number of features, or knows other classes. */
export function checkExamples({ sizes }: Pick<FeedForwardConfig, 'sizes'>, { size, classes }: ExampleShape): void {
  if (sizes[0] === size && sizes.at(-1) === classes) return;
  throw new ModelError(
    'invalid-config',
    `the network reads ${sizes[0]} features and knows ${sizes.at(-1)} classes, the examples have ${size} and ${classes}`,
  );
}
