import {
  type Backend,
  createReferenceBackend,
  crossEntropy,
  scale,
  scope,
  Tensor,
  valueAndGrad,
} from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { describe, expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig, sandwichNorm } from '../decoder/architectures.ts';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { evaluate, evaluateUnigram } from '../evaluation/evaluate.ts';
import { evaluationItems } from '../evaluation/items.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { divergenceAtEnd } from './divergence.ts';
import { type TrainingRecipe, trainingSteps } from './recipe.ts';
import { type TrainingOptions, train, trainStepwise } from './train.ts';

const text = 'A short text, learned by heart. ';
const tokenizer = byteTokenizer();
const stream = tokenStream([text.repeat(20)], tokenizer);
const config = decoderConfig(
  { style: 'llama', layers: 2, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 },
  tokenizer.vocabularySize,
);
const recipe: TrainingRecipe = {
  tokens: 40 * 4 * 16,
  batchSize: 4,
  learningRate: 0.01,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: 1,
};

async function withBackend<T>(threads: number, body: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = createNativeBackend({ threads });
  try {
    const result = await body(backend);
    expect(backend.liveBuffers).toBe(0);
    return result;
  } finally {
    backend.close();
  }
}

const trained = (
  backend: Backend,
  seed: number,
  options: Partial<TrainingOptions> = {},
  with_: Partial<TrainingRecipe> = {},
) =>
  (async () => {
    using decoder = Decoder.initialise(backend, config, seed);
    const losses: number[] = [];
    const result = await train(
      decoder,
      stream,
      { ...recipe, ...with_ },
      {
        seed,
        pointEvery: 1,
        onPoint: ({ trainingLoss }) => losses.push(trainingLoss),
        ...options,
      },
    );
    return { losses, result, values: await decoder.readParameters() };
  })();

describe('training', () => {
  test('learns a short text by heart', async () => {
    const { result } = await withBackend(2, (backend) => trained(backend, 1, {}, { tokens: 250 * 4 * 16 }));
    expect(result.diverged).toBeNull();
    expect(result.finalLoss).toBeLessThan(0.1);
  });

  test('gives the same bits when its steps are asked for a few at a time', async () => {
    await withBackend(1, async (backend) => {
      const { values } = await trained(backend, 1);
      using decoder = Decoder.initialise(backend, config, 1);
      using training = trainStepwise(decoder, stream, recipe, { seed: 1 });
      const halved: number[] = [];
      for (const count of [1, 0, 16, 23]) {
        await training.take(count);
        halved.push((await decoder.readParameter('norms.final.weight'))[0]!);
        expect(decoder.training).toBe(false);
      }
      expect(await decoder.readParameters()).toEqual(values);
      // Behind the recipe's last step there are more to take, as from its first.
      await training.take(1);
      expect(await decoder.readParameters()).not.toEqual(values);
      expect(halved[1]).toBe(halved[0]);
      expect(halved[2]).not.toBe(halved[1]);
    });
  });

  test('gives the same bits for the same seed, at any number of threads', async () => {
    const [one, again, other] = await Promise.all([
      withBackend(1, (backend) => trained(backend, 7)),
      withBackend(2, (backend) => trained(backend, 7)),
      withBackend(1, (backend) => trained(backend, 8)),
    ]);
    expect(again).toEqual(one);
    expect(other.losses).not.toEqual(one.losses);
  });

  test('reports points at the first, every n-th and the last step', async () => {
    const points: number[] = [];
    await withBackend(1, (backend) =>
      trained(backend, 1, { pointEvery: 15, onPoint: ({ step, tokens }) => points.push(step, tokens) }),
    );
    expect(points).toEqual([1, 64, 15, 960, 30, 1920, 40, 2560]);
  });

  test('ends at the step that is not finite, and names it', async () => {
    let calls = 0;
    const poisoned: Partial<TrainingOptions> = {
      loss: (decoder, ids, targets) => {
        calls += 1;
        const loss = crossEntropy(decoder.logits(ids).reshape([targets.size, -1]), targets.reshape([targets.size]));
        return calls === 12 ? scale(loss, Number.NaN) : loss;
      },
    };
    const { result } = await withBackend(1, (backend) => trained(backend, 1, poisoned));
    expect(result.diverged).toMatchObject({ step: 12, reason: 'not-finite' });
    expect(result.steps).toBe(12);
    expect(calls).toBeLessThanOrEqual(13);
  });

  test('with an absurd rate is an outcome, not a crash', async () => {
    const { result } = await withBackend(1, (backend) =>
      trained(backend, 1, {}, { learningRate: 10, gradientClip: null }),
    );
    expect(result.diverged).not.toBeNull();
  });

  test('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const running = withBackend(1, async (backend) => {
      const options = { signal: controller.signal, onPoint: () => controller.abort(), pointEvery: 1 };
      await expect(trained(backend, 1, options)).rejects.toMatchObject({ code: 'cancelled' });
    });
    await running;
  });

  test('lets a hook act on the weights after each step', async () => {
    const held = 'layers.0.mlp.up_proj.weight';
    const zeros = new Float32Array(32 * 16);
    const { values } = await withBackend(1, (backend) =>
      trained(backend, 1, { afterStep: (decoder) => decoder.writeParameter(held, zeros) }),
    );
    expect(values.get(held)!.data).toEqual(zeros);
  });

  test('takes another gradient in the place of a parameter’s, before the norm is taken', async () => {
    const only = 'layers.0.mlp.up_proj.weight';
    const norms: number[] = [];
    const options: Partial<TrainingOptions> = {
      gradient: (name, own) => (name === only ? own : scale(own, 0)),
      onPoint: ({ gradientNorm }) => norms.push(gradientNorm),
      pointEvery: 1,
    };
    const given = { weightDecay: 0 };
    const { values } = await withBackend(1, (backend) => trained(backend, 1, options, given));
    const frozen: number[] = [];
    const alone = { trains: (name: string) => name === only, pointEvery: 1 };
    const onPoint: TrainingOptions['onPoint'] = ({ gradientNorm }) => frozen.push(gradientNorm);
    const expected = await withBackend(1, (backend) => trained(backend, 1, { ...alone, onPoint }, given));
    expect(norms).toEqual(frozen);
    expect(values).toEqual(expected.values);
  });

  test('refuses tokens of a larger vocabulary than the model has', async () => {
    const backend = createReferenceBackend();
    using decoder = Decoder.initialise(backend, { ...config, vocabularySize: 100 }, 1);
    await expect(train(decoder, stream, recipe, { seed: 1, pointEvery: 1 })).rejects.toMatchObject({
      code: 'invalid-config',
    });
  });
});

