import { eigh, matrix } from '@claimbench/kernels';
import {
  type Decoder,
  type DecoderConfig,
  type ParameterValues,
  parseDecoderConfig,
  type TokenWindows,
  visitResidualStates,
} from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { checkPlainGains, prePlaces } from '../norm/pre-layer-norm.ts';
import { convertToRmsNorm } from '../norm/pre-rmsnorm.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import type { WeightCosts } from '../weights/costs.ts';
import { layerLinears } from '../weights/layer-weights.ts';

const KINDS = ['layer-norm', 'rms-norm'];
/** Added to the diagonal, as a share of its mean: shifts all eigenvalues alike and leaves the axes. */
const DAMPING = 0.01;

/** Axes of X^T X (not centred), the largest first: a row-major matrix `[width, width]` whose columns are the axes, and their eigenvalues. */
export function principalAxes(products: Float64Array, width: number): { values: Float64Array; axes: Float64Array } {
  let trace = 0;
  for (let j = 0; j < width; j++) trace += products[j * width + j]!;
  const damped = products.map((value, i) => (i % (width + 1) === 0 ? value + (DAMPING * trace) / width : value));
  const { values, vectors } = eigh(matrix(width, width, damped));
  const order = Array.from({ length: width }, (_, i) => i).sort((a, b) => values[b]! - values[a]!);
  const axes = new Float64Array(width * width);
  order.forEach((from, to) => {
    for (let row = 0; row < width; row++) axes[row * width + to] = vectors.values[row * width + from]!;
  });
  return { values: Float64Array.from(order, (from) => values[from]!), axes };
}

/** Axes of the stream at every cut: as it enters layer 0, 1, …, as it leaves the last, and between the two halves of each layer. */
async function axesOfStream(decoder: Decoder, windows: TokenWindows) {
  const { layers, hiddenSize } = decoder.config;
  const empty = (count: number) => Array.from({ length: count }, () => new Float64Array(hiddenSize * hiddenSize));
  const sums = { states: empty(layers + 1), between: empty(layers) };
  await visitResidualStates(decoder, windows, (batch) => {
    for (const cut of ['states', 'between'] as const) {
      for (const [at, states] of batch[cut].entries()) addProducts(sums[cut][at]!, states, hiddenSize);
    }
  });
  const axesOf = (products: Float64Array) => principalAxes(products, hiddenSize).axes;
  return { states: sums.states.map(axesOf), between: sums.between.map(axesOf) };
}

function addProducts(sum: Float64Array, states: Float32Array, width: number): void {
  for (let row = 0; row < states.length; row += width) {
    for (let j = 0; j < width; j++) {
      const x = states[row + j]!;
      for (let k = 0; k < width; k++) sum[j * width + k]! += x * states[row + k]!;
    }
  }
}

/** `rows [n, width]` times the first `kept` axes: `[n, kept]`. */
function onAxes(rows: ArrayLike<number>, axes: Float64Array, width: number, kept: number): Float32Array {
  const count = rows.length / width;
  const after = new Float32Array(count * kept);
  for (let row = 0; row < count; row++) {
    for (let to = 0; to < kept; to++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += rows[row * width + j]! * axes[j * width + to]!;
      after[row * kept + to] = sum;
    }
  }
  return after;
}

