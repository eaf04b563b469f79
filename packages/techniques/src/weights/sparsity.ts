import type { DecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { doesNotFit } from '../technique-error.ts';
import { layerLinears } from './layer-weights.ts';

/** Every pruning technique's first parameter. */
export const Sparsity = z
  .number()
  .min(0)
  .max(0.95)
  .default(0.5)
  .meta({ title: 'Sparsity', description: 'Share of the weights that are removed' });

/** Sparsities that a form offers first. */
export const SPARSITY_GRID = [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95];

export function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

const PATTERNS = ['free', '2:4', '4:8'] as const;
export type SparsityPattern = (typeof PATTERNS)[number];

/** Where zeros may stand; the field of techniques that can also keep to a pattern. */
export const SparsityPatternField = z.enum(PATTERNS).default('free').meta({
  title: 'Pattern',
  description: 'free: by the sparsity; 2:4 and 4:8: half of every 4 or 8 consecutive inputs, whatever the sparsity',
});

/** Throws `technique-does-not-fit` where a row is no whole number of the pattern's runs. */
export function checkPattern(technique: string, config: DecoderConfig, pattern: SparsityPattern): void {
  if (pattern === 'free') return;
  const run = pattern === '2:4' ? 4 : 8;
  const uneven = layerLinears(config).find(({ inSize }) => inSize % run !== 0);
  if (uneven) throw doesNotFit(technique, `runs of ${run} inputs, but ${uneven.name} has ${uneven.inSize}`);
}
