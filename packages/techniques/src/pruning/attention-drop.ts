import {
  cosines,
  type Decoder,
  dropFromPlan,
  type LayerPlan,
  Mean,
  type TokenWindows,
  visitResidualStates,
} from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { removeFromDecoder } from '../depth/remove.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

const TARGETS = ['attention', 'mlp', 'layer', 'joint'] as const;
type Target = (typeof TARGETS)[number];

/** A candidate for removal: a layer or one half of it. */
interface Candidate {
  readonly layer: number;
  readonly part: 'attention' | 'mlp' | 'layer';
  readonly similarity: number;
}

export interface Similarities {
  readonly attention: readonly number[];
  readonly mlp: readonly number[];
  readonly layer: readonly number[];
}

/** Mean cosine over all tokens between the stream before and after each attention, each MLP, and each layer. */
export async function sublayerSimilarities(decoder: Decoder, windows: TokenWindows): Promise<Similarities> {
  const means = () => Array.from({ length: decoder.config.layers }, () => new Mean());
  const [attention, mlp, layer] = [means(), means(), means()];
  await visitResidualStates(decoder, windows, ({ states, between, width }) => {
    for (let l = 0; l < between.length; l++) {
      attention[l]!.add(cosines(states[l]!, between[l]!, width));
      mlp[l]!.add(cosines(between[l]!, states[l + 1]!, width));
      layer[l]!.add(cosines(states[l]!, states[l + 1]!, width));
    }
  });
  const values = (list: readonly Mean[]) => list.map(({ value }) => value);
  return { attention: values(attention), mlp: values(mlp), layer: values(layer) };
}

/** Candidates by falling similarity; of equal ones attention before MLPs and early layers before deep ones. */
export function dropOrder(similarities: Similarities, target: Target): Candidate[] {
  const parts = target === 'joint' ? (['attention', 'mlp'] as const) : [target];
  return parts
    .flatMap((part) => similarities[part].map((similarity, layer): Candidate => ({ layer, part, similarity })))
    .sort((a, b) => b.similarity - a.similarity);
}

function planWithout(decoder: Decoder, dropped: readonly Candidate[]): LayerPlan {
  return dropped.reduce((plan, { layer, part }) => dropFromPlan(plan, [layer], part), decoder.plan);
}

export const attentionDrop = defineTechnique({
  id: 'attention-drop',
  title: 'Drop by similarity (attention, MLP, joint)',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Removes the attention modules, MLPs or layers that change the residual stream least, each with its norm: similarity is the cosine of the ' +
    'stream before and after the module, averaged over all tokens of the calibration windows. "joint" ranks attention and MLPs in one list. All ' +
    'similarities come from one pass through the whole model, as in the released code; nothing is retrained.',
  equation: String.raw`S_f = 1 - \mathbb{E}_t\,\cos\!\left(x_t,\; x_t + f(\mathrm{Norm}(x))_t\right),\qquad \text{drop the } k \text{ smallest}`,
  papers: [288],
  parameters: z.strictObject({
    target: z.enum(TARGETS).default('attention').meta({
      title: 'What',
      description: 'Modules that may go: attention, MLPs, whole layers, or attention and MLPs together',
    }),
    count: z.number().int().min(0).max(126).default(4).meta({ title: 'Number', description: 'Modules removed' }),
    windows: Windows,
  }),
  grid: { target: [...TARGETS], count: [0, 1, 2, 4, 6] },
  label: ({ target, count }) =>
    `${count} ${{ attention: 'attention', mlp: 'MLP', layer: 'layers', joint: 'joint' }[target]}`,
  checkConfig(config, { target, count }) {
    const candidates = target === 'joint' ? 2 * config.layers : config.layers;
    if (count > candidates) {
      throw doesNotFit('attention-drop', `it removes ${count} modules ("${target}"); the model has ${candidates}`);
    }
  },
  async changeWeights(decoder, { target, count, windows }, { calibrate }) {
    const similarities = await sublayerSimilarities(decoder, await calibrate(windows));
    return await removeFromDecoder(decoder, planWithout(decoder, dropOrder(similarities, target).slice(0, count)));
  },
});
