import { type Decoder, quantizedBytes, type WeightQuantizer } from '@claimbench/models';
import { z } from 'zod';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { type LinearWeight, layerLinears } from '../weights/layer-weights.ts';
import { StoredLinear } from '../weights/stored-linear.ts';

/** How weights are quantized in every pass of training: fields of every technique that trains them so. */
export const trainedQuantizer = {
  quantizer: z.enum(['absmean', 'learned-step']).default('absmean').meta({
    title: 'Quantizer',
    description:
      'absmean: −1, 0 and 1 times the mean magnitude of the matrix; learned-step: a grid whose step is learned, one for each output',
  }),
  bits: z
    .number()
    .int()
    .min(2)
    .max(8)
    .default(4)
    .meta({ title: 'Bits', description: 'Bits of a code with a learned step; absmean always has three values' }),
};

export interface TrainedQuantizer {
  readonly quantizer: 'absmean' | 'learned-step';
  readonly bits: number;
}

export function weightQuantizer({ quantizer, bits }: TrainedQuantizer): WeightQuantizer {
  return quantizer === 'absmean' ? { kind: 'absmean' } : { kind: 'learned', bits };
}

export function quantizerLabel({ quantizer, bits }: TrainedQuantizer): string {
  return quantizer === 'absmean' ? 'ternary, absmean' : `${bits} bits, learned step`;
}

/** Names of the linears that are trained on a grid: those of the layers, as everywhere in compression. */
export function quantizedLinears(decoder: Decoder): string[] {
  return layerLinears(decoder.config)
    .map(({ name }) => name)
    .filter((name) => decoder.linears.has(name));
}

/**
 * Stores weights that training left on their grid, without touching a value. The error is counted against `before`, the weights that
 * training started from, or is 0 where they were trained so from the first step.
 */
export async function storeTrained(
  decoder: Decoder,
  quantizer: WeightQuantizer,
  before: readonly LinearWeight[] | null,
): Promise<WeightCosts> {
  const costs = new CostCounter();
  for (const name of quantizedLinears(decoder)) {
    const values = await decoder.readWeight(name);
    const { outSize, inSize } = decoder.linear(name);
    const storedBytes = quantizedBytes(quantizer, { outSize, inSize });
    decoder.replaceLinear(name, new StoredLinear(decoder.backend, { outSize, inSize }, values, storedBytes));
    costs.count(before?.find((weight) => weight.name === name)?.values ?? values, values, storedBytes);
  }
  return costs.total;
}
