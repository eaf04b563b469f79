import { type Decoder, type EvaluationItem, firstItems, scoredLogits } from '@claimbench/models';
import { TechniqueError } from '../technique-error.ts';
import { layerLinears } from '../weights/layer-weights.ts';
import { lampScores } from './lamp.ts';

/** Weights of one matrix that follow one another by magnitude, and what their removal does once all smaller ones of it are gone. */
export interface PrunedGroup {
  /** Name of the linear. */
  readonly name: string;
  /** Share of the matrix that is gone before. */
  readonly level: number;
  /** Means over the group of the LAMP score and of the magnitude. */
  readonly lamp: number;
  readonly magnitude: number;
  /** `||f(x; after) - f(x; before)|| / ||f(x; before)||` of the logits f of all tokens x. */
  readonly distortion: number;
}

const LEVELS = Array.from({ length: 10 }, (_, tenth) => tenth / 10);
/** Tokens that distortions are measured on, at least. */
const TOKENS = 512;

/**
 * Ten groups of every matrix of the layers, the next smallest weights at 0, 10, ... 90 % sparsity of that matrix alone; all groups hold the
 * same number of weights, a tenth of the smallest matrix. What LAMP's score is derived from (Lee et al. 2021, section 3): removing a weight
 * when all that are smaller are gone. The decoder is left as it was. Throws `technique-does-not-fit` where a matrix is not stored dense.
 */
export async function prunedGroups(
  decoder: Decoder,
  items: readonly EvaluationItem[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly PrunedGroup[]> {
  const linears = layerLinears(decoder.config);
  const packed = linears.find(({ name }) => !decoder.parameters.has(`${name}.weight`));
  if (packed)
    throw new TechniqueError('technique-does-not-fit', `scores are of dense weights, and ${packed.name} has none`);
  const seen = firstItems(items, TOKENS);
  const size = Math.max(1, Math.floor(Math.min(...linears.map(({ outSize, inSize }) => outSize * inSize)) / 10));
  const groups: PrunedGroup[] = [];
  for (const { name } of linears) {
    const parameter = `${name}.weight`;
    const weights = await decoder.readParameter(parameter);
    const scores = lampScores(weights);
    const order = Array.from(weights.keys()).sort((a, b) => Math.abs(weights[a]!) - Math.abs(weights[b]!) || a - b);
    const logitsWithout = async (count: number) => {
      const pruned = weights.slice();
      for (const index of order.slice(0, count)) pruned[index] = 0;
      decoder.writeParameter(parameter, pruned);
      return await scoredLogits(decoder, seen, options);
    };
    try {
      for (const level of LEVELS) {
        const start = Math.floor(level * weights.length);
        const group = order.slice(start, start + size);
        const mean = (value: (index: number) => number) =>
          group.reduce((sum, index) => sum + value(index), 0) / group.length;
        const before = await logitsWithout(start);
        const after = await logitsWithout(start + group.length);
        groups.push({
          name,
          level,
          lamp: mean((index) => scores[index]!),
          magnitude: mean((index) => Math.abs(weights[index]!)),
          distortion: relativeDistance(after, before),
        });
      }
    } finally {
      decoder.writeParameter(parameter, weights);
    }
  }
  return groups;
}

function relativeDistance(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
