import { roundHalfEven } from '@claimbench/kernels';
import type { Decoder, TokenWindows } from '@claimbench/models';
import { z } from 'zod';
import { gram, LayerWalk, release } from '../calibration/layer-walk.ts';
import { Windows } from '../calibration/parameter.ts';
import { defineTechnique } from '../technique.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { storeQuantized } from '../weights/stored-linear.ts';

const RATIOS = 20;
/** Shrinkage of a group's range is tried in these steps, up to less than a half. */
const CLIP_STEPS = 20;
const SMALLEST_RANGE = 1e-5;

/** Inputs of a linear, as far as the search looks at them. */
export interface InputStatistics {
  /** Mean of |x| of every input. */
  readonly meanSize: Float64Array;
  /** X^T X `[inSize, inSize]`. */
  readonly products: Float64Array;
  readonly tokens: number;
}

interface Shape {
  readonly inSize: number;
  readonly groupSize: number;
  readonly bits: number;
}

/** Values of a uniform grid between the smallest and the largest weight of each group, which need not hold zero. */
export function pseudoQuantize(values: Float32Array, { groupSize, bits }: Omit<Shape, 'inSize'>): Float32Array {
  const after = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += groupSize) {
    const group = values.subarray(start, start + groupSize);
    quantizeGroup(group, bits, after.subarray(start, start + groupSize));
  }
  return after;
}

function quantizeGroup(group: Float32Array, bits: number, into: Float32Array): void {
  const levels = 2 ** bits - 1;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const w of group) {
    min = Math.min(min, w);
    max = Math.max(max, w);
  }
  const scale = Math.fround(Math.max(Math.fround(max - min), SMALLEST_RANGE) / levels);
  const zero = Math.min(Math.max(-roundHalfEven(Math.fround(min / scale)), 0), levels);
  group.forEach((w, i) => {
    const code = Math.min(Math.max(roundHalfEven(Math.fround(w / scale)) + zero, 0), levels);
    into[i] = (code - zero) * scale;
  });
}

/** Scales of the inputs for one exponent: s = max(mean|x|^ratio, 1e-4), divided by the root of the product of its ends. */
function scalesOf(meanSize: Float64Array, ratio: number): Float64Array {
  const scales = meanSize.map((size) => Math.max(size ** ratio, 1e-4));
  const middle = Math.sqrt(Math.max(...scales) * Math.min(...scales));
  return scales.map((scale) => scale / middle);
}

/** Mean squared error of the outputs when a weight becomes another, over tokens and outputs. */
function outputError(
  before: Float32Array,
  after: Float32Array,
  inSize: number,
  { products, tokens }: InputStatistics,
): number {
  const outSize = before.length / inSize;
  const difference = new Float64Array(inSize);
  let total = 0;
  for (let row = 0; row < outSize; row++) {
    for (let j = 0; j < inSize; j++) difference[j] = before[row * inSize + j]! - after[row * inSize + j]!;
    for (let j = 0; j < inSize; j++) {
      const d = difference[j]!;
      if (d === 0) continue;
      let product = 0;
      for (let k = 0; k < inSize; k++) product += products[j * inSize + k]! * difference[k]!;
      total += d * product;
    }
  }
  return total / tokens / outSize;
}

export interface ScaleSearch {
  readonly ratio: number;
  readonly scales: Float64Array;
  readonly losses: readonly number[];
  /** Q(W s) / s. */
  readonly values: Float32Array;
}

/** Tries exponents 0, 1/20, … 19/20 of the inputs' mean size; the first of equal losses is kept. */
export function searchScales(values: Float32Array, statistics: InputStatistics, shape: Shape): ScaleSearch {
  const { inSize } = shape;
  const tried = Array.from({ length: RATIOS }, (_, step) => {
    const ratio = step / RATIOS;
    const scales = scalesOf(statistics.meanSize, ratio);
    const scaled = values.map((w, i) => w * scales[i % inSize]!);
    const after = pseudoQuantize(scaled, shape).map((w, i) => w / scales[i % inSize]!);
    return { ratio, scales, values: after, loss: outputError(values, after, inSize, statistics) };
  });
  const best = tried.reduce((least, one) => (one.loss < least.loss ? one : least));
  return { ratio: best.ratio, scales: best.scales, values: best.values, losses: tried.map(({ loss }) => loss) };
}

/**
 * For every row and group the magnitude, of the largest one shrunk by 0, 5, … 45 %, at which the group's own part of the output changes
 * least when its weights are cut there and quantized.
 */
