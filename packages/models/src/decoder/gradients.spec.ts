import {
  createReferenceBackend,
  crossEntropy,
  mul,
  RandomStream,
  randomNormal,
  scope,
  sum,
  Tensor,
  valueAndGrad,
} from '@claimbench/kernels';
import { expect, test } from 'vitest';
import { FeedForward } from '../vision/feed-forward.ts';
import { ResidualNetwork } from '../vision/residual-network.ts';
import { normsAt, postNorm, preNorm, sandwichNorm } from './architectures.ts';
import { ACTIVATIONS, type DecoderConfigInput, LAYER_NORM_PLACES, parseDecoderConfig } from './config.ts';
import { Decoder } from './decoder.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { fullPlan, parallelInPlan, repeatInPlan } from './layer-plan.ts';

const rms = { kind: 'rms-norm', eps: 1e-5 } as const;
const layerNorm = { kind: 'layer-norm', eps: 1e-5, bias: true } as const;
const rotary = { kind: 'rotary', theta: 100, rotarySize: 4, convention: 'half' } as const;
const attention = { causal: true, scale: null, softcap: null, clip: null, headNorms: 'head' } as const;
const residual = { form: 'sequential', attentionScale: 1, mlpScale: 1 } as const;
const logits = { inputScale: 1, softcap: null, transform: null, of: 'every' } as const;
const noBias = { queryKeyValue: false, attentionOutput: false, mlp: false, logits: false } as const;
const everyBias = { queryKeyValue: true, attentionOutput: true, mlp: true, logits: true } as const;

/** Two layers of 8 features: large enough for every block, small enough for thousands of passes. */
const base: DecoderConfigInput = {
  vocabularySize: 11,
  contextLength: 8,
  hiddenSize: 8,
  layers: 2,
  heads: 2,
  keyValueHeads: 2,
  headSize: 4,
  feedForwardSize: 12,
  position: rotary,
  activation: 'silu',
  gated: true,
  bias: noBias,
  tiedEmbeddings: true,
  attentionWindow: null,
  norms: preNorm(rms),
  normOverrides: [],
  residual,
  initialisation: { standardDeviation: 0.4, scaledResidual: false },
};

