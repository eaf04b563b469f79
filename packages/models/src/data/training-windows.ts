import { RandomStream } from '@claimbench/kernels';
import { IGNORED } from '../ignored.ts';
import { ModelError } from '../model-error.ts';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';
import { maskTokens } from './masking.ts';
import type { TokenStream } from './token-stream.ts';

/**
 * One batch: `inputs` and `targets` are `[batchSize, time]`, targets one token later, or what stood in masked places; or features
 * `[batchSize, features]` and the label of each row. Reused by the next call.
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

/** Which windows a training sees, and in which order: arms of one seed see the same. */
export interface BatchPlan {
  readonly seed: number;
  readonly batchSize: number;
  /** Tokens of a window. */
  readonly time: number;
  /** Drawn from the stream of that name under stream 2; from stream 2 itself where it is left out. */
  readonly order?: string | undefined;
}

/**
 * Batches of windows at random places of the stream, drawn from the seed's stream 2: they depend on seed, batch size, window and data.
 * Throws `empty-split` when the stream is shorter than a window and the token behind it.
 */
export function trainingBatches(stream: TokenStream, plan: BatchPlan): BatchSource {
  const { time } = plan;
  return batchesOf(stream, plan, time + 1, (window, inputs, targets) => {
    inputs.set(window.subarray(0, time));
    targets.set(window.subarray(1));
  });
}

/** As `trainingBatches`, of windows with tokens to be filled in (`maskTokens`), which are drawn from the same stream; other targets are `IGNORED`. */
export function maskedBatches(stream: TokenStream, plan: BatchPlan, maskToken: number): BatchSource {
  return batchesOf(stream, plan, plan.time, (window, inputs, targets, random) => {
    const masked = maskTokens(window, maskToken, random);
    inputs.set(masked.inputs);
    targets.fill(IGNORED);
    for (const place of masked.places) targets[place] = window[place]!;
  });
}

function batchesOf(
  stream: TokenStream,
  { seed, batchSize, time, order: name }: BatchPlan,
  windowTokens: number,
  writeRow: (window: Int32Array, inputs: Int32Array, targets: Int32Array, random: RandomStream) => void,
): BatchSource {
  const places = stream.tokens.length - windowTokens + 1;
  if (places < 1) {
    throw new ModelError(
      'empty-split',
      `training windows of ${time} tokens need ${windowTokens} tokens of text, found ${stream.tokens.length}`,
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
        const [from, to] = [row * time, (row + 1) * time];
        const window = stream.tokens.subarray(start, start + windowTokens);
        writeRow(window, inputs.subarray(from, to), targets.subarray(from, to), order);
      }
      return { inputs, targets };
    },
  };
}
