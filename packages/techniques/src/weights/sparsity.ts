import { z } from 'zod';

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
