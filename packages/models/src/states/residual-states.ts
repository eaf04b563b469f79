import type { TokenWindows } from '../data/calibration-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { captureStates } from './capture.ts';

/** Residual states of one batch: one more than layers, `states[l]` enters layer l, the last one leaves the last layer. */
export interface ResidualStates {
  readonly states: readonly Float32Array[];
  /** The stream between attention and MLP of each layer. */
  readonly between: readonly Float32Array[];
  readonly width: number;
  readonly windows: number;
  readonly time: number;
}

/** Shows the residual stream of a decoder that runs all its layers in order, batch by batch. */
export async function visitResidualStates(
  decoder: Decoder,
  windows: TokenWindows,
  visit: (batch: ResidualStates) => void,
): Promise<void> {
  const { layers, hiddenSize: width, residual } = decoder.config;
  const numbers = Array.from({ length: layers }, (_, layer) => layer);
  const places = numbers.flatMap((layer) => [`layers.${layer}.input`, `layers.${layer}.self_attn.output`]);
  await captureStates(decoder, windows, [...places, `layers.${layers - 1}.output`], (values, batch) => {
    const inputs = numbers.map((layer) => values.get(`layers.${layer}.input`)!);
    const between = numbers.map((layer) => {
      const branch = values.get(`layers.${layer}.self_attn.output`)!;
      return inputs[layer]!.map((x, i) => x + residual.attentionScale * branch[i]!);
    });
    visit({ states: [...inputs, values.get(`layers.${layers - 1}.output`)!], between, width, ...batch });
  });
}
