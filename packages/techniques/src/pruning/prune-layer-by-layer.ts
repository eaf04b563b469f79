import type { Decoder, TokenWindows } from '@claimbench/models';
import { gram, LayerWalk, release } from '../calibration/layer-walk.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';

/**
 * Prunes a decoder from the lowest layer up: each layer on what the pruned layers below give, the linears of a layer on what the layer
 * gives before any of them is pruned. `prune` makes the new weights from the old and X^T X of their inputs. They stay dense.
 */
export async function pruneLayerByLayer(
  decoder: Decoder,
  windows: TokenWindows,
  prune: (weight: LinearWeight, products: Float64Array) => Float32Array,
): Promise<WeightCosts> {
  const costs = new CostCounter();
  const weights = await readLayerWeights(decoder);
  using walk = new LayerWalk(decoder, windows);
  for (; walk.layer < decoder.config.layers; walk.advance()) {
    const ours = weights.filter(({ name }) => name.startsWith(`layers.${walk.layer}.`));
    const captured = walk.capture(ours.map(({ name }) => `${name}.input`));
    try {
      for (const weight of ours) {
        const pruned = prune(weight, await gram(captured.get(`${weight.name}.input`)!));
        decoder.writeParameter(`${weight.name}.weight`, pruned);
        costs.count(weight.values, pruned, 4 * pruned.length);
      }
    } finally {
      release(captured);
    }
  }
  return costs.total;
}
