import { fakeQuantize, keep, linear, roundHalfEven, scale, Tensor } from '@claimbench/kernels';
import { type Decoder, type Linear, largestOfRows, type TokenWindows } from '@claimbench/models';
import { z } from 'zod';
import { LayerWalk, release } from '../calibration/layer-walk.ts';
import { Windows } from '../calibration/parameter.ts';
import { checkPlainGains, prePlaces } from '../norm/pre-layer-norm.ts';
import { defineTechnique } from '../technique.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';

const SMALLEST_SCALE = 1e-5;

/** `s_j = max(max|X_j|^alpha / max|W_j|^(1 - alpha), 1e-5)`; the weights' largest over all linears that read the norm. */
export function smoothingScales(
  largestInputs: Float32Array,
  weights: readonly Float32Array[],
  alpha: number,
): Float32Array {
  const inSize = largestInputs.length;
  const largestWeights = new Float32Array(inSize).fill(SMALLEST_SCALE);
  for (const values of weights) {
    values.forEach((w, i) => {
      largestWeights[i % inSize] = Math.max(largestWeights[i % inSize]!, Math.abs(w));
    });
  }
  return largestInputs.map((x, j) => Math.max(x ** alpha / largestWeights[j]! ** (1 - alpha), SMALLEST_SCALE));
}

/** Values on a symmetric grid of `2^bits - 1` levels whose end is the largest magnitude of each run of `size`. */
export function absmaxQuantize(values: Float32Array, size: number, bits: number): Float32Array {
  const highest = 2 ** (bits - 1) - 1;
  const after = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += size) {
    const run = values.subarray(start, start + size);
    const largest = run.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const step = Math.fround(Math.max(largest, SMALLEST_SCALE) / highest);
    run.forEach((value, i) => {
      after[start + i] = roundHalfEven(Math.fround(value / step)) * step;
    });
  }
  return after;
}

/** A product of rounded inputs, each token by its own largest value, with weights that were rounded before. */
class RoundedInputLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly storedBytes: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly #weight: Tensor;
  readonly #highest: number;

  constructor(
    backend: Tensor['backend'],
    values: Float32Array,
    outSize: number,
    weightBits: number,
    inputBits: number,
  ) {
    this.outSize = outSize;
    this.inSize = values.length / outSize;
    // Codes, and a scale an output.
    this.storedBytes = outSize * Math.ceil((this.inSize * weightBits) / 8) + 4 * outSize;
    this.#weight = keep(Tensor.from(backend, values, [outSize, this.inSize]));
    this.#highest = 2 ** (inputBits - 1) - 1;
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    const highest = this.#highest;
    const step = scale(largestOfRows(x), 1 / highest);
    return linear(fakeQuantize(x, step, { lowest: -highest, highest }), this.#weight, bias);
  }

  dispose(): void {
    this.#weight.dispose();
  }
}

/** Largest |x| of every input, over all tokens of calibration. */
async function largestOf(tensors: readonly Tensor[], inSize: number): Promise<Float32Array> {
  const largest = new Float32Array(inSize);
  for (const tensor of tensors) {
    (await tensor.readFloats()).forEach((x, i) => {
      largest[i % inSize] = Math.max(largest[i % inSize]!, Math.abs(x));
    });
  }
  return largest;
}

/** Moves part of the inputs' spread into the weights: gain and bias of each norm over `s`, columns of its readers times `s`. */
async function smooth(decoder: Decoder, windows: TokenWindows, alpha: number): Promise<void> {
  using walk = new LayerWalk(decoder, windows);
  const places = prePlaces(decoder.config, 'smoothquant', KINDS);
  for (; walk.layer < decoder.config.layers; walk.advance()) {
    const ours = places.filter(({ norm }) => norm.startsWith(`layers.${walk.layer}.`));
    const captured = walk.capture(ours.map(({ readers }) => `${readers[0]}.input`));
    try {
      for (const { norm, readers } of ours) {
        const largest = await largestOf(captured.get(`${readers[0]}.input`)!, decoder.config.hiddenSize);
        const weights = await Promise.all(readers.map((name) => decoder.readParameter(`${name}.weight`)));
        const scales = smoothingScales(largest, weights, alpha);
        for (const learned of [`${norm}.weight`, `${norm}.bias`]) {
          if (!decoder.parameters.has(learned)) continue;
          const values = await decoder.readParameter(learned);
          decoder.writeParameter(
            learned,
            values.map((value, j) => value / scales[j]!),
          );
        }
        for (const [i, name] of readers.entries()) {
          decoder.writeParameter(
            `${name}.weight`,
            weights[i]!.map((w, at) => w * scales[at % scales.length]!),
          );
        }
      }
    } finally {
      release(captured);
    }
  }
}

const KINDS = ['layer-norm', 'rms-norm'];

const Bits = (title: string, description: string) =>
  z.number().int().min(2).max(8).default(8).meta({ title, description });

export const smoothQuant = defineTechnique({
  id: 'smoothquant',
  title: 'SmoothQuant',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Rounds weights and activations to few bits. Where activations have features far larger than others, part of their size is first moved into the ' +
    'weights: the norm before attention and the one before the MLP are divided, feature by feature, by a scale with which the columns of the linears behind ' +
    'them are multiplied; the function stays. Weights are then rounded by output, inputs of all layers’ linears by token as they come. Inputs of the ' +
    'output projections stand behind no norm and are rounded as they are, as in the released code.',
  equation: String.raw`Y = \left(X \operatorname{diag}(s)^{-1}\right)\left(\operatorname{diag}(s) W^{\top}\right),\qquad s_j = \frac{\max |X_j|^{\alpha}}{\max |W_j|^{1-\alpha}}`,
  papers: [],
  parameters: z.strictObject({
    bits: Bits('Weight bits', 'Bits of a weight code'),
    inputBits: Bits('Input bits', 'Bits of the inputs’ codes'),
    alpha: z.number().min(0).max(1).default(0.5).meta({
      title: 'Alpha',
      description: 'How much of the inputs’ spread moves into the weights',
    }),
    smoothed: z.boolean().default(true).meta({
      title: 'Smoothed',
      description: 'Whether anything is moved before rounding; false is rounding of weights and activations alone',
    }),
    windows: Windows,
  }),
  grid: { bits: [8, 4], inputBits: [8, 4], alpha: [0.25, 0.5, 0.75] },
  label: ({ bits, inputBits, alpha, smoothed }) =>
    `${bits} bits, inputs ${inputBits} bits, ${smoothed ? `alpha ${alpha}` : 'not smoothed'}`,
  checkConfig(config) {
    prePlaces(config, 'smoothquant', KINDS);
    checkPlainGains(config, 'smoothquant');
  },
  async changeWeights(decoder, { bits, inputBits, alpha, smoothed, windows }, { calibrate }): Promise<WeightCosts> {
    if (smoothed) await smooth(decoder, await calibrate(windows), alpha);
    const costs = new CostCounter();
    for (const { name, inSize, outSize, values } of await readLayerWeights(decoder)) {
      const after = absmaxQuantize(values, inSize, bits);
      const rounded = new RoundedInputLinear(decoder.backend, after, outSize, bits, inputBits);
      decoder.replaceLinear(name, rounded);
      costs.count(values, after, rounded.storedBytes);
    }
    return costs.total;
  },
});