/** A block each, as a change of the plain decoder. */
const blocks: Record<string, Partial<DecoderConfigInput>> = {
  'grouped queries': { keyValueHeads: 1 },
  'a window of attention': { attentionWindow: 2 },
  'attention without causality': { attention: { ...attention, causal: false } },
  'scaled, capped and clamped attention': { attention: { ...attention, scale: 0.3, softcap: 2, clip: 1.5 } },
  'norms of queries, keys and values by head': {
    norms: { ...preNorm(rms), query: rms, key: rms, value: rms, attentionInner: layerNorm },
  },
  'norms of queries and keys by projection': {
    attention: { ...attention, headNorms: 'projection' },
    norms: { ...preNorm(rms), query: rms, key: rms },
  },
  'learned positions': { position: { kind: 'learned' } },
  'interleaved rotary positions of a part of the head': {
    position: { ...rotary, rotarySize: 2, convention: 'interleaved' },
  },
  'linear slopes': { position: { kind: 'alibi' } },
  'relative positions': { position: { kind: 'relative', buckets: 4, maxDistance: 6 } },
  'no positions': { position: { kind: 'none' } },
  'every bias': { bias: everyBias },
  'an embedding of another width, scaled': {
    tiedEmbeddings: false,
    input: { kind: 'tokens', scale: 1.7, types: 0, embeddingSize: 6 },
  },
  'post-norm': { norms: postNorm(layerNorm), bias: everyBias },
  'sandwich norm': { norms: sandwichNorm(rms) },
  'a norm at every place': {
    norms: normsAt(
      Object.fromEntries(
        ['embedding', ...LAYER_NORM_PLACES.filter((place) => !place.startsWith('cross')), 'final'].map((place) => [
          place,
          rms,
        ]),
      ),
    ),
  },
  'norms that differ by depth': {
    norms: preNorm(layerNorm),
    normOverrides: [{ layers: [0], norms: { attentionInput: { kind: 'none' }, attentionResidual: layerNorm } }],
  },
  'dynamic tanh': { norms: preNorm({ kind: 'dynamic-tanh', alphaInit: 0.7 }) },
  'an RMS norm whose weight starts at one': { norms: preNorm({ ...rms, weightOffset: 1 }) },
  'a layer norm without gain': { norms: preNorm({ ...layerNorm, bias: false, weight: false }) },
  'parallel branches': { residual: { ...residual, form: 'parallel' }, norms: preNorm(layerNorm) },
  'parallel branches of one input': {
    residual: { ...residual, form: 'parallel', sharedInput: true },
    norms: normsAt({ attentionInput: layerNorm, final: layerNorm }),
  },
  'scaled sums': { residual: { ...residual, attentionScale: 0.6, mlpScale: 1.3, streamScale: 0.9 } },
  'sums with what the norm made of the stream': { residual: { ...residual, source: 'normed' } },
  'a gate for each branch': { residual: { ...residual, gate: { kind: 'scalar', initial: 0.4 } } },
  'a gate for each feature': { residual: { ...residual, gate: { kind: 'vector', initial: 0.4 } } },
  'layers of another shape': {
    layerOverrides: [
      {
        layers: [0],
        heads: 1,
        keyValueHeads: 1,
        feedForwardSize: 5,
        stream: { input: 8, middle: 6, output: 8 },
        shortcuts: true,
      },
    ],
  },
  'a router for attention and for the MLP': {
    routers: [
      { layers: [0], part: 'attention', router: { kind: 'sigmoid', bias: 0.3 } },
      { layers: [1], part: 'mlp', router: { kind: 'sigmoid', bias: -0.2 } },
    ],
  },
  'a router for layers': { routers: [{ layers: [0, 1], part: 'layer', router: { kind: 'sigmoid', bias: 0.1 } }] },
  'a repeated layer': { plan: repeatInPlan(fullPlan(2), 0, 1, 2) },
  'parallel layers whose mean counts': { layers: 3, plan: parallelInPlan(fullPlan(3), 1, 3, 'mean') },
  'parallel layers that are added': { layers: 3, plan: parallelInPlan(fullPlan(3), 1, 3, 'sum') },
  'a head of its own, scaled and capped': {
    tiedEmbeddings: false,
    logits: { ...logits, inputScale: 0.5, softcap: 1.5 },
  },
  'an encoder with types and a dense layer before the head': {
    attention: { ...attention, causal: false },
    position: { kind: 'learned' },
    input: { kind: 'tokens', scale: 1, types: 2, embeddingSize: null },
    norms: { ...postNorm(layerNorm), embedding: layerNorm },
    bias: everyBias,
    activation: 'gelu-erf',
    gated: false,
    logits: { ...logits, transform: { activation: 'gelu-erf', norm: layerNorm } },
  },
  'logits of the first position': { logits: { ...logits, of: 'first' } },
};
for (const activation of ACTIVATIONS) {
  blocks[`an MLP with ${activation}`] = { activation, gated: false };
  blocks[`a gated MLP with ${activation}`] = { activation, gated: true };
}

const backend = createReferenceBackend({ precision: 'f64' });

