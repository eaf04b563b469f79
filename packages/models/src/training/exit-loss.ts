import { add, crossEntropy, scale, type Tensor } from '@claimbench/kernels';
import type { Decoder } from '../decoder/decoder.ts';
import { fullPlan } from '../decoder/layer-plan.ts';
import { ModelError } from '../model-error.ts';

/**
 * The early-exit loss of a batch: the mean cross-entropy of what the final norm and the head that all exits share make of the stream behind
 * each layer, times the layer's weight, summed. Exits of weight 0 are not computed. `ids` and `targets` are i32 `[batch, time]`, `weights`
 * has one number a layer; with all weight on the last layer it is the loss of ordinary training. Runs the layers in their order,
 * whatever the decoder's plan. Throws `shape-mismatch`.
 */
export function exitLoss(decoder: Decoder, ids: Tensor, targets: Tensor, weights: readonly number[]): Tensor {
  const { layers } = decoder.config;
  if (weights.length !== layers || !weights.some((weight) => weight > 0)) {
    throw new ModelError(
      'shape-mismatch',
      `an early-exit loss needs a weight for each of ${layers} layers, one of them above 0; found ${weights.join(', ')}`,
    );
  }
  const labels = targets.reshape([targets.size]);
  let x = decoder.embed(ids);
  let total: Tensor | undefined;
  for (const [layer, step] of fullPlan(layers).entries()) {
    x = decoder.run(x, [step], { firstStep: layer });
    const weight = weights[layer]!;
    if (weight <= 0) continue;
    const loss = scale(crossEntropy(decoder.exitLogits(layer, x).reshape([targets.size, -1]), labels), weight);
    total = total === undefined ? loss : add(total, loss);
  }
  return total!;
}
