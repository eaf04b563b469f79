import { type Decoder, dropFromPlan, type LayerPlan } from '@claimbench/models';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';

/**
 * Takes layers, or their attention or MLP, out of a decoder for good. A removed weight counts as one that became 0 and takes no
 * bytes: sparsity is the share removed, bits per weight are those of the weights that there were.
 */
export async function removeFromDecoder(decoder: Decoder, plan: LayerPlan): Promise<WeightCosts> {
  const before = await readLayerWeights(decoder);
  decoder.keepOnly(plan);
  return countRemoved(decoder, before);
}

/** Costs of a decoder whose layer weights were `before`; linears that are gone count as removed. */
export async function countRemoved(
  decoder: Decoder,
  before: Awaited<ReturnType<typeof readLayerWeights>>,
): Promise<WeightCosts> {
  const costs = new CostCounter();
  for (const { name, values } of before) {
    if (!decoder.linears.has(name)) costs.count(values, new Float32Array(values.length), 0);
    else costs.count(values, await decoder.readParameter(`${name}.weight`), 4 * values.length);
  }
  return costs.total;
}

/** The plan without whole layers. */
export function withoutLayers(decoder: Decoder, layers: readonly number[]): LayerPlan {
  return dropFromPlan(decoder.plan, layers, 'layer');
}
