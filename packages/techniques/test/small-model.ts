import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { Decoder, type DecoderConfig, decoderConfig, type TokenWindows } from '@claimbench/models';
import { afterEach } from 'vitest';
import type { CheckpointContext } from '../src/index.ts';

/** A decoder for tests: 4 layers of 32 features, feed-forward 64, vocabulary 50. */
export function smallConfig(style: 'gpt2' | 'llama' | 'modernbert' = 'llama'): DecoderConfig {
  const shape = { layers: 4, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 16 };
  // Small weights: near its linear range a random model's damage grows with what is done to it.
  return {
    ...decoderConfig({ style, ...shape }, 50),
    initialisation: { standardDeviation: 0.02, scaledResidual: true },
  };
}

const backend = createReferenceBackend();
const decoders: Decoder[] = [];

/** With random weights from seed 7, on the reference backend; freed after the test. */
export function smallDecoder(config: DecoderConfig = smallConfig()): Decoder {
  const decoder = Decoder.initialise(backend, config, 7);
  decoders.push(decoder);
  return decoder;
}

afterEach(() => {
  for (const decoder of decoders.splice(0)) decoder.dispose();
  if (backend.liveBuffers > 0) throw new Error(`${backend.liveBuffers} buffers were not freed`);
});

/** What runs give to techniques on trained decoders: here windows of a stream with some structure, `seed` apart. */
export function smallContext(seed = 0): CheckpointContext {
  return {
    seed,
    calibrate: async (windows) => smallWindows(windows, seed),
    trainOn: untrained,
    stateAfter: untrained,
    trainFrom: untrained,
  };
}

async function untrained(): Promise<never> {
  throw new Error('the small model is not trained');
}

function smallWindows(windows: number, seed: number): TokenWindows {
  const time = 16;
  const tokens = Int32Array.from({ length: windows * time }, (_, i) => (i * i * 3 + i * 7 + seed * 11) % 50);
  return { tokens, windows, time };
}

/** Logits of two fixed sequences of 8 tokens. */
export async function logitsOf(decoder: Decoder): Promise<Float32Array> {
  const ids = Int32Array.from({ length: 16 }, (_, i) => (i * 7 + 3) % 50);
  using tokens = Tensor.from(backend, ids, [2, 8]);
  using logits = scope(() => decoder.logits(tokens));
  return await logits.readFloats();
}

/** Largest absolute difference. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

/** Root of the mean squared difference over the root mean square of `a`. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  const square = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(square(a.map((value, i) => value - b[i]!)) / square(a));
}
