import { keep, mul, Tensor } from '@claimbench/kernels';
import type { Decoder, ParameterValues, TrainingState } from '@claimbench/models';
import { z } from 'zod';
import { type CheckpointContext, defineTechnique, type ResolvedTechnique, type TrainingChange } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { percent, SPARSITY_GRID, Sparsity } from '../weights/sparsity.ts';
import { erdosRenyi } from './erdos-renyi.ts';
import { lamp } from './lamp.ts';
import { magnitude } from './magnitude.ts';
import { randomPruning } from './random-pruning.ts';

const PRUNING = ['uniform', 'global', 'erdos-renyi', 'lamp', 'random'] as const;
type Pruning = (typeof PRUNING)[number];

export const weightRewinding = defineTechnique({
  id: 'weight-rewinding',
  title: 'Weight rewinding',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Removes weights of the trained model, sets those that are left back to what they were early in its training, and takes the rest of that training again, with the ' +
    'same batches at the same rates, while the removed ones stay at zero (Frankle et al. 2020; Renda et al. 2020). Everything that is not removed goes back, norms and ' +
    'embeddings too, and so does what the optimiser remembered; code of those authors starts the optimiser anew. The gradient of a removed weight counts neither in the ' +
    'norm that is clipped nor in the optimiser. Several rounds repeat this, each removing the same share of what the last has left.',
  equation: String.raw`m = \mathrm{prune}(\theta_T),\qquad \theta'_k = m \odot \theta_k,\qquad \theta'_{t+1} = \theta'_t - \eta_t\, u_t\bigl(m \odot \nabla J(\theta'_t)\bigr) \quad (k \le t < T),\qquad k = \lceil r\,T \rceil`,
  papers: [111],
  parameters: z.strictObject({
    pruning: z.enum(PRUNING).default('lamp').meta({
      title: 'Removed by',
      description:
        'uniform: the smallest of every matrix; global: the smallest of all; erdos-renyi: the smallest, at rates of the shapes; lamp: the smallest scores; random: drawn',
    }),
    sparsity: Sparsity,
    // Frankle et al. rewind to between 0.1 and 7 % of long trainings, to where a model has become stable; with a rise of the rate
    // over the first tenth, as the recipes have it, that is where the rise ends.
    share: z.number().min(0.001).max(0.9).default(0.1).meta({
      title: 'Set back to',
      description: 'Share of the training’s steps, rounded up, after which the weights were what they are set back to',
    }),
    rounds: z.number().int().min(1).max(20).default(1).meta({
      title: 'Rounds',
      description: 'How often weights are removed and the rest is trained again, until the sparsity is reached',
    }),
  }),
  grid: { pruning: [...PRUNING], sparsity: SPARSITY_GRID, share: [0.05, 0.1, 0.25], rounds: [1, 3] },
  label: ({ pruning, sparsity, share, rounds }) =>
    [
      `${pruning} ${percent(sparsity)}`,
      `back to ${percent(share)} of training`,
      ...(rounds === 1 ? [] : [`${rounds} rounds`]),
    ].join(', '),
  checkConfig({ plan }) {
    if (plan !== null) throw doesNotFit('weight-rewinding', 'it trains a model that runs its layers once, in order');
  },
  trainings: ({ share, rounds }) => share + rounds * (1 - share),
  async changeWeights(decoder, { pruning, sparsity, share, rounds }, context) {
    const before = await readLayerWeights(decoder);
    if (before.some(({ values }) => !values.every(Number.isFinite))) {
      throw doesNotFit('weight-rewinding', 'weights that are not finite have no order in which to go');
    }
    const early = await context.stateAfter(share);
    for (let round = 1; round <= rounds; round++) {
      const reached = round === rounds ? sparsity : 1 - (1 - sparsity) ** (round / rounds);
      await prune(prunedBy(pruning, reached), decoder, context);
      const masks = await masksOf(decoder);
      await context.trainFrom(decoder, masked(early, masks), () => held(decoder, masks));
    }
    const costs = new CostCounter();
    for (const { name, values } of before) {
      costs.count(values, await decoder.readParameter(`${name}.weight`), 4 * values.length);
    }
    return costs.total;
  },
});

function prunedBy(pruning: Pruning, sparsity: number): ResolvedTechnique {
  switch (pruning) {
    case 'uniform':
      return magnitude.resolve({ sparsity, scope: 'layer' });
    case 'global':
      return magnitude.resolve({ sparsity, scope: 'global' });
    case 'erdos-renyi':
      return erdosRenyi.resolve({ sparsity });
    case 'lamp':
      return lamp.resolve({ sparsity });
    case 'random':
      return randomPruning.resolve({ sparsity });
  }
}

async function prune(inner: ResolvedTechnique, decoder: Decoder, context: CheckpointContext): Promise<void> {
  if (inner.seam === 'checkpoint') await inner.changeWeights(decoder, context);
}

/** By the name of a weight `[out, in]`: 1 where it is left, 0 where it has gone. */
type Masks = ReadonlyMap<string, ParameterValues>;

async function masksOf(decoder: Decoder): Promise<Masks> {
  const masks = (await readLayerWeights(decoder)).map(
    ({ name, outSize, inSize, values }): [string, ParameterValues] => [
      `${name}.weight`,
      { shape: [outSize, inSize], data: values.map((w) => (w === 0 ? 0 : 1)) },
    ],
  );
  return new Map(masks);
}

/** The state without the weights that have gone, and without what the optimiser remembers of them: they start at zero and stay there. */
function masked(state: TrainingState, masks: Masks): TrainingState {
  const without = (values: ParameterValues, mask: ParameterValues | undefined): ParameterValues => {
    // What is remembered of rows or columns belongs to no single weight.
    if (mask === undefined || mask.data.length !== values.data.length) return values;
    return { ...values, data: values.data.map((value, index) => (mask.data[index] === 0 ? 0 : value)) };
  };
  const over = (values: TrainingState['memory'], weightOf: (name: string) => string) =>
    new Map([...values].map(([name, value]) => [name, without(value, masks.get(weightOf(name)))]));
  return {
    ...state,
    parameters: over(state.parameters, (name) => name),
    memory: over(state.memory, (name) => name.slice(name.indexOf('.') + 1)),
  };
}

/** Training in which what has gone gets no gradient. */
function held({ backend }: Decoder, masks: Masks): TrainingChange {
  const tensors = new Map([...masks].map(([name, { data, shape }]) => [name, keep(Tensor.from(backend, data, shape))]));
  return {
    options: {
      gradient(name, own) {
        const mask = tensors.get(name);
        return mask === undefined ? own : mul(own, mask);
      },
    },
    [Symbol.dispose]() {
      for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}