describe('gradients', () => {
  const small = { layers: 1, hiddenSize: 8, heads: 2, feedForwardSize: 12, contextLength: 6 } as const;
  const cases: [string, DecoderConfig][] = [
    ['gpt2', decoderConfig({ style: 'gpt2', ...small }, 11)],
    ['llama', decoderConfig({ style: 'llama', ...small }, 11)],
    [
      'sandwich DyT in parallel with grouped queries, norms of the heads and an own logit weight',
      parseDecoderConfig({
        ...decoderConfig({ style: 'llama', ...small }, 11),
        keyValueHeads: 1,
        tiedEmbeddings: false,
        norms: {
          ...sandwichNorm({ kind: 'dynamic-tanh', alphaInit: 0.8 }),
          query: { kind: 'rms-norm', eps: 1e-5 },
          key: { kind: 'rms-norm', eps: 1e-5 },
        },
        residual: { form: 'parallel', attentionScale: 0.5, mlpScale: 2 },
        activation: 'gelu-erf',
        gated: true,
      }),
    ],
  ];

  test.each(cases)('of %s agree with finite differences', async (_, shape) => {
    const backend = createReferenceBackend();
    const scaled = { ...shape, initialisation: { standardDeviation: 0.4, scaledResidual: false } };
    using decoder = Decoder.initialise(backend, scaled, 5);
    using ids = Tensor.from(backend, Int32Array.of(1, 5, 10, 3, 0, 5), [1, 6]);
    using targets = Tensor.from(backend, Int32Array.of(5, 10, 3, 0, 5, 7), [6]);
    const loss = () => crossEntropy(decoder.logits(ids).reshape([6, -1]), targets);
    const parameters = [...decoder.parameters];
    const { gradients, value } = scope(() =>
      valueAndGrad(
        parameters.map(([, tensor]) => tensor),
        loss,
      ),
    );
    value.dispose();
    for (const [index, [name]] of parameters.entries()) {
      const values = await decoder.readParameter(name);
      const gradient = await gradients[index]!.readFloats();
      const at = gradient.reduce((best, slope, i) => (Math.abs(slope) > Math.abs(gradient[best]!) ? i : best), 0);
      const lossAt = async (shift: number) => {
        decoder.writeParameter(name, values.with(at, values[at]! + shift));
        using result = scope(loss);
        return (await result.readFloats())[0]!;
      };
      const step = 2 ** -6;
      // Fourth order: the curvature of a step this large must not show.
      const [a, b, c, d] = [await lossAt(-2 * step), await lossAt(-step), await lossAt(step), await lossAt(2 * step)];
      const slope = (a - 8 * b + 8 * c - d) / (12 * step);
      decoder.writeParameter(name, values);
      expect(Math.abs(slope - gradient[at]!), name).toBeLessThan(2e-3 * Math.abs(gradient[at]!) + 2e-5);
      gradients[index]!.dispose();
    }
  });
});

