import type { Decoder, TokenWindows } from '@claimbench/models';
import { gram, LayerWalk, release } from '../calibration/layer-walk.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';
import { type QuantizedWeight, storeQuantized } from '../weights/stored-linear.ts';
import { correctedWeight } from './qep-correction.ts';

/** Linears that read the same input, in the order in which a layer computes them: each stage sees what the quantized ones before give. */
const STAGES = [['q_proj', 'k_proj', 'v_proj'], ['o_proj'], ['gate_proj', 'up_proj'], ['down_proj']] as const;

export interface LayerByLayer {
  /** Makes a weight from the corrected values and X^T X of its inputs in the quantized model. */
  quantize(weight: LinearWeight, products: Float64Array): QuantizedWeight;
  /** Error propagation; null: weights are quantized as they are. */
  readonly propagation: { readonly strength: number; readonly damping: number } | null;
}

/**
 * Quantizes a decoder from the lowest layer up, on the inputs that the quantized layers below give; with propagation each weight is first
 * moved to where it gives the clean model's outputs on those inputs.
 */
export async function quantizeLayerByLayer(
  decoder: Decoder,
  windows: TokenWindows,
  { quantize, propagation }: LayerByLayer,
): Promise<WeightCosts> {
  const costs = new CostCounter();
  const weights = await readLayerWeights(decoder);
  using clean = new LayerWalk(decoder, windows);
  using walk = new LayerWalk(decoder, windows);
  for (; walk.layer < decoder.config.layers; walk.advance()) {
    const stages = STAGES.map((stage) =>
      weights.filter(({ name }) =>
        stage.some((linear) => name.startsWith(`layers.${walk.layer}.`) && name.endsWith(linear)),
      ),
    ).filter((stage) => stage.length > 0);
    const places = stages.map(([first]) => `${first!.name}.input`);
    const cleanInputs = propagation === null ? null : clean.capture(places);
    if (propagation !== null) clean.advance();
    try {
      for (const [index, stage] of stages.entries()) {
        const place = places[index]!;
        const captured = walk.capture([place]);
        try {
          const inputs = captured.get(place)!;
          const hessian = await gram(inputs);
          const difference = cleanInputs === null ? null : minus(await gram(cleanInputs.get(place)!, inputs), hessian);
          for (const weight of stage) {
            const values =
              propagation === null || difference === null
                ? weight.values
                : correctedWeight(weight.values, weight.inSize, { hessian, difference }, propagation);
            // The error that is reported is that to the original weights, whatever they were moved to first.
            storeQuantized(decoder, weight, quantize({ ...weight, values }, hessian), costs);
          }
        } finally {
          release(captured);
        }
      }
    } finally {
      if (cleanInputs !== null) release(cleanInputs);
    }
  }
  return costs.total;
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}
