import {
  captureStates,
  cosineOfRow,
  type Decoder,
  type LayerPlan,
  stepsOf,
  type TokenWindows,
} from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { countRemoved, withoutLayers } from '../depth/remove.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';

const READINGS = ['paper', 'released'] as const;
export type CollapseReading = (typeof READINGS)[number];

/**
 * One matrix of the base layer and of the layers that collapse into it. `paper`: theta_l + sum_k (theta_{l+k} - theta_l). `released`: each
 * difference is taken to the sum so far, as the published code does, so that what remains is the highest merged layer.
 */
export function collapse(
  base: Float32Array,
  merged: readonly Float32Array[],
  reading: CollapseReading = 'paper',
): Float32Array {
  return base.map((value, i) =>
    merged.reduce((sum, matrix) => sum + (matrix[i]! - (reading === 'paper' ? value : sum)), value),
  );
}

/** Mean over sentences of the cosine of whole last hidden states, tokens and features flattened to one vector. */
export function sentenceSimilarity(a: Float32Array, b: Float32Array, sentences: number): number {
  const width = a.length / sentences;
  let sum = 0;
  for (let sentence = 0; sentence < sentences; sentence++) sum += cosineOfRow(a, b, sentence, width);
  return sum / sentences;
}

/** Last hidden states, after the final norm, of all windows. */
async function lastHidden(decoder: Decoder, windows: TokenWindows): Promise<Float32Array> {
  const states = new Float32Array(windows.tokens.length * decoder.config.hiddenSize);
  let at = 0;
  await captureStates(decoder, windows, ['final.output'], (values) => {
    const batch = values.get('final.output')!;
    states.set(batch, at);
    at += batch.length;
  });
  return states;
}

const Parameters = z.strictObject({
  count: z.number().int().min(1).max(63).default(2).meta({ title: 'Layers', description: 'Layers removed in all' }),
  merge: z.number().int().min(1).max(16).default(2).meta({
    title: 'Merged at once',
    description: 'Layers that collapse into the one below them in one step',
  }),
  threshold: z.number().min(-1).max(1).default(0.65).meta({
    title: 'Threshold',
    description: 'Similarity of the last hidden states below which a merge is taken back',
  }),
  interval: z.number().int().min(1).max(16).default(2).meta({
    title: 'Interval',
    description: 'Layers between one accepted merge and the next',
  }),
  reading: z.enum(READINGS).default('paper').meta({
    title: 'Differences',
    description:
      'paper: to the original weights of the lower layer; released: to the sum so far, as the published code does',
  }),
  lowest: z.number().int().min(0).max(63).default(1).meta({
    title: 'Lowest layer',
    description: 'No merge begins below this layer, counted from 0',
  }),
  windows: Windows,
});

/** The layers by name of matrix, so that merging reads as the paper writes it. */
class Stack {
  readonly #decoder: Decoder;
  /** Original numbers of the layers that are left, in order. */
  readonly left: number[];
  readonly #weights: Map<string, Float32Array>;
  readonly #reading: CollapseReading;

  constructor(decoder: Decoder, weights: readonly LinearWeight[], reading: CollapseReading) {
    this.#decoder = decoder;
    this.#reading = reading;
    this.left = stepsOf(decoder.plan).map(({ layer }) => layer);
    this.#weights = new Map(weights.map(({ name, values }) => [name, values]));
  }

  /** Collapses the `count` layers above `left[at]` into it; returns what undoes it. */
  merge(at: number, count: number): () => void {
    const base = this.left[at]!;
    const gone = this.left.slice(at + 1, at + 1 + count);
    const before = new Map<string, Float32Array>();
    for (const [name, values] of this.#weights) {
      const prefix = `layers.${base}.`;
      if (!name.startsWith(prefix)) continue;
      const rest = name.slice(prefix.length);
      before.set(name, values);
      const above = gone.map((layer) => this.#weights.get(`layers.${layer}.${rest}`)!);
      this.#write(name, collapse(values, above, this.#reading));
    }
    const plan: LayerPlan = this.#decoder.plan;
    this.#decoder.plan = withoutLayers(this.#decoder, gone);
    this.left.splice(at + 1, gone.length);
    return () => {
      for (const [name, values] of before) this.#write(name, values);
      this.#decoder.plan = plan;
      this.left.splice(at + 1, 0, ...gone);
    };
  }

  #write(name: string, values: Float32Array): void {
    this.#weights.set(name, values);
    this.#decoder.writeParameter(`${name}.weight`, values);
  }
}

export const laco = defineTechnique({
  id: 'laco',
  title: 'LaCo layer collapse',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Walks down the stack and merges layers into the one below them by adding the differences of their weights; a merge stays when the last ' +
    'hidden states of calibration windows keep their direction (cosine above the threshold), else the walk goes one layer down and tries again. ' +
    "The default is the paper's sum, with the original weights of the lower layer in every difference; the released code subtracts the already " +
    'changed ones, so that its sum telescopes to the weights of the highest merged layer ("released"). Norms stay those of the lower layer, as there. ' +
    'When the walk ends before enough layers are gone, it starts again from the top with a threshold lowered by 0.05, so that ratios are equal ' +
    'between methods.',
  equation: String.raw`\theta_l^* = \theta_l + \sum_{k=1}^{m} (\theta_{l+k} - \theta_l),\qquad \text{kept if } \cos\!\left(h, h^*\right) > \tau`,
  papers: [105],
  parameters: Parameters,
  grid: { count: [1, 2, 3, 4], merge: [1, 2, 3] },
  label: ({ count, merge, reading }) =>
    `${count} ${count === 1 ? 'layer' : 'layers'}, ${merge} at once${reading === 'paper' ? '' : ', as released'}`,
  checkConfig(config, { count, lowest }) {
    if (count > config.layers - 1 - lowest) {
      throw doesNotFit('laco', `it removes ${count} layers above layer ${lowest}; the model has ${config.layers}`);
    }
  },
  async changeWeights(decoder, { count, merge, threshold, interval, reading, lowest, windows }, { calibrate }) {
    const before = await readLayerWeights(decoder);
    const calibration = await calibrate(windows);
    const reference = await lastHidden(decoder, calibration);
    const stack = new Stack(decoder, before, reading);
    const target = stack.left.length - count;
    /** The highest place from which a whole merge reaches the top. */
    const highest = () => Math.max(lowest, stack.left.length - 1 - merge);
    for (let limit = threshold; stack.left.length > target; limit -= 0.05) {
      for (let at = highest(); at >= lowest && stack.left.length > target; ) {
        const size = Math.min(merge, stack.left.length - 1 - at, stack.left.length - target);
        const undo = stack.merge(at, size);
        const similarity = sentenceSimilarity(reference, await lastHidden(decoder, calibration), calibration.windows);
        if (similarity > limit || limit < -1) at = Math.min(at - interval, highest());
        else {
          undo();
          at -= 1;
        }
      }
    }
    decoder.keepOnly(decoder.plan);
    return await countRemoved(decoder, before);
  },
});
