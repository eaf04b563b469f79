import type { Decoder } from '@claimbench/models';
import { CostCounter, type WeightCosts } from './costs.ts';
import type { LinearWeight } from './layer-weights.ts';

/** 1 where a weight is kept, 0 where it is removed; laid out as the weights. */
export type Mask = Uint8Array;

/**
 * Masks that remove the `remove` lowest scores over all the arrays together (one array: inside one matrix). Of equal scores the
 * ones that come later go first.
 */
export function removeLowest(scores: readonly Float64Array[], remove: number): Mask[] {
  const masks = scores.map((values) => new Uint8Array(values.length).fill(1));
  if (remove <= 0) return masks;
  const sorted = concatenated(scores).sort();
  const threshold = sorted[remove - 1]!;
  let atThreshold = remove;
  for (const values of scores) for (const score of values) if (score < threshold) atThreshold -= 1;
  for (let array = scores.length - 1; array >= 0; array--) {
    const values = scores[array]!;
    const mask = masks[array]!;
    for (let i = values.length - 1; i >= 0; i--) {
      const score = values[i]!;
      if (score < threshold) mask[i] = 0;
      else if (score === threshold && atThreshold > 0) {
        mask[i] = 0;
        atThreshold -= 1;
      }
    }
  }
  return masks;
}

export function magnitudes(values: Float32Array): Float64Array {
  return Float64Array.from(values, Math.abs);
}

/** Sets the removed weights of the decoder to 0. They stay stored in f32: a mask saves no bytes by itself. */
export function applyMasks(decoder: Decoder, weights: readonly LinearWeight[], masks: readonly Mask[]): WeightCosts {
  const costs = new CostCounter();
  weights.forEach((weight, index) => {
    const mask = masks[index]!;
    const pruned = weight.values.map((w, i) => (mask[i] === 1 ? w : 0));
    decoder.writeParameter(`${weight.name}.weight`, pruned);
    costs.count(weight.values, pruned, 4 * pruned.length);
  });
  return costs.total;
}

function concatenated(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    all.set(array, offset);
    offset += array.length;
  }
  return all;
}
