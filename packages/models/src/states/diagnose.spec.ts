import { createReferenceBackend, crossEntropy, scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import { afterEach, describe, expect, it } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { diagnose } from './diagnose.ts';

const backend = createReferenceBackend();
const config = decoderConfig(
  { style: 'llama', layers: 4, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 8 },
  30,
);
const windows = { tokens: Int32Array.from({ length: 24 }, (_, i) => (i * i * 5 + i) % 30), windows: 3, time: 8 };
let decoder: Decoder;

function fresh(): Decoder {
  decoder = Decoder.initialise(backend, config, 5);
  return decoder;
}

async function change(name: string, value: (w: number) => number): Promise<void> {
  decoder.writeParameter(name, (await decoder.readParameter(name)).map(value));
}

afterEach(() => {
  decoder.dispose();
  expect(backend.liveBuffers).toBe(0);
});

describe('a diagnosis', () => {
  it('finds attention and MLPs that do nothing', async () => {
    fresh();
    for (let layer = 0; layer < 4; layer++) await change(`layers.${layer}.self_attn.o_proj.weight`, () => 0);
    const quiet = await diagnose(decoder, windows);
    expect(quiet.similarityAttention).toBeCloseTo(1, 12);
    expect(quiet.similarityMlp).toBeLessThan(1 - 1e-6);
    expect(quiet.similarityNeighbours).toBeCloseTo(quiet.similarityMlp, 12);
    for (let layer = 0; layer < 4; layer++) await change(`layers.${layer}.mlp.down_proj.weight`, () => 0);
    const silent = await diagnose(decoder, windows);
    expect(silent.similarityMlp).toBeCloseTo(1, 12);
    expect(silent.similarityMiddle).toBeCloseTo(1, 12);
    expect(silent.stateSizeLate).toBe(silent.stateSizeEarly);
  });

  it('tells middle layers from outer ones', async () => {
    fresh();
    // Only the first and the last layer do something: the states that enter layers 1, 2 and 3 are the same.
    for (const layer of [1, 2]) {
      await change(`layers.${layer}.self_attn.o_proj.weight`, () => 0);
      await change(`layers.${layer}.mlp.down_proj.weight`, () => 0);
    }
    await change('layers.0.mlp.down_proj.weight', (w) => 1e4 * w);
    const { similarityMiddle, similarityOuter, stateSizeEarly, stateSizeLate, stateLargest } = await diagnose(
      decoder,
      windows,
    );
    expect(similarityMiddle).toBeCloseTo(1, 12);
    expect(similarityOuter).toBeLessThan(0.95);
    expect(stateSizeEarly).toBeGreaterThan(0.01);
    expect(stateSizeLate).toBeCloseTo(stateSizeEarly, 1);
    expect(stateLargest).toBeGreaterThan(stateSizeLate);
  });

  it('has the norms of the gradients of whole layers', async () => {
    fresh();
    const { gradientNormEarly, gradientNormLate, gradientSpread } = await diagnose(decoder, windows);
    const norms: number[] = [];
    for (let layer = 0; layer < 4; layer++) {
      const parameters = [...decoder.parameters]
        .filter(([name]) => name.startsWith(`layers.${layer}.`))
        .map(([, t]) => t);
      const gradients = scope(
        () =>
          valueAndGrad(parameters, () => {
            const logits = decoder.logits(Tensor.from(backend, windows.tokens, [3, 8]));
            const targets = windows.tokens.map((_, i) => (i % 8 === 7 ? -1 : windows.tokens[i + 1]!));
            return crossEntropy(logits.reshape([24, -1]), Tensor.from(backend, targets, [24]), { ignoreIndex: -1 });
          }).gradients,
      );
      let square = 0;
      for (const gradient of gradients) {
        for (const value of await gradient.readFloats()) square += value * value;
        gradient.dispose();
      }
      norms.push(Math.sqrt(square));
    }
    expect(gradientNormEarly).toBeCloseTo(norms[0]!, 5);
    expect(gradientNormLate).toBeCloseTo(norms[3]!, 5);
    const logs = norms.map(Math.log);
    const mean = logs.reduce((sum, log) => sum + log, 0) / 4;
    expect(gradientSpread).toBeCloseTo(Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / 4), 5);
  });
});