describe('the recipe', () => {
  test('takes as many steps as its tokens need', () => {
    expect(trainingSteps(recipe, 16)).toBe(40);
    expect(trainingSteps({ ...recipe, tokens: 65 }, 16)).toBe(2);
  });
});

describe('divergence at the end', () => {
  const falling = Array.from({ length: 40 }, (_, step) => 5 - step / 20);

  test('is a loss above the unigram entropy, or none of the progress that the last half should bring', () => {
    expect(divergenceAtEnd(falling, 4)).toBeNull();
    expect(divergenceAtEnd(falling, 3)).toMatchObject({ step: 40, reason: 'above-unigram-entropy' });
    const stuck = falling.map((loss, step) => (step < 20 ? loss : 4.3));
    expect(divergenceAtEnd(stuck, 5)).toMatchObject({ step: 40, reason: 'no-progress' });
    expect(divergenceAtEnd([4, 4, 4], 5)).toBeNull();
  });
});

describe('evaluation', () => {
  const documents = ['abcdefgh', 'xy', 'ijklmnopqrst', ''];

  test('takes first windows of all documents before second ones, each with the token before it', () => {
    const items = evaluationItems(documents, tokenizer, { items: 4, windowTokens: 5 });
    const seen = items.map(({ context, tokens, bytes }) => [context, tokenizer.decode(tokens), bytes]);
    expect(seen).toEqual([
      [256, 'abcde', 5],
      [256, 'xy', 2],
      [256, 'ijklm', 5],
      [101, 'fgh', 3],
    ]);
    expect(() => evaluationItems(documents, tokenizer, { items: 9, windowTokens: 5 })).toThrow(
      'these documents give 6',
    );
  });

  test('sums nats over bytes, whatever the batches, and means of items give the whole', async () => {
    await withBackend(1, async (backend) => {
      using decoder = Decoder.initialise(backend, config, 1);
      const items = evaluationItems(documents, tokenizer, { items: 6, windowTokens: 5 });
      const results = [];
      for (const batchSize of [1, 4, 100]) results.push(await evaluate(decoder, items, { batchSize }));
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
      const { itemNats, itemNatsPerByte, natsPerByte, natsPerToken, bytes } = results[0]!;
      expect(bytes).toBe(22);
      expect(natsPerByte).toBeCloseTo(itemNats.reduce((sum, nats) => sum + nats) / 22, 12);
      expect(itemNatsPerByte.reduce((sum, nats) => sum + nats) / 6).toBeCloseTo(natsPerByte, 12);
      expect(natsPerToken).toBeCloseTo(Math.log(257), 0);
    });
  });

  test('of frequencies is their cross-entropy', () => {
    const counted = tokenStream(['aab'], tokenizer);
    const items = evaluationItems(['ab'], tokenizer, { items: 1, windowTokens: 2 });
    const total = 4 + 254; // a twice, b and the begin token once, all others counted as once
    const { natsPerToken, top1Accuracy } = evaluateUnigram(items, counted);
    expect(natsPerToken).toBeCloseTo((-Math.log(2 / total) - Math.log(1 / total)) / 2, 12);
    expect(top1Accuracy).toBe(0.5);
  });
});
