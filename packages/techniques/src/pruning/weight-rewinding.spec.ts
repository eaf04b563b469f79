import { createNativeBackend } from '@claimbench/kernels/node';
import {
  byteTokenizer,
  Decoder,
  decoderConfig,
  decodeTrainingState,
  encodeTrainingState,
  stateAfter,
  type TrainingOptions,
  type TrainingPoint,
  type TrainingRecipe,
  type TrainingState,
  tokenStream,
  train,
  trainingSteps,
} from '@claimbench/models';
import { afterAll, describe, expect, it } from 'vitest';
import { smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { checkFit, resolveTechnique } from '../registry.ts';
import type { CheckpointContext } from '../technique.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';

const tokenizer = byteTokenizer();
const stream = tokenStream(['Some words to learn, and some more of them to go on with. '.repeat(12)], tokenizer);
const config = decoderConfig(
  { style: 'llama', layers: 1, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 },
  tokenizer.vocabularySize,
);
const STEPS = 20;
/** Without clipping no step of one weight depends on the gradient of another. */
const recipe: TrainingRecipe = {
  tokens: STEPS * 4 * 16,
  batchSize: 4,
  learningRate: 0.01,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: null,
};
const SEED = 3;

const backend = createNativeBackend({ threads: 1 });
afterAll(() => backend.close());

/** What a run gives: the training of one seed, taken up again. */
function contextOf(given: TrainingRecipe, options: Partial<TrainingOptions> = {}): CheckpointContext {
  return {
    ...smallContext(SEED),
    stateAfter: async (share) => {
      using fresh = Decoder.initialise(backend, config, SEED);
      const step = Math.ceil(share * trainingSteps(given, config.contextLength));
      return await stateAfter(fresh, stream, given, step, { seed: SEED });
    },
    trainFrom: async (decoder, state, change) => {
      const put = await change?.(decoder, { seed: SEED, steps: STEPS });
      const own = { ...put?.options, ...options };
      await train(decoder, stream, given, { ...own, seed: SEED, pointEvery: 1, resume: state });
      put?.[Symbol.dispose]?.();
    },
  };
}

async function trained(given: TrainingRecipe): Promise<Decoder> {
  const decoder = Decoder.initialise(backend, config, SEED);
  await train(decoder, stream, given, { seed: SEED, pointEvery: STEPS });
  return decoder;
}

async function rewound(parameters: Record<string, unknown>, given = recipe, context = contextOf(given)) {
  const technique = resolveTechnique({ id: 'weight-rewinding', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  using decoder = await trained(given);
  const costs = await technique.changeWeights(decoder, context);
  return { costs, values: await decoder.readParameters(), weights: await readLayerWeights(decoder) };
}

/**
 * The same by hand: every training is cut behind its first step, its state goes through a file, and zeros are written into it for what
 * has gone. No hook acts while anything is trained.
 */
async function byHand(keptOf: (final: Decoder) => Promise<ReadonlyMap<string, readonly boolean[]>>, back: number) {
  const stepOnce = async (state: TrainingState | undefined): Promise<TrainingState> => {
    using decoder = Decoder.initialise(backend, config, SEED);
    const at = (state?.losses.length ?? 0) + 1;
    let file: Uint8Array | undefined;
    const controller = new AbortController();
    const save = (next: TrainingState) => {
      file = encodeTrainingState(next, 'by hand');
      controller.abort();
    };
    const checkpoint = { due: (step: number) => step === at, save };
    const options = { seed: SEED, pointEvery: 1, checkpoint, signal: controller.signal };
    const resumed = state === undefined ? options : { ...options, resume: state };
    await expect(train(decoder, stream, recipe, resumed)).rejects.toMatchObject({ code: 'cancelled' });
    return decodeTrainingState(file!, 'by hand');
  };
  let early: TrainingState | undefined;
  for (let step = 0; step < back; step++) early = await stepOnce(early);
  using final = await trained(recipe);
  const kept = await keptOf(final);
  const zeroed = (state: TrainingState): TrainingState => {
    for (const [name, keep] of kept) {
      for (const values of [
        state.parameters.get(name)!,
        state.memory.get(`firstMoment.${name}`)!,
        state.memory.get(`secondMoment.${name}`)!,
      ]) {
        keep.forEach((stays, index) => {
          if (!stays) values.data[index] = 0;
        });
      }
    }
    return state;
  };
  let state = zeroed(early!);
  for (let step = back; step < STEPS - 1; step++) state = zeroed(await stepOnce(state));
  // Nothing can be saved behind the last step: it is taken by a training that is not cut.
  using decoder = Decoder.initialise(backend, config, SEED);
  await train(decoder, stream, recipe, { seed: SEED, pointEvery: STEPS, resume: state });
  const values = await decoder.readParameters();
  for (const [name, keep] of kept)
    keep.forEach((stays, index) => {
      if (!stays) values.get(name)!.data[index] = 0;
    });
  return values;
}

/** The larger half of every matrix, or of all together, sorted by hand. */
async function largerHalf(final: Decoder, together: boolean): Promise<Map<string, boolean[]>> {
  const weights = await readLayerWeights(final);
  const entries = weights.flatMap(({ name, values }) =>
    [...values].map((value, index) => ({ name: `${name}.weight`, index, size: Math.abs(value) })),
  );
  const kept = new Map(weights.map(({ name, values }) => [`${name}.weight`, [...values].map(() => false)]));
  const groups = together ? [entries] : [...kept.keys()].map((name) => entries.filter((entry) => entry.name === name));
  for (const group of groups) {
    for (const { name, index } of group.toSorted((a, b) => b.size - a.size).slice(0, group.length / 2)) {
      kept.get(name)![index] = true;
    }
  }
  return kept;
}

describe('weight rewinding', () => {
  it.each([
    ['uniform', false],
    ['global', true],
  ])('has to the bit the weights of the same done by hand: %s', async (pruning, together) => {
    const expected = await byHand((final) => largerHalf(final, together), 4);
    const { values } = await rewound({ pruning, sparsity: 0.5, share: 0.2 });
    expect(values).toEqual(expected);
  });

  it('gives the trained model itself where nothing is removed', async () => {
    using base = await trained({ ...recipe, gradientClip: 1 });
    const { values, costs } = await rewound({ sparsity: 0, share: 0.3, rounds: 2 }, { ...recipe, gradientClip: 1 });
    expect(values).toEqual(await base.readParameters());
    expect(costs).toMatchObject({ sparsity: 0, quantizationError: 0 });
  });

  it.each(['uniform', 'global', 'erdos-renyi', 'lamp', 'random'])(
    'removes what %s removes of the trained model, and the mask stays',
    async (pruning) => {
      const alone: Record<string, { id: string; parameters: Record<string, unknown> }> = {
        uniform: { id: 'magnitude', parameters: { scope: 'layer' } },
        global: { id: 'magnitude', parameters: { scope: 'global' } },
        'erdos-renyi': { id: 'erdos-renyi', parameters: {} },
        lamp: { id: 'lamp', parameters: {} },
        random: { id: 'random-pruning', parameters: {} },
      };
      const { id, parameters } = alone[pruning]!;
      const technique = resolveTechnique({ id, parameters: { ...parameters, sparsity: 0.75 } });
      if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
      using base = await trained(recipe);
      const pruned = await technique.changeWeights(base, smallContext(SEED));
      const zeros = (weights: Awaited<ReturnType<typeof readLayerWeights>>) =>
        weights.map(({ values }) => [...values].flatMap((w, index) => (w === 0 ? [index] : [])));
      const { costs, weights } = await rewound({ pruning, sparsity: 0.75 });
      expect(zeros(weights)).toEqual(zeros(await readLayerWeights(base)));
      expect(costs.sparsity).toBe(pruned.sparsity);
      expect(costs).toMatchObject({ weights: 2560, storedBytes: 4 * 2560, bitsPerWeight: 32 });
    },
  );

  it.each<TrainingRecipe['optimiser']>([
    { kind: 'adam', beta1: 0.9, beta2: 0.95, epsilon: 1e-8 },
    { kind: 'sgd', momentum: 0.9, nesterov: true },
    { kind: 'lion', beta1: 0.9, beta2: 0.99 },
    { kind: 'adafactor', decay: -0.8, threshold: 1 },
    { kind: 'adagrad', epsilon: 1e-10 },
    { kind: 'rmsprop', alpha: 0.9, momentum: 0.9, centered: true, epsilon: 1e-6 },
  ])('keeps exactly the share that was asked for, whatever the optimiser: %o', async (optimiser) => {
    const { costs } = await rewound({ pruning: 'lamp', sparsity: 0.9 }, { ...recipe, optimiser });
    expect(costs.sparsity).toBe(0.9);
  });

  it('clips by the gradients of what is left alone', async () => {
    const parameters = { pruning: 'random', sparsity: 0.9, share: 0.2 };
    const clippedAt = async (gradientClip: number | null) => {
      const seen: TrainingPoint[] = [];
      const context = contextOf(recipe);
      const again = contextOf({ ...recipe, gradientClip }, { onPoint: (point) => seen.push(point) });
      const { values } = await rewound(parameters, recipe, { ...context, trainFrom: again.trainFrom });
      return { norms: seen.slice(4).map(({ gradientNorm }) => gradientNorm), values };
    };
    const free = await clippedAt(null);
    // A bound just above every norm of what is left clips nothing; the norms with the gradients of what has gone lie above it.
    expect(await clippedAt(Math.max(...free.norms) * 1.001)).toEqual(free);
    expect(await clippedAt(Math.max(...free.norms) * 0.999)).not.toEqual(free);
  });

  it('in rounds removes more and more, at last what was asked for, of other weights than in one round', async () => {
    const shares: number[] = [];
    const technique = resolveTechnique({
      id: 'weight-rewinding',
      parameters: { pruning: 'global', sparsity: 0.75, rounds: 2 },
    });
    if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
    using decoder = await trained(recipe);
    const context = contextOf(recipe);
    const { sparsity } = await technique.changeWeights(decoder, {
      ...context,
      trainFrom: async (changed, ...rest) => {
        await context.trainFrom(changed, ...rest);
        const values = (await readLayerWeights(changed)).flatMap((weight) => [...weight.values]);
        shares.push(values.filter((w) => w === 0).length / values.length);
      },
    });
    expect(shares).toEqual([0.5, 0.75]);
    expect(sparsity).toBe(0.75);
    const { weights } = await rewound({ pruning: 'global', sparsity: 0.75 });
    expect(await readLayerWeights(decoder)).not.toEqual(weights);
  });

  it('refuses weights that are not finite, and a model whose layers do not run once, in order', async () => {
    const technique = resolveTechnique({ id: 'weight-rewinding', parameters: {} });
    if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
    const broken = smallDecoder();
    broken.writeParameter('layers.0.mlp.up_proj.weight', new Float32Array(64 * 32).fill(Number.NaN));
    await expect(technique.changeWeights(broken, smallContext())).rejects.toMatchObject({
      code: 'technique-does-not-fit',
    });
    const twice = { ...smallConfig(), plan: [{ part: 'layer' as const, layer: 0 }] };
    expect(() => checkFit(technique, twice)).toThrow(/runs its layers once, in order/);
  });

  it('counts the trainings that it takes', () => {
    const trainings = (parameters: Record<string, unknown>) => {
      const technique = resolveTechnique({ id: 'weight-rewinding', parameters });
      return technique.seam === 'checkpoint' ? technique.trainings : undefined;
    };
    expect(trainings({ share: 0.25 })).toBe(1);
    expect(trainings({ share: 0.25, rounds: 3 })).toBe(2.5);
  });
});
