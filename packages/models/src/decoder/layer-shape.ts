import { z } from 'zod';
import type { DecoderConfig } from './config.ts';
import { Rotary } from './positions.ts';

const size = z.number().int().min(1).max(65_536);

/** What differs in some layers. Fields left out are as in the config. */
export const LayerOverride = z.strictObject({
  layers: z.array(z.number().int().min(0)),
  heads: size.optional(),
  keyValueHeads: size.optional(),
  headSize: size.optional(),
  feedForwardSize: z.number().int().min(1).max(1_048_576).optional(),
  attentionWindow: z.number().int().min(1).nullable().optional(),
  position: z.discriminatedUnion('kind', [Rotary, z.strictObject({ kind: z.literal('none') })]).optional(),
  attentionScale: z.number().optional(),
  mlpScale: z.number().optional(),
  /** Widths of the residual stream before, between and behind the two sub-layers. */
  stream: z.strictObject({ input: size, middle: size, output: size }).optional(),
  /** The stream passes each sum through a matrix of its own (`attention_shortcut`, `mlp_shortcut`), as SliceGPT's rotations need. */
  shortcuts: z.boolean().optional(),
});
export type LayerOverride = z.infer<typeof LayerOverride>;

/** One layer's sizes and forms, overrides applied. */
export interface LayerShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  readonly attentionWindow: number | null;
  readonly position: DecoderConfig['position'];
  readonly attentionScale: number;
  readonly mlpScale: number;
  readonly stream: { readonly input: number; readonly middle: number; readonly output: number };
  readonly shortcuts: boolean;
}

export function layerShape(config: DecoderConfig, layer: number): LayerShape {
  const { hiddenSize } = config;
  let shape: LayerShape = {
    heads: config.heads,
    keyValueHeads: config.keyValueHeads,
    headSize: config.headSize,
    feedForwardSize: config.feedForwardSize,
    attentionWindow: config.attentionWindow,
    position: config.position,
    attentionScale: config.residual.attentionScale,
    mlpScale: config.residual.mlpScale,
    stream: { input: hiddenSize, middle: hiddenSize, output: hiddenSize },
    shortcuts: false,
  };
  for (const { layers, ...changes } of config.layerOverrides) {
    if (!layers.includes(layer)) continue;
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    shape = { ...shape, ...given };
  }
  return shape;
}

/** Width of the stream where the first layer takes it up, and where the last one leaves it. */
export function streamEnds(config: DecoderConfig): { readonly first: number; readonly last: number } {
  return { first: layerShape(config, 0).stream.input, last: layerShape(config, config.layers - 1).stream.output };
}
