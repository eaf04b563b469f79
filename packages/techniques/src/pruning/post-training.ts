import { type Decoder, type DecoderConfig, isParallel, subLayerEvaluations } from '@claimbench/models';
import { z } from 'zod';
import { dropLayers } from '../layer-skipping/drop-layers.ts';
import { type CheckpointContext, defineTechnique, type ResolvedTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { angularLayers } from './angular-layers.ts';
import { attentionDrop } from './attention-drop.ts';
import { blockInfluence } from './block-influence.ts';
import { laco } from './laco.ts';

/** What takes layers out of a model and leaves dense weights that can be trained on. */
const PRUNING = {
  'angular-layers': angularLayers,
  'attention-drop': attentionDrop,
  'block-influence': blockInfluence,
  'drop-layers': dropLayers,
  laco,
} as const;
type Pruning = keyof typeof PRUNING;

const NAMES = Object.keys(PRUNING) as [Pruning, ...Pruning[]];

export const postTraining = defineTechnique({
  id: 'post-training',
  title: 'Layers removed, then trained on',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Takes layers out of a trained model by another technique, makes what is left an ordinary model of fewer layers where whole layers went, and trains it ' +
    'for a little while on the text that the model was trained on, all of its weights, with the same optimiser and a rate of its own. The papers heal with low-rank adapters or with short full training; ' +
    'this is the latter.',
  equation: String.raw`\theta^{*} = \mathrm{prune}(\theta),\qquad \theta^{*} \leftarrow \theta^{*} - \eta\,\nabla J(\theta^{*}) \quad \text{for a few steps}`,
  papers: [105, 253],
  parameters: z
    .strictObject({
      pruning: z.enum(NAMES).default('angular-layers').meta({
        title: 'Removed by',
        description: 'The technique that takes layers out',
      }),
      setting: z.record(z.string(), z.json()).default({ count: 1 }).meta({
        title: 'Its parameters',
        description: 'Parameters of the technique that takes layers out; the rest at their defaults',
      }),
      tokens: z.number().int().min(0).max(10_000_000).default(25_000).meta({
        title: 'Tokens',
        description: 'Tokens that the remaining layers are trained on; 0: none',
      }),
      learningRate: z.number().positive().max(1).default(2e-3).meta({
        title: 'Rate',
        description: 'Learning rate of that training, after a rise over its first tenth',
      }),
    })
    .superRefine(({ pruning, setting }, context) => {
      for (const { path, message } of PRUNING[pruning].problems(setting)) {
        context.addIssue({ code: 'custom', path: ['setting', ...path.split('.').filter(Boolean)], message });
      }
    }),
  grid: { tokens: [0, 10_000, 25_000, 50_000], learningRate: [1e-3, 2e-3, 4e-3] },
  label: ({ pruning, setting, tokens }) => `${PRUNING[pruning].resolve(setting).label}, ${tokens} tokens`,
  checkConfig(config, { pruning, setting }) {
    checkInner(PRUNING[pruning].resolve(setting), config);
  },
  async changeWeights(decoder, { pruning, setting, tokens, learningRate }, context) {
    const before = await readLayerWeights(decoder);
    await prune(PRUNING[pruning].resolve(setting), decoder, context);
    const renamed = await renumberLayers(decoder);
    if (tokens > 0) await context.trainOn(decoder, { tokens, learningRate });
    const costs = new CostCounter();
    for (const { name, values } of before) {
      const now = renamed(name);
      if (now === null || !decoder.linears.has(now)) costs.count(values, new Float32Array(values.length), 0);
      else costs.count(values, await decoder.readParameter(`${now}.weight`), 4 * values.length);
    }
    return costs.total;
  },
});

function checkInner(inner: ResolvedTechnique, config: DecoderConfig): void {
  if (inner.seam === 'checkpoint') inner.checkConfig(config);
  else if (inner.seam === 'inference') {
    const plan = inner.planLayers(config, { seed: 0 });
    if (subLayerEvaluations(plan) === 0) throw doesNotFit('post-training', 'nothing would be left to train');
  }
}

/**
 * Makes a decoder that runs some of its layers, whole and each once, the ordinary decoder of as many layers. Gives the new name of what had a
 * name before, null for what is gone. A model that lacks half of a layer stays as it is.
 */
async function renumberLayers(decoder: Decoder): Promise<(name: string) => string | null> {
  const { plan, config } = decoder;
  const kept = plan.flatMap((step) => (!isParallel(step) && step.part === 'layer' ? [step.layer] : []));
  const whole = kept.length === plan.length && new Set(kept).size === kept.length;
  const plain =
    config.normOverrides.length + config.layerOverrides.length + config.routers.length + config.exits.length === 0;
  if (!whole || !plain || kept.length === config.layers) return (name) => name;
  const place = new Map(kept.map((layer, index) => [layer, index]));
  const renamed = (name: string): string | null => {
    const found = /^layers\.(\d+)\.(.*)$/.exec(name);
    if (!found) return name;
    const index = place.get(Number(found[1]));
    return index === undefined ? null : `layers.${index}.${found[2]}`;
  };
  const values = new Map([...(await decoder.readParameters())].map(([name, value]) => [renamed(name)!, value]));
  decoder.rebuild({ ...config, layers: kept.length, plan: null }, values);
  return renamed;
}

/** A plan becomes the model itself, so that what it never runs is not trained. */
async function prune(inner: ResolvedTechnique, decoder: Decoder, context: CheckpointContext): Promise<void> {
  if (inner.seam === 'checkpoint') await inner.changeWeights(decoder, context);
  else if (inner.seam === 'inference') decoder.keepOnly(inner.planLayers(decoder.config, context));
}
