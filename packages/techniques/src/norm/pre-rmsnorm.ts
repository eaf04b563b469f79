import { type Decoder, type DecoderConfig, type ParameterValues, parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { layerLinears } from '../weights/layer-weights.ts';
import { prePlaces, rmsNormsFor } from './pre-layer-norm.ts';

/** A linear that writes into the stream, made to write vectors of mean 0: from every column its mean over the outputs is taken. */
export function zeroMeanOutputs(weight: Float32Array, inSize: number): Float32Array {
  const outSize = weight.length / inSize;
  const means = new Float64Array(inSize);
  weight.forEach((w, i) => {
    means[i % inSize]! += w / outSize;
  });
  return weight.map((w, i) => w - means[i % inSize]!);
}

/** A linear that reads vectors of mean 0, made to read them without their last entry: the last column is taken from all others. */
export function withoutLastInput(weight: Float32Array, inSize: number): Float32Array {
  const outSize = weight.length / inSize;
  return Float32Array.from({ length: outSize * (inSize - 1) }, (_, i) => {
    const row = Math.floor(i / (inSize - 1)) * inSize;
    return weight[row + (i % (inSize - 1))]! - weight[row + inSize - 1]!;
  });
}

/** Rows of `width` entries, each without its last. */
function withoutLastEntry(values: Float32Array, width: number): Float32Array {
  return values.filter((_, i) => i % width !== width - 1);
}

/** The gain of a norm, moved into the linear that reads it, and what the norm's bias adds to that linear's: `W diag(g)`, `W b`. */
function foldNorm(
  weight: Float32Array,
  { gain, bias }: { gain: Float32Array | undefined; bias: Float32Array | undefined },
  size: number,
): { weight: Float32Array; added: Float32Array } {
  const added = new Float64Array(weight.length / size);
  if (bias) {
    weight.forEach((w, i) => {
      added[Math.floor(i / size)]! += w * bias[i % size]!;
    });
  }
  return { weight: gain ? weight.map((w, i) => w * gain[i % size]!) : weight, added: Float32Array.from(added) };
}

const Parameters = z.strictObject({
  form: z.enum(['rms', 'compressed']).default('rms').meta({
    title: 'Form',
    description: 'rms: Pre-RMSNorm; compressed: Pre-CRMSNorm, whose stream lacks the last feature',
  }),
  recentred: z
    .enum(['all', 'all-but-last', 'none'])
    .default('all')
    .meta({
      title: 'Recentred',
      description:
        'What is made to write vectors of mean 0: everything; everything but the last MLP (control); nothing, RMSNorm put in the place of ' +
        'LayerNorm and no more (control)',
    }),
});
type Parameters = z.infer<typeof Parameters>;

/** The parameters of the converted decoder, by name. */
function convert(
  config: DecoderConfig,
  before: ReadonlyMap<string, ParameterValues>,
  { form, recentred }: Parameters,
): Map<string, ParameterValues> {
  const { hiddenSize, layers } = config;
  const compressed = form === 'compressed';
  const width = compressed ? hiddenSize - 1 : hiddenSize;
  const after = new Map(before);
  const read = (name: string) => before.get(name)?.data;

  const writers = ['embed_tokens', ...(before.has('embed_positions.weight') ? ['embed_positions'] : [])];
  for (const name of writers) {
    const { shape, data } = before.get(`${name}.weight`)!;
    // Rows of a table are what is written: their transpose is a linear from tokens to features.
    const rows = recentred === 'none' ? data : centredRows(data, hiddenSize);
    const kept = compressed ? withoutLastEntry(rows, hiddenSize) : rows;
    after.set(`${name}.weight`, { shape: [shape[0]!, width], data: kept });
  }
  for (let layer = 0; layer < layers; layer++) {
    for (const part of ['self_attn.o_proj', 'mlp.down_proj']) {
      const name = `layers.${layer}.${part}`;
      const isLast = layer === layers - 1 && part === 'mlp.down_proj';
      const centred = recentred === 'all' || (recentred === 'all-but-last' && !isLast);
      const { shape, data } = before.get(`${name}.weight`)!;
      const inSize = shape[1]!;
      const weight = centred ? zeroMeanOutputs(data, inSize) : data;
      after.set(`${name}.weight`, { shape: [width, inSize], data: weight.slice(0, width * inSize) });
      const bias = read(`${name}.bias`);
      if (!bias) continue;
      after.set(`${name}.bias`, { shape: [width], data: (centred ? zeroMeanOutputs(bias, 1) : bias).slice(0, width) });
    }
  }
  // The logits read the table as it was: what it writes and what reads it are no longer the same numbers.
  if (config.tiedEmbeddings) after.set('lm_head.weight', before.get('embed_tokens.weight')!);
  for (const { norm, readers } of prePlaces(config)) {
    const learned = { gain: read(`${norm}.weight`), bias: read(`${norm}.bias`) };
    for (const reader of readers) {
      const { shape, data } = after.get(`${reader}.weight`)!;
      const folded = foldNorm(data, learned, hiddenSize);
      const bias = read(`${reader}.bias`);
      after.set(`${reader}.weight`, {
        shape: [shape[0]!, width],
        data: compressed ? withoutLastInput(folded.weight, hiddenSize) : folded.weight,
      });
      const total = folded.added.map((value, i) => value + (bias?.[i] ?? 0));
      after.set(`${reader}.bias`, { shape: [shape[0]!], data: total });
    }
    after.delete(`${norm}.bias`);
    after.delete(`${norm}.weight`);
    if (!compressed) {
      after.set(`${norm}.weight`, { shape: [hiddenSize], data: new Float32Array(hiddenSize).fill(1) });
    }
  }
  return withZeroBiases(config, after);
}

/** One switch gives a bias to all projections of an MLP: those that had none and read no norm get zeros. */
function withZeroBiases(config: DecoderConfig, values: Map<string, ParameterValues>): Map<string, ParameterValues> {
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `layers.${layer}.mlp.down_proj`;
    const outSize = values.get(`${name}.weight`)!.shape[0]!;
    if (!values.has(`${name}.bias`)) values.set(`${name}.bias`, { shape: [outSize], data: new Float32Array(outSize) });
  }
  return values;
}