export function searchClipping(values: Float32Array, { products }: InputStatistics, shape: Shape): Float64Array {
  const { inSize, groupSize, bits } = shape;
  const limits = new Float64Array(values.length / groupSize);
  const clipped = new Float32Array(groupSize);
  const quantized = new Float32Array(groupSize);
  for (let group = 0; group < limits.length; group++) {
    const start = group * groupSize;
    const weights = values.subarray(start, start + groupSize);
    const column = start % inSize;
    const largest = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    let best = Number.POSITIVE_INFINITY;
    for (let step = 0; step < CLIP_STEPS / 2; step++) {
      const limit = largest * (1 - step / CLIP_STEPS);
      weights.forEach((w, i) => {
        clipped[i] = Math.min(Math.max(w, -limit), limit);
      });
      quantizeGroup(clipped, bits, quantized);
      let error = 0;
      for (let j = 0; j < groupSize; j++) {
        const d = weights[j]! - quantized[j]!;
        for (let k = 0; k < groupSize; k++) {
          error += d * products[(column + j) * inSize + column + k]! * (weights[k]! - quantized[k]!);
        }
      }
      if (error < best) {
        best = error;
        limits[group] = limit;
      }
    }
  }
  return limits;
}

interface AwqOptions {
  readonly bits: number;
  readonly groupSize: number;
  readonly clip: boolean;
}

/** One weight: scales are searched, then the ranges of the scaled weights are cut; queries and keys keep their ranges. */
function quantizeWeight(
  name: string,
  values: Float32Array,
  statistics: InputStatistics,
  shape: Shape,
  clip: boolean,
): Float32Array {
  const { inSize, groupSize } = shape;
  const { scales, values: scaledOnly } = searchScales(values, statistics, shape);
  if (!clip || name.endsWith('q_proj') || name.endsWith('k_proj')) return scaledOnly;
  const scaled = values.map((w, i) => w * scales[i % inSize]!);
  const products = statistics.products.map((value, i) => value / scales[i % inSize]! / scales[Math.floor(i / inSize)]!);
  const limits = searchClipping(scaled, { ...statistics, products }, shape);
  const cut = scaled.map((w, i) => {
    const limit = limits[Math.floor(i / groupSize)]!;
    return Math.min(Math.max(w, -limit), limit);
  });
  return pseudoQuantize(cut, shape).map((w, i) => w / scales[i % inSize]!);
}

async function quantizeByAwq(decoder: Decoder, windows: TokenWindows, options: AwqOptions): Promise<WeightCosts> {
  const { bits, groupSize, clip } = options;
  const costs = new CostCounter();
  const weights = await readLayerWeights(decoder);
  using walk = new LayerWalk(decoder, windows);
  for (; walk.layer < decoder.config.layers; walk.advance()) {
    const ours = weights.filter(({ name }) => name.startsWith(`layers.${walk.layer}.`));
    const captured = walk.capture(ours.map(({ name }) => `${name}.input`));
    try {
      for (const weight of ours) {
        const { name, inSize, outSize, values } = weight;
        const inputs = captured.get(`${name}.input`)!;
        const meanSize = new Float64Array(inSize);
        for (const tensor of inputs) {
          (await tensor.readFloats()).forEach((x, i) => {
            meanSize[i % inSize]! += Math.abs(x) / windows.tokens.length;
          });
        }
        const statistics = { meanSize, products: await gram(inputs), tokens: windows.tokens.length };
        const after = quantizeWeight(name, values, statistics, { inSize, groupSize, bits }, clip);
        // Codes packed, a scale and a zero point a group, and the scales of the inputs.
        const storedBytes = outSize * Math.ceil((inSize * bits) / 8) + (8 * values.length) / groupSize + 4 * inSize;
        storeQuantized(decoder, weight, { values: after, storedBytes }, costs);
      }
    } finally {
      release(captured);
    }
  }
  return costs.total;
}

export const awq = defineTechnique({
  id: 'awq',
  title: 'AWQ (activation-aware)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Activation-aware rounding: inputs that are large on calibration text have their weights scaled up before rounding and down after it, so that ' +
    'these weights lose less. The exponent of the scale is searched for every matrix by the error of its output, then the range of every group ' +
    'is cut where that lowers the error (not for queries and keys). As in the released code the statistic is the mean of |x|; here ' +
    'every matrix has scales of its own, which count four bytes an input, where the paper folds them into what comes before.',
  equation: String.raw`s^* = \arg\min_{s}\; \bigl\lVert Q(W \operatorname{diag}(s))\operatorname{diag}(s)^{-1} X - W X \bigr\rVert,\qquad s = \overline{|X|}^{\,\alpha}`,
  papers: [],
  parameters: z.strictObject({
    bits: z.number().int().min(2).max(8).default(4).meta({ title: 'Bits', description: 'Bits of a weight code' }),
    groupSize: GroupSize,
    clip: z.boolean().default(true).meta({ title: 'Clipping', description: 'Whether ranges are cut where that helps' }),
    windows: Windows,
  }),
  grid: { bits: [8, 4, 3, 2] },
  label: ({ bits, groupSize, clip }) => `${bits} bits, groups of ${groupSize}${clip ? '' : ', no clipping'}`,
  checkConfig: (config, { groupSize }) => checkGroups('awq', config, groupSize),
  changeWeights: async (decoder, { windows, ...options }, { calibrate }) =>
    await quantizeByAwq(decoder, await calibrate(windows), options),
});
