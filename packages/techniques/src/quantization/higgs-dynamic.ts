import { scope } from '@claimbench/kernels';
import { batchesOf, type Decoder, lossInWindows, type TokenWindows } from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';
import { quantizeEach } from '../weights/stored-linear.ts';
import { gaussianGrid } from './gaussian-grid.ts';
import { type HiggsCodes, higgsCodes } from './higgs.ts';

/** Bits that a matrix may have. */
const WIDTHS = [2, 3, 4] as const;
/** The width at which a matrix alone shows how much the loss depends on it. */
const PROBE = 2;

/** A matrix of `size` weights, and for every width what it adds to the loss. */
export interface Choice {
  readonly size: number;
  readonly costs: readonly number[];
}

/**
 * For every matrix the place of its width in `widths`, such that the sum of the costs is the least possible while the bits of all weights together are no
 * more than `mean` a weight. By dynamic programming over the bits above the smallest width, in units of the sizes' common divisor.
 */
export function chooseWidths(choices: readonly Choice[], widths: readonly number[], mean: number): number[] {
  const unit = choices.reduce((common, { size }) => divisor(common, size), 0);
  const total = choices.reduce((sum, { size }) => sum + size, 0);
  const lowest = widths[0]!;
  const room = Math.floor((total * (mean - lowest)) / unit + 1e-9);
  let best = new Float64Array(room + 1);
  const taken = choices.map(({ size, costs }) => {
    const next = new Float64Array(room + 1).fill(Number.POSITIVE_INFINITY);
    const choice = new Uint8Array(room + 1);
    for (const [at, width] of widths.entries()) {
      const extra = ((width - lowest) * size) / unit;
      for (let used = extra; used <= room; used++) {
        const cost = best[used - extra]! + costs[at]!;
        if (cost >= next[used]!) continue;
        next[used] = cost;
        choice[used] = at;
      }
    }
    best = next;
    return choice;
  });
  const chosen: number[] = [];
  let left = room;
  for (let i = choices.length - 1; i >= 0; i--) {
    const at = taken[i]![left]!;
    chosen.unshift(at);
    left -= ((widths[at]! - lowest) * choices[i]!.size) / unit;
  }
  return chosen;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** Mean loss of the windows' own next tokens. */
async function lossOf(decoder: Decoder, { tokens, windows, time }: TokenWindows): Promise<number> {
  let sum = 0;
  for (const batch of batchesOf({ tokens, windows, time })) {
    using loss = scope(() => lossInWindows(decoder, batch.ids, batch.windows, time));
    sum += ((await loss.readFloats())[0]! * batch.windows) / windows;
  }
  return sum;
}

function relativeSquaredError(before: Float32Array, after: Float32Array): number {
  let error = 0;
  let norm = 0;
  before.forEach((w, i) => {
    error += (w - after[i]!) ** 2;
    norm += w ** 2;
  });
  return norm === 0 ? 0 : error / norm;
}

type Code = (weight: LinearWeight, bits: number) => HiggsCodes;

/** The linear model of the loss: what one matrix at each width adds, `alpha_l t_l(b)^2`, alpha from one probe of that matrix alone. */
async function costsOf(decoder: Decoder, windows: TokenWindows, code: Code): Promise<Choice[]> {
  const before = await lossOf(decoder, windows);
  const choices: Choice[] = [];
  for (const weight of await readLayerWeights(decoder)) {
    const { name, values } = weight;
    const rounded = WIDTHS.map((bits) => code(weight, bits).values);
    const errors = rounded.map((after) => relativeSquaredError(values, after));
    const probe = WIDTHS.indexOf(PROBE);
    decoder.writeParameter(`${name}.weight`, rounded[probe]!);
    const rise = (await lossOf(decoder, windows)) - before;
    decoder.writeParameter(`${name}.weight`, values);
    const slope = errors[probe] === 0 ? 0 : Math.max(rise, 0) / errors[probe]!;
    choices.push({ size: values.length, costs: errors.map((error) => slope * error) });
  }
  return choices;
}

export const higgsDynamic = defineTechnique({
  id: 'higgs-dynamic',
  title: 'HIGGS with bits by dynamic programming',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'HIGGS with a width of its own, 2, 3 or 4 bits, for every matrix. The rise of the loss is taken as a sum over matrices of a coefficient times the relative ' +
    'squared error; a coefficient is found by rounding that matrix alone to 2 bits and looking at the loss on calibration text. The widths with the least ' +
    'sum at a given mean of bits are found exactly. The paper finds coefficients by adding noise of several sizes; one rounding stands for it here.',
  equation: String.raw`\min_{b}\ \sum_l \alpha_l\, t_l(b_l)^2 \quad \text{s.t.}\quad \sum_l b_l n_l \le \bar b \sum_l n_l,\qquad \mathbb E[J(\hat w)] \approx J(w) + \sum_l \alpha_l\, t_l^2`,
  papers: [178],
  parameters: z.strictObject({
    bits: z
      .number()
      .min(2)
      .max(4)
      .default(3)
      .meta({ title: 'Mean bits', description: 'Bits of codes a weight, on average' }),
    groupSize: GroupSize,
    windows: Windows,
  }),
  grid: { bits: [2.5, 3, 3.5] },
  label: ({ bits, groupSize }) => `${bits} bits on average, groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('higgs-dynamic', config, groupSize),
  async changeWeights(decoder, { bits, groupSize, windows }, { seed, calibrate }) {
    const code: Code = ({ name, inSize, values }, width) => {
      const signs = techniqueDraws(seed, inSize, name).map((draw) => (draw < 0.5 ? -1 : 1));
      return higgsCodes(values, groupSize, { points: gaussianGrid(4 ** width, 2), dimension: 2 }, signs);
    };
    const chosen = chooseWidths(await costsOf(decoder, await calibrate(windows), code), WIDTHS, bits);
    let at = 0;
    return await quantizeEach(decoder, (weight) => {
      const width = WIDTHS[chosen[at++]!]!;
      const { values, scales } = code(weight, width);
      // Codes, a scale a group, a bit an input for the signs, and a byte for the width.
      const { length } = values;
      return {
        values,
        storedBytes: Math.ceil((length * width) / 8) + 4 * scales.length + Math.ceil(weight.inSize / 8) + 1,
      };
    });
  },
});