test.each(Object.entries(blocks))('%s', async (_, change) => {
  using decoder = Decoder.initialise(backend, parseDecoderConfig({ ...base, ...change }), 3);
  const { batch, time } = { batch: 2, time: 5 };
  using ids = tokensOf(batch, time);
  using types = Tensor.from(
    backend,
    Int32Array.from({ length: batch * time }, (_, i) => (i >> 1) & 1),
    [batch, time],
  );
  using mask = Tensor.from(backend, Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0), [batch, time]);
  const { attention: kind, input, logits: head } = decoder.config;
  const options = {
    ...(input.kind === 'tokens' && input.types > 0 ? { types } : {}),
    ...(kind.causal ? {} : { mask }),
  };
  const rows = head.of === 'first' ? batch : batch * time;
  using targets = Tensor.from(
    backend,
    Int32Array.from({ length: rows }, (_, i) => (i * 5 + 2) % 11),
    [rows],
  );
  await expectGradients(decoder.trainable, () => {
    return crossEntropy(decoder.logits(ids, undefined, options).reshape([rows, 11]), targets);
  });
});

test('exits with a norm and a head of their own', async () => {
  const exits = [{ layer: 0, norm: layerNorm, head: 'own' as const }];
  using decoder = Decoder.initialise(backend, parseDecoderConfig({ ...base, exits }), 3);
  using ids = tokensOf(2, 5);
  using targets = Tensor.from(
    backend,
    Int32Array.from({ length: 10 }, (_, i) => (i * 5 + 2) % 11),
    [10],
  );
  const taken = new Map([...decoder.trainable].filter(([name]) => /^(embed|layers\.0|exits)/.test(name)));
  expect(taken.size).toBeGreaterThan(10);
  await expectGradients(taken, () => {
    const stream = decoder.run(decoder.embed(ids), decoder.plan.slice(0, 1));
    return crossEntropy(decoder.exitLogits(0, stream).reshape([10, 11]), targets);
  });
});

test.each([
  ['T5', { position: { kind: 'relative', buckets: 4, maxDistance: 6 }, norms: preNorm(rms), bias: noBias }],
  ['BART', { position: { kind: 'learned' }, norms: postNorm(layerNorm), bias: everyBias }],
] as const)('an encoder and a decoder, as in %s', async (name, change) => {
  const crossNorms = name === 'T5' ? { crossInput: rms } : { crossResidual: layerNorm };
  using model = EncoderDecoder.initialise(
    backend,
    {
      encoder: {
        ...base,
        ...change,
        attention: { ...attention, causal: false },
        gated: false,
        activation: 'gelu-tanh',
      },
      decoder: {
        ...base,
        ...change,
        norms: { ...change.norms, ...crossNorms },
        crossAttention: { memorySize: 8 },
        gated: false,
        activation: 'gelu-tanh',
      },
    },
    3,
  );
  using source = tokensOf(2, 4);
  using mask = Tensor.from(backend, Float32Array.of(1, 1, 1, 1, 1, 1, 1, 0), [2, 4]);
  using ids = tokensOf(2, 3);
  using targets = Tensor.from(backend, Int32Array.of(1, 4, 2, 8, 5, 7), [6]);
  await expectGradients(model.trainable, () => {
    const memory = model.encode(source, mask);
    return crossEntropy(model.decode(ids, memory, { mask }).reshape([6, 11]), targets);
  });
});

test('a vision transformer', async () => {
  const change: Partial<DecoderConfigInput> = {
    contextLength: 5,
    input: { kind: 'patches', channels: 2, height: 4, width: 4, patchSize: 2 },
    tiedEmbeddings: false,
    position: { kind: 'learned' },
    attention: { ...attention, causal: false },
    norms: preNorm(layerNorm),
    bias: everyBias,
    activation: 'gelu-erf',
    gated: false,
    logits: { ...logits, of: 'first' },
  };
  using decoder = Decoder.initialise(backend, parseDecoderConfig({ ...base, ...change }), 3);
  using images = imagesOf(2, 2, 4, 4);
  using targets = Tensor.from(backend, Int32Array.of(3, 9), [2]);
  await expectGradients(decoder.trainable, () => crossEntropy(decoder.logits(images), targets));
});

