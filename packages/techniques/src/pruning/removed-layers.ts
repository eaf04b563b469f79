import { type Decoder, type DecoderConfig, isParallel, subLayerEvaluations } from '@claimbench/models';
import { z } from 'zod';
import { dropLayers } from '../layer-skipping/drop-layers.ts';
import type { CheckpointContext, Json, ResolvedTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';
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

/** How layers are taken out before what is left is trained on: fields of every technique that does both. */
export function removalFields(by: Pruning, layers: number) {
  return {
    pruning: z.enum(NAMES).default(by).meta({
      title: 'Removed by',
      description: 'The technique that takes layers out',
    }),
    setting: z.record(z.string(), z.json()).default({ count: layers }).meta({
      title: 'Its parameters',
      description: 'Parameters of the technique that takes layers out; the rest at their defaults',
    }),
  };
}

export interface Removal {
  readonly pruning: Pruning;
  readonly setting: { readonly [name: string]: Json };
}

/** Refuses what the technique inside refuses, by field. */
export function checkRemoval(
  { pruning, setting }: Removal,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  for (const { path, message } of PRUNING[pruning].problems(setting)) {
    context.addIssue({ code: 'custom', path: ['setting', ...path.split('.').filter(Boolean)], message });
  }
}

export function removalLabel({ pruning, setting }: Removal): string {
  return PRUNING[pruning].resolve(setting).label;
}

/** Throws `technique-does-not-fit` where the technique inside does, or where it would leave nothing. */
export function checkRemovalFits(technique: string, config: DecoderConfig, { pruning, setting }: Removal): void {
  const inner = PRUNING[pruning].resolve(setting);
  if (inner.seam === 'checkpoint') inner.checkConfig(config);
  else if (inner.seam === 'inference') {
    const plan = inner.planLayers(config, { seed: 0 });
    if (subLayerEvaluations(plan) === 0) throw doesNotFit(technique, 'nothing would be left to train');
  }
}

/** A model without some of its layers, and its weights as they were. */
export interface Removed {
  readonly before: readonly LinearWeight[];
  /** The name of a linear or parameter now; null for one that is gone with its layer. */
  now(name: string): string | null;
}

/** Takes layers out; what is left is the ordinary model of fewer layers where whole ones went. */
export async function removeLayers(
  decoder: Decoder,
  { pruning, setting }: Removal,
  context: CheckpointContext,
): Promise<Removed> {
  const before = await readLayerWeights(decoder);
  await prune(PRUNING[pruning].resolve(setting), decoder, context);
  return { before, now: await renumberLayers(decoder) };
}

/** What the weights cost now, of which `current` gives values and bytes by a linear's name; removed ones count as zeros of no bytes. */
export async function costsSince(
  decoder: Decoder,
  { before, now }: Removed,
  current: (name: string) => Promise<{ readonly values: Float32Array; readonly storedBytes: number }>,
): Promise<WeightCosts> {
  const costs = new CostCounter();
  for (const { name, values } of before) {
    const present = now(name);
    if (present === null || !decoder.linears.has(present)) {
      costs.count(values, new Float32Array(values.length), 0);
      continue;
    }
    const { values: after, storedBytes } = await current(present);
    costs.count(values, after, storedBytes);
  }
  return costs.total;
}

/** As `costsSince`, where every weight that is left is dense. */
export function denseCostsSince(decoder: Decoder, removed: Removed): Promise<WeightCosts> {
  return costsSince(decoder, removed, async (name) => {
    const values = await decoder.readParameter(`${name}.weight`);
    return { values, storedBytes: 4 * values.length };
  });
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
