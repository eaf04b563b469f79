import {
  angularDistance,
  cosineOfRow,
  type Decoder,
  Mean,
  type ResidualStates,
  type TokenWindows,
  visitResidualStates,
} from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { removeFromDecoder, withoutLayers } from '../depth/remove.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

/** The rows of the last token of every window. */
function lastTokens({ windows, time }: { windows: number; time: number }): number[] {
  return Array.from({ length: windows }, (_, window) => (window + 1) * time - 1);
}

/**
 * Distance of every run of `count` layers: entry l is the mean, over the rows given, of the angle between the states that enter layer l
 * and layer l + count, divided by pi.
 */
export function blockDistances(
  { states, width }: Pick<ResidualStates, 'states' | 'width'>,
  count: number,
  rows: readonly number[],
): number[] {
  return Array.from({ length: states.length - count }, (_, start) => {
    const mean = new Mean();
    mean.add(rows.map((row) => angularDistance(cosineOfRow(states[start]!, states[start + count]!, row, width))));
    return mean.value;
  });
}

/** Start of the run with the smallest distance; of equal ones the earliest. */
export function nearestStart(distances: readonly number[]): number {
  return distances.indexOf(Math.min(...distances));
}

async function meanDistances(decoder: Decoder, windows: TokenWindows, count: number): Promise<number[]> {
  const sums = new Array<number>(decoder.config.layers + 1 - count).fill(0);
  await visitResidualStates(decoder, windows, (batch) => {
    for (const [start, distance] of blockDistances(batch, count, lastTokens(batch)).entries()) {
      sums[start]! += distance * batch.windows;
    }
  });
  return sums.map((sum) => sum / windows.windows);
}

export const angularLayers = defineTechnique({
  id: 'angular-layers',
  title: 'Angular-distance layer pruning',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Removes the n consecutive layers that turn the residual stream least: the angle between what enters the run of layers and what leaves it, ' +
    'at the last token of each calibration window, averaged over windows. The ends are joined and nothing is retrained. The angles are ' +
    'averaged, not the cosines, and the run may reach to the last layer, as in the code that is widely used for the paper. "Farthest" removes ' +
    'the run that turns the stream most, as a control.',
  equation: String.raw`l^* = \arg\min_l \; \frac{1}{\pi} \arccos\frac{x^{(l)}_T \cdot x^{(l+n)}_T}{\lVert x^{(l)}_T\rVert\,\lVert x^{(l+n)}_T\rVert}`,
  papers: [253],
  parameters: z.strictObject({
    count: z
      .number()
      .int()
      .min(1)
      .max(63)
      .default(2)
      .meta({ title: 'Layers', description: 'Consecutive layers removed' }),
    choose: z.enum(['nearest', 'farthest']).default('nearest').meta({
      title: 'Choice',
      description: 'nearest: the run that changes the stream least; farthest: most (control)',
    }),
    windows: Windows,
  }),
  grid: { count: [1, 2, 3, 4] },
  label: ({ count, choose }) =>
    `${count} ${count === 1 ? 'layer' : 'layers'}${choose === 'nearest' ? '' : ', farthest'}`,
  checkConfig(config, { count }) {
    if (count >= config.layers) {
      throw doesNotFit(
        'angular-layers',
        `it removes ${count} layers and keeps at least one; the model has ${config.layers}`,
      );
    }
  },
  async changeWeights(decoder, { count, choose, windows }, { calibrate }) {
    const distances = await meanDistances(decoder, await calibrate(windows), count);
    const start = nearestStart(choose === 'nearest' ? distances : distances.map((distance) => -distance));
    const layers = Array.from({ length: count }, (_, i) => start + i);
    return await removeFromDecoder(decoder, withoutLayers(decoder, layers));
  },
});
