import { scope } from '@claimbench/kernels';
import { batchesOf, type Decoder, lossInWindows, type TokenWindows } from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { CostCounter } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { StoredLinear } from '../weights/stored-linear.ts';
import { components, keptRank } from './laser.ts';

type LayerWeight = Awaited<ReturnType<typeof readLayerWeights>>[number];

/** What is tried: one matrix and the share of its rank that stays. */
interface Trial {
  readonly weight: LayerWeight;
  readonly keep: number;
}

export const laserSearch = defineTechnique({
  id: 'laser-search',
  title: 'LASER with its search',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Tries every matrix of every layer at a few ranks, each alone, and keeps the one reduction after which the loss on calibration text is lowest, even where ' +
    'none lowers it. The paper chooses by accuracy on a validation part of the task; here it is the loss on text that the model may have been trained on, ' +
    'which has less noise, and the judged text is never looked at. "random" removes as many components drawn from the seed in each trial, a control ' +
    'with the same search.',
  equation: String.raw`(l^{*}, \tau^{*}, \rho^{*}) = \arg\min_{l,\tau,\rho} J\bigl(\theta \mid W_{l,\tau} \leftarrow U_k \Sigma_k V_k^{\top}\bigr),\qquad k = \lfloor \rho \min(m, n) \rfloor`,
  papers: [252],
  parameters: z.strictObject({
    keep: z
      .array(z.number().positive().max(1))
      .min(1)
      .max(16)
      .default([0.5, 0.2, 0.05])
      .meta({ title: 'Kept ranks', description: 'Shares of the components that are tried' }),
    remove: z.enum(['smallest', 'random']).default('smallest').meta({
      title: 'Removed',
      description: 'smallest: the smallest components; random: drawn from the seed (control)',
    }),
    windows: Windows.default(32),
  }),
  grid: { remove: ['smallest', 'random'] },
  label: ({ keep, remove }) => `${keep.join(', ')} of the rank${remove === 'random' ? ', random' : ''}`,
  checkConfig() {},
  async changeWeights(decoder, { keep, remove, windows }, { seed, calibrate }) {
    const text = await calibrate(windows);
    const weights = await readLayerWeights(decoder);
    const reduced = ({ weight: { name, values, outSize, inSize }, keep: share }: Trial) => {
      const all = Array.from({ length: Math.min(outSize, inSize) }, (_, component) => component);
      if (remove === 'random') {
        const drawn = techniqueDraws(seed, all.length, name);
        all.sort((a, b) => drawn[a]! - drawn[b]!);
      }
      return components(values, outSize, inSize, all.slice(0, keptRank(outSize, inSize, share)));
    };
    let best: { trial: Trial; loss: number } | undefined;
    for (const weight of weights) {
      for (const share of keep) {
        const trial = { weight, keep: share };
        decoder.writeParameter(`${weight.name}.weight`, reduced(trial));
        const loss = await lossOn(decoder, text);
        if (best === undefined || loss < best.loss) best = { trial, loss };
      }
      decoder.writeParameter(`${weight.name}.weight`, weight.values);
    }
    const chosen = best!.trial;
    const costs = new CostCounter();
    for (const weight of weights) {
      const { name, values, outSize, inSize } = weight;
      if (weight !== chosen.weight) {
        costs.count(values, values, 4 * values.length);
        continue;
      }
      const after = reduced(chosen);
      const factors = keptRank(outSize, inSize, chosen.keep) * (outSize + inSize);
      const storedBytes = 4 * Math.min(values.length, factors);
      decoder.replaceLinear(name, new StoredLinear(decoder.backend, { outSize, inSize }, after, storedBytes));
      costs.count(values, after, storedBytes);
    }
    return costs.total;
  },
});

/** Mean loss of the next tokens inside the windows. */
async function lossOn(decoder: Decoder, windows: TokenWindows): Promise<number> {
  let total = 0;
  for (const { ids, windows: count } of batchesOf(windows)) {
    using loss = scope(() => lossInWindows(decoder, ids, count, windows.time));
    total += count * (await loss.readFloats())[0]!;
  }
  return total / windows.windows;
}
