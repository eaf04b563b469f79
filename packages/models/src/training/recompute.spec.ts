import { createNativeBackend } from '@claimbench/kernels/node';
import { describe, expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { fullPlan, repeatInPlan } from '../decoder/layer-plan.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import type { TrainingRecipe } from './recipe.ts';
import { train } from './train.ts';

const tokenizer = byteTokenizer();
const stream = tokenStream(['A short text, learned by heart. '.repeat(20)], tokenizer);
const shape = (style: 'gpt2' | 'llama', layers: number) =>
  decoderConfig(
    { style, layers, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 },
    tokenizer.vocabularySize,
  );
const recipe: TrainingRecipe = {
  tokens: 12 * 64,
  batchSize: 4,
  learningRate: 0.01,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: 1,
};

/** What a training leaves behind, and the most that it held inside a layer. */
async function trained(config: DecoderConfig, recompute: boolean, given: TrainingRecipe = recipe) {
  const backend = createNativeBackend({ threads: 1 });
  try {
    let peak = 0;
    const points: unknown[] = [];
    let values: unknown;
    {
      using decoder = Decoder.initialise(backend, config, 1);
      for (let layer = 0; layer < config.layers; layer++) {
        decoder.hooks.on(`layers.${layer}.mlp.output`, () => {
          peak = Math.max(peak, backend.liveBytes);
          return undefined;
        });
      }
      await train(decoder, stream, given, {
        seed: 1,
        pointEvery: 1,
        recompute,
        onPoint: (point) => points.push(point),
      });
      values = await decoder.readParameters();
    }
    expect(backend.liveBuffers).toBe(0);
    return { numbers: { points, values }, peak };
  } finally {
    backend.close();
  }
}

describe('recomputing layers instead of holding them', () => {
  const cases: [string, DecoderConfig, Partial<TrainingRecipe>][] = [
    ['gpt2', shape('gpt2', 3), {}],
    ['llama', shape('llama', 3), {}],
    [
      'layers that run twice',
      parseDecoderConfig({ ...shape('llama', 3), plan: repeatInPlan(fullPlan(3), 1, 2, 2) }),
      {},
    ],
    ['a batch in parts', shape('llama', 2), { microBatchSize: 3 }],
  ];
  test.each(cases)('gives the same bits: %s', async (_, config, changes) => {
    const given = { ...recipe, ...changes };
    const plain = await trained(config, false, given);
    const recomputed = await trained(config, true, given);
    expect(recomputed.numbers).toEqual(plain.numbers);
  });

  test('holds less, the deeper the model the less', async () => {
    const shareAt = async (layers: number) => {
      const config = shape('llama', layers);
      const brief = { ...recipe, tokens: 2 * 64 };
      return (await trained(config, true, brief)).peak / (await trained(config, false, brief)).peak;
    };
    const deep = await shareAt(16);
    expect(deep).toBeLessThan(0.7);
    expect(deep).toBeLessThan(await shareAt(4));
  });

  test('is refused where passes are remembered', async () => {
    const config = shape('llama', 2);
    const remembering = parseDecoderConfig({
      ...config,
      norms: { ...config.norms, final: { kind: 'batch-norm', eps: 1e-5, momentum: 0.1 } },
    });
    await expect(trained(remembering, true)).rejects.toMatchObject({ code: 'invalid-config' });
  });
});
