import { RandomStream } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { RANDOM_STREAMS } from '../random-streams.ts';
import type { TokenStream } from './token-stream.ts';

/** Windows of equal length, one after the other: `tokens` is `[windows, time]`. */
export interface TokenWindows {
  readonly tokens: Int32Array;
  readonly windows: number;
  readonly time: number;
}

/**
 * Windows at random places of the stream for techniques that look at data, drawn from the seed's stream 3: the first n windows are
 * the same however many are asked for. Throws `empty-split` when the stream is shorter than a window.
 */
export function calibrationWindows(stream: TokenStream, seed: number, windows: number, time: number): TokenWindows {
  const places = stream.tokens.length - time + 1;
  if (places < 1) {
    throw new ModelError(
      'empty-split',
      `calibration windows of ${time} tokens need as many tokens of text, found ${stream.tokens.length}`,
    );
  }
  const order = new RandomStream(seed, RANDOM_STREAMS.calibration);
  const tokens = new Int32Array(windows * time);
  for (let window = 0; window < windows; window++) {
    const start = order.nextBelow(places);
    tokens.set(stream.tokens.subarray(start, start + time), window * time);
  }
  return { tokens, windows, time };
}
