import { type Decoder, dropLayersInTraining, exitLoss, fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique, type TrainingChange, type TrainingContext } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import {
  CURRICULA,
  type Curriculum,
  EXIT_WEIGHTINGS,
  type ExitWeighting,
  exitsOn,
  exitWeights,
  GROWTHS,
  type Growth,
  growth,
} from './layer-schedules.ts';
import { drafting } from './self-speculative.ts';

/** Layer dropout and early-exit loss of LayerSkip: what decides how a model is trained. */
export interface LayerSkipTraining {
  readonly rate: number;
  readonly depth: Growth;
  readonly time: Growth;
  readonly scale: number;
  readonly weighting: ExitWeighting;
  readonly curriculum: Curriculum;
  readonly stride: number;
}

/** Puts LayerSkip's dropout and loss in the place of ordinary training. */
export function layerSkipTraining(
  decoder: Decoder,
  { rate, depth, time, scale, weighting, curriculum, stride }: LayerSkipTraining,
  { seed, steps }: TrainingContext,
): TrainingChange {
  const { layers } = decoder.config;
  const dropout = dropLayersInTraining(decoder, seed, {
    rate: (layer, step) => rate * growth(depth, layer, layers - 1) * growth(time, step - 1, steps - 1),
    unit: 'text',
    rescaled: false,
  });
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const weights = exitWeights(all, layers, weighting, scale);
  return {
    options: {
      loss(of, ids, targets, step) {
        dropout.step = step;
        const on = exitsOn(curriculum, { layers, stride, step: step - 1, steps });
        const sum = weights.reduce((total, weight, layer) => total + (on[layer] ? weight : 0), 0);
        return exitLoss(
          of,
          ids,
          targets,
          weights.map((weight, layer) => (on[layer] ? weight / sum : 0)),
        );
      },
    },
    [Symbol.dispose]: () => dropout[Symbol.dispose](),
  };
}

export const layerSkip = defineTechnique({
  id: 'layer-skip',
  title: 'LayerSkip training',
  family: 'layer-skipping',
  seam: 'training',
  summary:
    'Trains a model so that it can stop early. Whole layers are left out at random, for each text by itself, at a rate that rises with depth and with ' +
    'the steps; and every exit in its turn, the stream behind a layer read through the one final norm and head, has a share in the loss ' +
    'that grows with depth. "Exit" then says after how many layers the trained model stops. Read as the authors’ training library does ' +
    'it: a dropped layer is passed unchanged and kept ones are not rescaled; an exit weighs the scale times the sum of layer numbers ' +
    'up to its own, the last exit without the scale. Where the curriculum leaves exits out, the rest are divided by their sum.',
  equation: String.raw`p_{l,t} = S(t)\,D(l)\,p_{\max},\quad D(l) = 2^{\frac{l}{L-1}} - 1,\quad S(t) = 2^{\frac{t}{T-1}} - 1;\qquad J = \sum_{l=0}^{L-1} \tilde e(t,l)\,J_{\mathrm{CE}}\bigl(g(x_{l+1}), y\bigr),\quad \tilde e(t,l) = \frac{C(t,l)\,e(l)}{\sum_i C(t,i)\,e(i)}`,
  papers: [121],
  parameters: z
    .strictObject({
      exit: z
        .number()
        .int()
        .min(1)
        .max(64)
        .nullable()
        .default(null)
        .meta({ title: 'Exit', description: 'Layers that the trained model runs before the head; empty: all of them' }),
      draft: z.number().int().min(0).max(16).default(0).meta({
        title: 'Draft',
        description: 'Tokens that the exit guesses for the rest of the layers to check; 0: the exit has the last word',
      }),
      rate: z.number().min(0).max(0.9).default(0.2).meta({
        title: 'Layer dropout',
        description: 'Rate of the last layer in the last step; 0: no layer is dropped',
      }),
      depth: z
        .enum(GROWTHS)
        .default('exponential')
        .meta({ title: 'Over layers', description: 'How the rate rises from the first layer to the last' }),
      time: z.enum(GROWTHS).default('exponential').meta({
        title: 'Over steps',
        description: 'How the rate rises from the first step to the last; constant for a model that was trained before',
      }),
      scale: z.number().min(0).max(10).default(0.2).meta({
        title: 'Exit scale',
        description: 'Factor of the losses of all exits but the last; 0: the last alone',
      }),
      weighting: z.enum(EXIT_WEIGHTINGS).default('sum').meta({
        title: 'Exit weights',
        description: 'How the weight of an exit follows from its depth; sum: the paper’s',
      }),
      curriculum: z
        .enum(CURRICULA)
        .default('rotational')
        .meta({
          title: 'Curriculum',
          description:
            'Exits that a step trains beside the last: rotational: every n-th, moving up by one each step; gradual: from the last down over the ' +
            'first half; all; last: no other',
        }),
      stride: z
        .number()
        .int()
        .min(1)
        .max(64)
        .default(4)
        .meta({ title: 'Stride', description: 'n of the rotational curriculum' }),
    })
    .refine(({ exit, draft }) => draft === 0 || exit !== null, {
      path: ['draft'],
      message: 'the whole model has nobody to check its guesses: name an exit',
    }),
  grid: {
    exit: [null, 2, 4, 6],
    rate: [0, 0.1, 0.2],
    scale: [0, 0.1, 0.2, 1],
    curriculum: ['rotational', 'gradual', 'all'],
  },
  label: ({ exit, draft, rate, scale, curriculum }) => {
    const parts = [
      rate === 0 ? 'no dropout' : `dropout ${rate}`,
      scale === 0 || curriculum === 'last' ? 'no exit loss' : `exit scale ${scale}, ${curriculum}`,
      exit === null ? [] : `exit after ${exit}${draft === 0 ? '' : ` guesses ${draft}`}`,
    ];
    return parts.flat().join(', ');
  },
  trainedWith: (parameters) => ({ ...parameters, exit: null, draft: 0 }),
  changeTraining: (decoder, parameters, context) => layerSkipTraining(decoder, parameters, context),
  planLayers({ layers, plan }, { exit, draft }) {
    if (plan !== null) throw doesNotFit('layer-skip', 'it trains a model that runs its layers once, in order');
    if (exit !== null && exit > layers) {
      throw doesNotFit('layer-skip', `the exit is after ${exit} layers; the model has ${layers}`);
    }
    return fullPlan(layers).slice(0, draft > 0 ? layers : (exit ?? layers));
  },
  drafting: (config, { exit, draft }) =>
    exit === null || draft === 0 ? null : drafting('layer-skip', config, { exit, tokens: draft, draft: 'shared' }),
});
