import { keep, scope, Tensor } from '@claimbench/kernels';
import type { TokenWindows } from '../data/calibration-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';

/** Tokens in one pass: bounds memory; other sizes give other sums only in the last bits. */
const TOKENS_IN_A_PASS = 2048;

/** Consecutive windows as one batch of ids `[windows, time]`. */
export function batchesOf({ tokens, windows, time }: TokenWindows): { ids: Int32Array; windows: number }[] {
  const size = Math.max(1, Math.floor(TOKENS_IN_A_PASS / time));
  return Array.from({ length: Math.ceil(windows / size) }, (_, batch) => {
    const ids = tokens.subarray(batch * size * time, (batch + 1) * size * time);
    return { ids, windows: ids.length / time };
  });
}

/**
 * Runs the decoder over the windows and shows, batch by batch, what passes at places of its hooks: values row-major, one row a token,
 * windows one after the other. A place that the plan does not reach is missing; one that it reaches twice shows the last time.
 */
export async function captureStates(
  decoder: Decoder,
  windows: TokenWindows,
  places: readonly string[],
  visit: (values: ReadonlyMap<string, Float32Array>, batch: { windows: number; time: number }) => void,
): Promise<void> {
  for (const { ids, windows: count } of batchesOf(windows)) {
    const captured = capturing(decoder, places, () => {
      decoder.hidden(Tensor.from(decoder.backend, ids, [count, windows.time]));
    });
    try {
      const values = new Map<string, Float32Array>();
      for (const [place, tensor] of captured) values.set(place, await tensor.readFloats());
      visit(values, { windows: count, time: windows.time });
    } finally {
      for (const tensor of captured.values()) tensor.dispose();
    }
  }
}

/** The tensors that pass at places while `pass` encodes a forward pass; the caller disposes them. */
export function capturing(decoder: Decoder, places: readonly string[], pass: () => void): Map<string, Tensor> {
  const captured = new Map<string, Tensor>();
  const stop = places.map((place) =>
    decoder.hooks.on(place, (value) => {
      captured.get(place)?.dispose();
      captured.set(place, keep(value.reshape(value.shape)));
      return undefined;
    }),
  );
  try {
    scope(pass);
    return captured;
  } finally {
    for (const off of stop) off();
  }
}