function centredRows(table: Float32Array, width: number): Float32Array {
  const means = new Float64Array(table.length / width);
  table.forEach((value, i) => {
    means[Math.floor(i / width)]! += value / width;
  });
  return table.map((value, i) => value - means[Math.floor(i / width)]!);
}

function convertedConfig(config: DecoderConfig, form: Parameters['form']): DecoderConfig {
  const kind = form === 'compressed' ? 'compressed-rms-norm' : 'rms-norm';
  return parseDecoderConfig({
    ...config,
    hiddenSize: form === 'compressed' ? config.hiddenSize - 1 : config.hiddenSize,
    tiedEmbeddings: false,
    bias: { ...config.bias, queryKeyValue: true, mlp: true, logits: true },
    norms: rmsNormsFor(config.norms, kind),
  });
}

async function convertDecoder(decoder: Decoder, parameters: Parameters): Promise<WeightCosts> {
  const { config } = decoder;
  decoder.rebuild(
    convertedConfig(config, parameters.form),
    convert(config, await decoder.readParameters(), parameters),
  );
  const costs = new CostCounter();
  for (const { name } of layerLinears(decoder.config)) {
    // The same function in other numbers: there is no error of weights to speak of.
    const values = await decoder.readParameter(`${name}.weight`);
    costs.count(values, values, 4 * values.length);
  }
  return costs.total;
}

/** A Pre-LN decoder to Pre-RMSNorm in place, with gains of 1: for techniques that need a stream that can be turned. */
export async function convertToRmsNorm(decoder: Decoder): Promise<void> {
  await convertDecoder(decoder, { form: 'rms', recentred: 'all' });
}

export const preRmsNorm = defineTechnique({
  id: 'pre-rmsnorm',
  title: 'Pre-RMSNorm and Pre-CRMSNorm',
  family: 'norm',
  seam: 'checkpoint',
  summary:
    'Converts a trained model with LayerNorm before every sub-layer into one with RMSNorm that computes the same function. The mean of the residual ' +
    'stream reaches no output, since every LayerNorm takes it away: embeddings and all that write into the stream are made to write vectors of mean 0, ' +
    'and then LayerNorm and RMSNorm agree. Gains and biases of the norms move into the linears that read them. The compressed form leaves the last ' +
    'feature of the stream out, which is minus the sum of the others. Logits that shared the embedding get a matrix of their own, which counts in the size.',
  equation: String.raw`\mathrm{LN}(x) = \mathrm{RMSNorm}(x - \mu(x)),\qquad W_o \leftarrow W_o - \tfrac1d \mathbf 1 \mathbf 1^{\!\top} W_o,\qquad \mathrm{CRMSNorm}(x) = \frac{x}{\sqrt{\tfrac{1}{d}\left(\sum_{i<d} x_i^2 + (\sum_{i<d} x_i)^2\right) + \epsilon}}`,
  papers: [173],
  parameters: Parameters,
  grid: { form: ['rms', 'compressed'] },
  label: ({ form, recentred }) =>
    `${form === 'rms' ? 'RMSNorm' : 'CRMSNorm'}${recentred === 'all' ? '' : `, ${recentred} recentred`}`,
  checkConfig(config, { form, recentred }) {
    prePlaces(config, 'pre-rmsnorm');
    if (form === 'compressed' && recentred !== 'all') {
      throw doesNotFit('pre-rmsnorm', 'a stream without its last feature has mean 0 throughout: recentred must be all');
    }
    if (config.position.kind !== 'learned' && config.position.kind !== 'rotary') {
      throw doesNotFit('pre-rmsnorm', `it converts learned or rotary positions, found ${config.position.kind}`);
    }
  },
  changeWeights: async (decoder, parameters) => await convertDecoder(decoder, parameters),
});
