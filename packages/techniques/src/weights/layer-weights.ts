import { type Decoder, type DecoderConfig, linearSpecs, type Network } from '@claimbench/models';

/** A linear's weight outside the backend. */
export interface LinearWeight {
  readonly name: string;
  readonly outSize: number;
  readonly inSize: number;
  /** `[outSize, inSize]`, row-major. */
  readonly values: Float32Array;
}

/**
 * The linears that compression acts on: projections of attention and MLP in every layer. Embedding and logits stay as they are, as is
 * usual in work on weight compression.
 */
export function layerLinears(config: DecoderConfig) {
  return linearSpecs(config).filter(({ name }) => name.startsWith('layers.'));
}

export async function readLayerWeights(decoder: Decoder): Promise<LinearWeight[]> {
  const weights: LinearWeight[] = [];
  for (const { name, outSize, inSize } of layerLinears(decoder.config)) {
    weights.push({ name, outSize, inSize, values: await decoder.readParameter(`${name}.weight`) });
  }
  return weights;
}

/** Every linear of a network, the last one too: a classifier has no embedding and few logits. */
export async function readEveryWeight(network: Network): Promise<LinearWeight[]> {
  const weights: LinearWeight[] = [];
  for (const [name, { outSize, inSize }] of network.linears) {
    weights.push({ name, outSize, inSize, values: await network.readParameter(`${name}.weight`) });
  }
  return weights;
}
