import type { DecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { doesNotFit } from '../technique-error.ts';
import { layerLinears } from './layer-weights.ts';

/** Inputs that share a scale; the field of every technique that quantizes in groups. */
export const GroupSize = z
  .union([z.literal(16), z.literal(32), z.literal(64), z.literal(128)])
  .default(16)
  .meta({ title: 'Group size', description: 'Consecutive inputs of a row that share a scale' });

/** Throws `technique-does-not-fit` where a row of a matrix is no whole number of groups. */
export function checkGroups(technique: string, config: DecoderConfig, groupSize: number): void {
  const uneven = layerLinears(config).find(({ inSize }) => inSize % groupSize !== 0);
  if (!uneven) return;
  throw doesNotFit(technique, `groups of ${groupSize} inputs, but ${uneven.name} has ${uneven.inSize}`);
}
