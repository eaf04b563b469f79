import { RandomStream } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';
import type { TokenStream } from './token-stream.ts';

/**
 * One batch: `inputs` and `targets` are `[batchSize, time]`, targets one token later; or features `[batchSize, features]` and the label of
 * each row. Reused by the next call.
 */
export interface Batch {
  readonly inputs: Int32Array | Float32Array;
  readonly targets: Int32Array;
}

/** Batches `[batchSize, time]` in an order that can be taken up again. */
export interface BatchSource {
  readonly batchSize: number;
  /** Predictions in a row: a window's tokens, or the one label of an example. */
  readonly time: number;
  /** f32 features of a row, for examples; left out where rows are tokens. */
  readonly features?: number;
  next(): Batch;
  /** Where in the order the next batch stands; set it to go on from there. */
  position: number;
}

/**
 * Batches of windows at random places of the stream, drawn from the seed's stream 2: they depend on seed, batch size, window and
 * data, so arms of one seed see the same windows in the same order. With a name they come from the stream of that name under stream 2.
 * Throws `empty-split` when the stream is shorter than a window.
 */
export function trainingBatches(
  stream: TokenStream,
  seed: number,
  batchSize: number,
  time: number,
  name?: string,
): BatchSource {
  const places = stream.tokens.length - time;
  if (places < 1) {
    throw new ModelError(
      'empty-split',
      `training windows of ${time} tokens need ${time + 1} tokens of text, found ${stream.tokens.length}`,
    );
  }
  const { dataOrder } = RANDOM_STREAMS;
  const order = new RandomStream(seed, name === undefined ? dataOrder : namedStream(dataOrder, name));
  const inputs = new Int32Array(batchSize * time);
  const targets = new Int32Array(batchSize * time);
  return {
    batchSize,
    time,
    get position() {
      return order.position;
    },
    set position(position) {
      order.position = position;
    },
    next() {
      for (let row = 0; row < batchSize; row++) {
        const start = order.nextBelow(places);
        inputs.set(stream.tokens.subarray(start, start + time), row * time);
        targets.set(stream.tokens.subarray(start + 1, start + time + 1), row * time);
      }
      return { inputs, targets };
    },
  };
}
