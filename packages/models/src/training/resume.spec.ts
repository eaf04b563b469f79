import { createReferenceBackend, type Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { describe, expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { type TrainingPoint, tokenLoss } from './optimise.ts';
import type { OptimiserSpec } from './optimiser.ts';
import type { TrainingRecipe } from './recipe.ts';
import { stateAfter, type TrainingOptions, train } from './train.ts';
import { decodeTrainingState, encodeTrainingState, type TrainingState } from './training-state.ts';

const tokenizer = byteTokenizer();
const stream = tokenStream(['Some words to learn, and some more of them to go on with. '.repeat(12)], tokenizer);
const config = decoderConfig(
  { style: 'llama', layers: 2, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 },
  tokenizer.vocabularySize,
);
const steps = 23;
const recipe: TrainingRecipe = {
  tokens: steps * 6 * 16,
  batchSize: 6,
  learningRate: 0.01,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: 1,
};

interface Setting {
  readonly threads?: number;
  readonly recipe?: Partial<TrainingRecipe>;
  readonly config?: DecoderConfig;
  readonly options?: Partial<TrainingOptions>;
}

/** All that a training leaves behind. */
async function trained({ threads = 1, recipe: changes = {}, config: shape = config, options = {} }: Setting) {
  const backend = createNativeBackend({ threads });
  try {
    using decoder = Decoder.initialise(backend, shape, 3);
    const points: TrainingPoint[] = [];
    const given = { ...recipe, ...changes };
    const result = await train(decoder, stream, given, {
      seed: 3,
      pointEvery: 1,
      onPoint: (point) => points.push(point),
      ...options,
    });
    return { points, result, values: await decoder.readParameters() };
  } finally {
    backend.close();
  }
}

/** The state after a step, through a file as a worker keeps it; training is stopped there. */
async function stateAt(step: number, setting: Setting): Promise<TrainingState> {
  let file: Uint8Array | undefined;
  const controller = new AbortController();
  const save = (state: TrainingState) => {
    file = encodeTrainingState(state, 'this one');
    controller.abort();
  };
  const options = {
    ...setting.options,
    checkpoint: { due: (at: number) => at === step, save },
    signal: controller.signal,
  };
  await expect(trained({ ...setting, options })).rejects.toMatchObject({ code: 'cancelled' });
  return decodeTrainingState(file!, 'this one');
}

const optimisers: (OptimiserSpec | undefined)[] = [
  undefined,
  { kind: 'adam', beta1: 0.9, beta2: 0.95, epsilon: 1e-8 },
  { kind: 'lion', beta1: 0.9, beta2: 0.99 },
  { kind: 'adafactor', decay: -0.8, threshold: 1 },
  { kind: 'adagrad', epsilon: 1e-10 },
  { kind: 'rmsprop', alpha: 0.9, momentum: 0.9, centered: true, epsilon: 1e-6 },
  { kind: 'sgd', momentum: 0.9, nesterov: true },
  { kind: 'sgd', momentum: 0, nesterov: false },
];

describe('a training that was cut', () => {
  test.each(optimisers.map((optimiser) => ({ optimiser, name: optimiser?.kind ?? 'the default' })))(
    'goes on with the same bits: $name',
    async ({ optimiser }) => {
      const setting = { recipe: { optimiser } };
      const whole = await trained(setting);
      const resume = await stateAt(9, setting);
      expect(await trained({ ...setting, options: { resume } })).toEqual(whole);
    },
  );

  test('at any step, cut once more, and at other numbers of threads', async () => {
    const whole = await trained({});
    for (const step of [1, 11, steps - 1]) {
      const resume = await stateAt(step, { threads: 2 });
      expect(await trained({ threads: 1, options: { resume } }), `cut at ${step}`).toEqual(whole);
    }
    const first = await stateAt(4, {});
    const second = await stateAt(15, { options: { resume: first } });
    expect(second.losses).toHaveLength(15);
    expect(await trained({ threads: 2, options: { resume: second } })).toEqual(whole);
  });

  test('keeps what norms remember of batches, and what is frozen', async () => {
    const remembering = parseDecoderConfig({
      ...config,
      norms: { ...config.norms, final: { kind: 'batch-norm', eps: 1e-5, momentum: 0.1 } },
    });
    const setting: Setting = { config: remembering, options: { trains: (name) => !name.includes('q_proj') } };
    const whole = await trained(setting);
    const resume = await stateAt(9, setting);
    expect(await trained({ ...setting, options: { ...setting.options, resume } })).toEqual(whole);
  });

  test('saves without changing what it computes, and saves every so many steps but the last', async () => {
    const saved: number[] = [];
    const save = ({ losses }: TrainingState) => void saved.push(losses.length);
    const watched = await trained({
      options: { checkpoint: { due: (step) => step % 4 === 0 || step === steps, save } },
    });
    expect(saved).toEqual([4, 8, 12, 16, 20]);
    expect(watched).toEqual(await trained({}));
  });

  test('stands behind a step where another one would be cut there, and goes on from it', async () => {
    const backend = createNativeBackend({ threads: 1 });
    using decoder = Decoder.initialise(backend, config, 3);
    const state = await stateAfter(decoder, stream, recipe, 9, { seed: 3 });
    expect(state).toEqual(await stateAt(9, {}));
    expect(await decoder.readParameters()).toEqual(state.parameters);
    expect(await trained({ options: { resume: state } })).toEqual(await trained({}));
    for (const step of [0, 1.5, steps]) {
      await expect(stateAfter(decoder, stream, recipe, step, { seed: 3 })).rejects.toMatchObject({
        code: 'invalid-config',
        message: `a training of 23 steps has no state to go on from behind step ${step}`,
      });
    }
    const wild = { ...recipe, learningRate: 1e30, warmup: 0, gradientClip: null };
    await expect(stateAfter(decoder, stream, wild, 20, { seed: 3 })).rejects.toMatchObject({ code: 'invalid-config' });
    backend.close();
  });

  test('does not save a step that is not finite', async () => {
    const saved: number[] = [];
    const save = ({ losses }: TrainingState) => void saved.push(losses.length);
    const loss = (decoder: Decoder, ids: Tensor, targets: Tensor, step: number) => {
      if (step === 6) decoder.writeParameter('norms.final.weight', new Float32Array(16).fill(Number.NaN));
      return tokenLoss(decoder.logits(ids), targets);
    };
    const { result } = await trained({ options: { loss, checkpoint: { due: (step) => step % 3 === 0, save } } });
    expect(result.diverged).toMatchObject({ step: 6, reason: 'not-finite' });
    expect(saved).toEqual([3]);
  });
});

describe('a state that does not fit is refused', () => {
  const resumed = async (change: (state: TrainingState) => TrainingState, setting: Setting = {}) => {
    const resume = change(await stateAt(2, {}));
    await expect(trained({ ...setting, options: { resume } })).rejects.toMatchObject({ code: 'bad-checkpoint' });
  };
  const without = <Value>(map: ReadonlyMap<string, Value>, name: string) =>
    new Map([...map].filter(([key]) => key !== name));

  test('when a parameter or a memory is missing, misshapen or too many', async () => {
    const name = 'norms.final.weight';
    await resumed((state) => ({ ...state, parameters: without(state.parameters, name) }));
    await resumed((state) => ({ ...state, memory: without(state.memory, `firstMoment.${name}`) }));
    const odd = { shape: [2], data: new Float32Array(2) };
    await resumed((state) => ({ ...state, parameters: new Map([...state.parameters, [name, odd]]) }));
    await resumed((state) => ({ ...state, parameters: new Map([...state.parameters, ['more', odd]]) }));
    await resumed((state) => state, { recipe: { optimiser: { kind: 'lion', beta1: 0.9, beta2: 0.99 } } });
  });

  test('when it is of another training, cut off, or something else', async () => {
    const file = encodeTrainingState(await stateAt(2, {}), 'this one');
    const codeOf = (bytes: Uint8Array, identity = 'this one') => {
      try {
        decodeTrainingState(bytes, identity);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(codeOf(file)).toBeUndefined();
    expect(codeOf(file, 'another one')).toMatchObject({
      code: 'bad-checkpoint',
      message: 'training state: expected that of another one, found that of this one',
    });
    expect(codeOf(file.subarray(0, file.length - 4))).toMatchObject({ code: 'bad-checkpoint' });
    expect(codeOf(new Uint8Array(4))).toMatchObject({ code: 'bad-checkpoint' });
  });
});

describe('a batch computed in parts', () => {
  test('takes the same steps up to rounding, also where the last part is smaller', async () => {
    const whole = await trained({});
    for (const microBatchSize of [3, 4, 1]) {
      const parts = await trained({ recipe: { microBatchSize } });
      parts.points.forEach(({ trainingLoss, gradientNorm, tokens }, index) => {
        const want = whole.points[index]!;
        expect(tokens).toBe(want.tokens);
        expect(Math.abs(trainingLoss / want.trainingLoss - 1), `loss of step ${index + 1}`).toBeLessThan(1e-4);
        expect(Math.abs(gradientNorm / want.gradientNorm - 1), `norm of step ${index + 1}`).toBeLessThan(1e-3);
      });
    }
    expect(await trained({ recipe: { microBatchSize: 6 } })).toEqual(whole);
    expect(await trained({ recipe: { microBatchSize: 100 } })).toEqual(whole);
  });

  test('needs less memory', async () => {
    const peakOf = async (microBatchSize: number) => {
      const backend = createReferenceBackend();
      using decoder = Decoder.initialise(backend, config, 3);
      let peak = 0;
      const loss = (model: Decoder, ids: Tensor, targets: Tensor) => {
        const value = tokenLoss(model.logits(ids), targets);
        peak = Math.max(peak, backend.liveBytes);
        return value;
      };
      await train(decoder, stream, { ...recipe, tokens: 6 * 16, microBatchSize }, { seed: 3, pointEvery: 1, loss });
      return peak;
    };
    expect(await peakOf(1)).toBeLessThan((await peakOf(6)) / 2);
  });
});