test.each([
  ['layer norm', layerNorm],
  ['batch norm', { kind: 'batch-norm', eps: 1e-5, momentum: 0.1 }],
  ['no norm', { kind: 'none' }],
] as const)('a residual network with %s', async (_, norm) => {
  const stages = [
    { channels: 3, blocks: 1, stride: 1 },
    { channels: 4, blocks: 1, stride: 2 },
  ];
  using network = ResidualNetwork.initialise(
    backend,
    { channels: 2, height: 4, width: 4, classes: 3, stages, norm },
    5,
  );
  network.training = true;
  using images = imagesOf(3, 2, 4, 4);
  using targets = Tensor.from(backend, Int32Array.of(0, 2, 1), [3]);
  await expectGradients(network.trainable, () => crossEntropy(network.logits(images), targets));
});

test('a multi-layer perceptron', async () => {
  using network = FeedForward.initialise(backend, { sizes: [6, 9, 4], activation: 'tanh' }, 5);
  using x = Tensor.from(backend, randomNormal(new RandomStream(2, 1), 18), [3, 6]);
  using weights = Tensor.from(backend, randomNormal(new RandomStream(2, 2), 12), [3, 4]);
  await expectGradients(network.trainable, () => sum(mul(network.logits(x), weights)));
});

function tokensOf(batch: number, time: number): Tensor {
  const ids = Int32Array.from({ length: batch * time }, (_, i) => (i * 7 + 3) % 11);
  return Tensor.from(backend, ids, [batch, time]);
}

function imagesOf(...shape: readonly [number, number, number, number]): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return Tensor.from(backend, randomNormal(new RandomStream(4, 1), size), shape);
}

/**
 * Moves every tensor along a random direction and holds the slope of the loss against a difference of fourth order,
 * (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, whose error is of the order of h⁴ and of 1e-16 / h. First values that are all equal (gains,
 * biases, gates) are set apart, so that nothing cancels.
 */
async function expectGradients(parameters: ReadonlyMap<string, Tensor>, loss: () => Tensor): Promise<void> {
  const stream = new RandomStream(6, 9);
  for (const tensor of parameters.values()) {
    const values = await doublesOf(tensor);
    if (new Set(values).size === 1)
      write(
        tensor,
        values.map((value) => value + 0.2 * stream.nextNormal()),
      );
  }
  const found = valueAndGrad([...parameters.values()], loss);
  expect((await doublesOf(found.value)).every(Number.isFinite)).toBe(true);
  const step = 2e-5;
  let moving = 0;
  for (const [index, [name, tensor]] of [...parameters].entries()) {
    const start = await doublesOf(tensor);
    const direction = start.map(() => stream.nextNormal());
    const at = async (distance: number): Promise<number> => {
      write(
        tensor,
        start.map((value, i) => value + distance * direction[i]!),
      );
      using value = scope(loss);
      return (await doublesOf(value))[0]!;
    };
    const near = (await at(step)) - (await at(-step));
    const far = (await at(2 * step)) - (await at(-2 * step));
    write(tensor, start);
    const difference = (8 * near - far) / (12 * step);
    const gradient = await doublesOf(found.gradients[index]!);
    const slope = gradient.reduce((total, value, i) => total + value * direction[i]!, 0);
    if (Math.abs(slope) > 1e-6) moving += 1;
    expect(Math.abs(slope - difference), `${name}: slope ${slope}, difference ${difference}`).toBeLessThan(
      1e-7 * Math.max(1, Math.abs(slope)),
    );
  }
  // A loss that reads nothing would agree with everything.
  expect(moving).toBeGreaterThan(0.7 * parameters.size);
  for (const tensor of [found.value, ...found.gradients]) tensor.dispose();
}

async function doublesOf(tensor: Tensor): Promise<Float64Array> {
  const values = new Float64Array(tensor.size);
  await tensor.backend.read(tensor.buffer, values);
  return values;
}

function write(tensor: Tensor, values: Float64Array): void {
  tensor.backend.write(tensor.buffer, values);
}