function transpose(values: ArrayLike<number>, columns: number): Float64Array {
  const rows = values.length / columns;
  return Float64Array.from({ length: values.length }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** The parameters on the first `kept` axes of every cut. */
function sliced(
  config: DecoderConfig,
  before: ReadonlyMap<string, ParameterValues>,
  { states, between }: { states: readonly Float64Array[]; between: readonly Float64Array[] },
  kept: number,
): Map<string, ParameterValues> {
  const { hiddenSize: width, layers } = config;
  const after = new Map(before);
  const writeRows = (name: string, axes: Float64Array, data: ArrayLike<number>) => {
    after.set(name, { shape: [data.length / width, kept], data: onAxes(data, axes, width, kept) });
  };
  for (const table of ['embed_tokens.weight', 'embed_positions.weight']) {
    const values = before.get(table);
    if (values) writeRows(table, states[0]!, values.data);
  }
  if (config.tiedEmbeddings) after.set('lm_head.weight', before.get('embed_tokens.weight')!);
  for (const { norm, readers } of prePlaces(config, 'slicegpt', KINDS)) {
    const gain = before.get(`${norm}.weight`)!.data;
    const [, layer, , place] = norm.split('.');
    const axes =
      layer === 'final' ? states[layers]! : place === 'mlpInput' ? between[Number(layer)]! : states[Number(layer)]!;
    for (const reader of readers) {
      const { data } = after.get(`${reader}.weight`)!;
      writeRows(
        `${reader}.weight`,
        axes,
        data.map((w, i) => w * gain[i % width]!),
      );
    }
    // The mean square is over all features that there were.
    const factor = Math.sqrt(width / kept);
    after.set(`${norm}.weight`, { shape: [kept], data: new Float32Array(kept).fill(factor) });
  }
  for (let layer = 0; layer < layers; layer++) {
    const cuts = { self_attn: between[layer]!, mlp: states[layer + 1]! };
    const from = { attention_shortcut: states[layer]!, mlp_shortcut: between[layer]! };
    for (const [module, linear] of [
      ['self_attn', 'o_proj'],
      ['mlp', 'down_proj'],
    ] as const) {
      const name = `layers.${layer}.${module}.${linear}`;
      const { shape, data } = before.get(`${name}.weight`)!;
      const inSize = shape[1]!;
      const turned = onAxes(transpose(data, inSize), cuts[module], width, kept);
      after.set(`${name}.weight`, { shape: [kept, inSize], data: Float32Array.from(transpose(turned, kept)) });
      const bias = before.get(`${name}.bias`);
      if (bias) after.set(`${name}.bias`, { shape: [kept], data: onAxes(bias.data, cuts[module], width, kept) });
    }
    for (const [shortcut, to] of [
      ['attention_shortcut', cuts.self_attn],
      ['mlp_shortcut', cuts.mlp],
    ] as const) {
      // Rows of the result are the new axes: Q_to^T Q_from.
      const both = onAxes(transpose(to, width), from[shortcut], width, kept).slice(0, kept * kept);
      after.set(`layers.${layer}.${shortcut}.weight`, { shape: [kept, kept], data: both });
    }
  }
  return after;
}

function slicedConfig(config: DecoderConfig, kept: number): DecoderConfig {
  const { norms, hiddenSize } = config;
  const narrowed = Object.entries(norms).map(([place, spec]) => [
    place,
    spec.kind === 'rms-norm' ? { ...spec, eps: (Number(spec.eps) * hiddenSize) / kept } : spec,
  ]);
  return parseDecoderConfig({
    ...config,
    hiddenSize: kept,
    tiedEmbeddings: false,
    norms: Object.fromEntries(narrowed),
    layerOverrides: [{ layers: Array.from({ length: config.layers }, (_, layer) => layer), shortcuts: true }],
  });
}

function keptFeatures(config: DecoderConfig, share: number): number {
  return Math.round(config.hiddenSize * (1 - share));
}

async function slice(decoder: Decoder, windows: TokenWindows, share: number): Promise<WeightCosts> {
  const weightsOf = () => layerLinears(decoder.config).reduce((sum, { inSize, outSize }) => sum + inSize * outSize, 0);
  const weights = weightsOf();
  if (decoder.config.norms.final.kind === 'layer-norm') await convertToRmsNorm(decoder);
  const axes = await axesOfStream(decoder, windows);
  const { config } = decoder;
  const kept = keptFeatures(config, share);
  decoder.rebuild(slicedConfig(config, kept), sliced(config, await decoder.readParameters(), axes, kept));
  const left = weightsOf();
  return {
    weights,
    storedBytes: 4 * left,
    bitsPerWeight: (32 * left) / weights,
    sparsity: Math.max(0, 1 - left / weights),
    // Other matrices on other axes: there is no weight to compare one with.
    quantizationError: 0,
  };
}

export const sliceGpt = defineTechnique({
  id: 'slicegpt',
  title: 'SliceGPT',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Turns the residual stream at every cut (before attention, before the MLP, at the end) to the principal axes of what passes there on calibration text, ' +
    'which changes nothing in a model with RMSNorm, and leaves the last axes out: all matrices become narrower. Each sum gets a matrix on its shortcut ' +
    'that leads from one cut’s axes to the next one’s; these count. LayerNorm is turned into RMSNorm first. All axes are those of the whole model, where the ' +
    'released code finds them layer by layer on what the sliced layers below give.',
  equation: String.raw`\sum_i X_i^{\top} X_i = Q \Lambda Q^{\top},\qquad W_{\mathrm{in}} \leftarrow W_{\mathrm{in}} Q D,\quad W_{\mathrm{out}} \leftarrow D^{\top} Q^{\top} W_{\mathrm{out}},\qquad \mathrm{RMSNorm}(XQ)Q^{\top} = \mathrm{RMSNorm}(X)`,
  papers: [],
  parameters: z.strictObject({
    share: z.number().min(0).max(0.75).default(0.25).meta({
      title: 'Sliced',
      description: 'Share of the stream’s features that are left out',
    }),
    windows: Windows,
  }),
  grid: { share: [0, 0.125, 0.25, 0.375, 0.5] },
  label: ({ share }) => `${Math.round(100 * share)} % sliced`,
  checkConfig(config, { share }) {
    prePlaces(config, 'slicegpt', KINDS);
    if (config.norms.final.kind === 'rms-norm') checkPlainGains(config, 'slicegpt');
    if (config.residual.form !== 'sequential' || config.residual.streamScale !== 1) {
      throw doesNotFit('slicegpt', 'it needs attention and MLP one behind the other on an unscaled stream');
    }
    if (config.residual.mlpScale !== 1 || config.residual.attentionScale !== 1) {
      throw doesNotFit('slicegpt', 'it needs branches that are added as they are');
    }
    if (keptFeatures(config, share) < 1)
      throw doesNotFit('slicegpt', `nothing is left of ${config.hiddenSize} features`);
  },
  changeWeights: async (decoder, { share, windows }, { calibrate }) =>
    await slice(decoder, await calibrate(windows), share),
});
