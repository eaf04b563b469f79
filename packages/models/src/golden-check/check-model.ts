import { crossEntropy, scope, slice, Tensor, valueAndGrad } from '@claimbench/kernels';
import { argmax } from '../argmax.ts';
import { numbersOf } from '../checkpoints/element-types.ts';
import { readEncoderDecoder } from '../checkpoints/transformers/encoder-decoder.ts';
import { readTransformers, renameTensors, transformersConfig } from '../checkpoints/transformers/read.ts';
import { Decoder, type PassOptions } from '../decoder/decoder.ts';
import { EncoderDecoder } from '../decoder/encoder-decoder.ts';
import { KeyValueCache } from '../decoder/key-value-cache.ts';
import { stepsOf } from '../decoder/layer-plan.ts';
import { generateGreedy } from '../decoding/generate.ts';
import type { ModelCase } from './model-case.ts';
import { type Comparison, type GoldenSubject, largestDifference, normalisedError, takeValues } from './subject.ts';

/** Tokens of the golden generations. */
const GENERATED = 16;

/** Everything that the folder expects of the model, compared: logits, states, loss, gradients, greedy tokens. */
export async function checkModel(subject: GoldenSubject, golden: ModelCase): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const { file, json } of golden.configs) {
    const found = golden.isEncoderDecoder
      ? await checkTwoStacks(subject, golden, json)
      : await checkOneStack(subject, golden, json);
    comparisons.push(...found.map(({ what, ...rest }) => ({ what: `${what} (${file})`, ...rest })));
  }
  return comparisons;
}

async function checkOneStack(subject: GoldenSubject, golden: ModelCase, json: unknown): Promise<Comparison[]> {
  const { backend } = subject;
  const { config, parameters } = readTransformers(json, golden.weights);
  using decoder = Decoder.fromValues(backend, config, parameters);
  const { input, options, dispose } = inputsOf(subject, golden);
  const comparisons: Comparison[] = [];
  try {
    const states = captureStates(decoder);
    const { logits, seen } = scope(() => ({ logits: decoder.logits(input, undefined, options), seen: states.seen() }));
    states.stop();
    comparisons.push(...(await compareLogits(subject, golden, 'logits', logits)));
    comparisons.push(...(await compareStates(subject, golden, seen)));
    if (golden.values.tensors.has('logits_one_token')) {
      const first = scope(() => decoder.logits(firstIds(subject, golden, 1)));
      comparisons.push(...(await compareLogits(subject, golden, 'logits_one_token', first)));
    }
    comparisons.push(...(await checkGradients(subject, golden, json, decoder, input)));
  } finally {
    dispose();
  }
  const { prompt_for_generation: prompt, generated } = golden.expected;
  if (prompt !== undefined && generated !== undefined) {
    const tokens = await generateGreedy(decoder, Int32Array.from(prompt), generated.length);
    comparisons.push(sameTokens(tokens, generated));
  }
  return comparisons;
}

async function checkTwoStacks(subject: GoldenSubject, golden: ModelCase, json: unknown): Promise<Comparison[]> {
  const { backend } = subject;
  using model = EncoderDecoder.fromValues(backend, readEncoderDecoder(json, golden.weights));
  using ids = storedIds(subject, golden, 'input_ids');
  using decoderIds = storedIds(subject, golden, 'decoder_input_ids');
  const states = captureStates(model.decoder);
  const { memory, logits, seen } = scope(() => {
    const memory = model.encode(ids);
    return { memory, logits: model.decode(decoderIds, memory), seen: states.seen() };
  });
  states.stop();
  const comparisons = await compareLogits(subject, golden, 'logits', logits);
  comparisons.push(...(await compareStates(subject, golden, seen)));
  comparisons.push(await compare(subject, golden, 'encoder_last_hidden', memory));
  const generated = golden.values.tensors.get('generated');
  if (generated !== undefined) {
    const first = numbersOf(golden.values.tensors.get('decoder_input_ids')!)[0]!;
    const tokens = await generateFromMemory(subject, golden, model, first);
    comparisons.push(sameTokens(tokens, numbersOf(generated)));
  }
  return comparisons;
}

/** Greedy tokens of a decoder behind its encoder, for the first row of ids. */
async function generateFromMemory(
  subject: GoldenSubject,
  golden: ModelCase,
  model: EncoderDecoder,
  start: number,
): Promise<readonly number[]> {
  const { backend } = subject;
  using memory = scope(() => model.encode(firstIds(subject, golden)));
  using cache = new KeyValueCache(GENERATED);
  const tokens: number[] = [];
  let last = start;
  while (tokens.length < GENERATED) {
    using logits = scope(() => model.decode(Tensor.from(backend, Int32Array.of(last), [1, 1]), memory, { cache }));
    const values = await logits.readFloats();
    last = argmax(values);
    tokens.push(last);
  }
  return tokens;
}

function inputsOf(subject: GoldenSubject, golden: ModelCase) {
  const stored = (name: string) => golden.values.tensors.get(name);
  const floats = (name: string) => {
    const tensor = stored(name)!;
    return Tensor.from(subject.backend, Float32Array.from(numbersOf(tensor)), tensor.shape);
  };
  const options: { -readonly [Key in keyof PassOptions]: PassOptions[Key] } = {};
  if (stored('attention_mask') !== undefined) options.mask = floats('attention_mask');
  if (stored('token_type_ids') !== undefined) options.types = storedIds(subject, golden, 'token_type_ids');
  const input = stored('pixel_values') === undefined ? storedIds(subject, golden, 'input_ids') : floats('pixel_values');
  const all = [input, ...Object.values(options)];
  return {
    input,
    options,
    dispose: () => {
      for (const tensor of all) tensor.dispose();
    },
  };
}

function storedIds(subject: GoldenSubject, golden: ModelCase, name: string): Tensor {
  const stored = golden.values.tensors.get(name);
  if (stored === undefined) throw new Error(`${golden.name}/expected.safetensors lacks ${name}`);
  return Tensor.from(subject.backend, Int32Array.from(numbersOf(stored)), stored.shape);
}

/** The first row of the ids, or its first `count` tokens. */
function firstIds(subject: GoldenSubject, golden: ModelCase, count?: number): Tensor {
  const stored = golden.values.tensors.get('input_ids')!;
  const row = Int32Array.from(numbersOf(stored)).slice(0, count ?? stored.shape[1]);
  return Tensor.from(subject.backend, row, [1, row.length]);
}

/** Hooks that keep the states under the names that golden files give them. */
function captureStates(decoder: Decoder) {
  const seen = new Map<string, Tensor>();
  const places = new Map([
    ['hidden.0', 'embedding.output'],
    ['hidden.norm', 'final.output'],
  ]);
  for (const [step, { layer }] of stepsOf(decoder.plan).entries())
    places.set(`hidden.${step + 1}`, `layers.${layer}.output`);
  const stops = [...places].map(([name, place]) => decoder.hooks.on(place, (value) => void seen.set(name, value)));
  return {
    seen: () => Object.fromEntries(seen),
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

async function compareLogits(
  subject: GoldenSubject,
  golden: ModelCase,
  name: string,
  logits: Tensor,
): Promise<Comparison[]> {
  const expected = numbersOf(golden.values.tensors.get(name)!);
  const found = await takeValues(subject, logits);
  const difference = largestDifference(found, expected);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  if (subject.precision === 'f64') return [{ what: name, error: difference, bound: 1e-9 * largest }];
  const { logits: torch } = golden.expected.torch_f32_error;
  return [
    { what: `${name}, squared`, error: normalisedError(found, expected), bound: 1e-8 },
    // another order of summation has another error of the size that PyTorch's own float32 has
    ...(torch === undefined ? [] : [{ what: name, error: difference, bound: 16 * torch }]),
  ];
}

async function compareStates(
  subject: GoldenSubject,
  golden: ModelCase,
  seen: Readonly<Record<string, Tensor>>,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  const states = new Map(Object.entries(seen));
  for (const name of golden.values.tensors.keys()) {
    if (!name.startsWith('hidden.')) continue;
    const state = states.get(name);
    states.delete(name);
    if (state === undefined) comparisons.push({ what: name, error: Number.POSITIVE_INFINITY, bound: 0 });
    else comparisons.push(await compare(subject, golden, name, state));
  }
  for (const state of states.values()) state.dispose();
  return comparisons;
}

/** 1e-5 of the largest value: some ten roundings a layer, less than any forgotten bias or norm makes; 1e-9 in float64. */
async function compare(subject: GoldenSubject, golden: ModelCase, name: string, tensor: Tensor): Promise<Comparison> {
  const expected = numbersOf(golden.values.tensors.get(name)!);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  const bound = (subject.precision === 'f64' ? 1e-9 : 1e-5) * largest;
  return { what: name, error: largestDifference(await takeValues(subject, tensor), expected), bound };
}

/** Loss of the next token and the stored gradients, under our names: those of fused weights fall apart as the weights do. */
async function checkGradients(
  subject: GoldenSubject,
  golden: ModelCase,
  json: unknown,
  decoder: Decoder,
  ids: Tensor,
): Promise<Comparison[]> {
  const { loss } = golden.expected;
  if (loss === undefined) return [];
  const stored = [...golden.values.tensors].filter(([name]) => name.startsWith('grad.'));
  const tensors = new Map(
    stored.map(([name, tensor]) => [name.slice('grad.'.length), { ...tensor, name: name.slice('grad.'.length) }]),
  );
  const { family, config } = transformersConfig(json);
  const wanted = renameTensors(family, config, { metadata: new Map(), tensors });
  const names = [...wanted.keys()];
  const { value, gradients } = scope(() => nextTokenLoss(decoder, golden, names, ids));
  const comparisons: Comparison[] = [];
  const [found] = await takeValues(subject, value);
  const exact = subject.precision === 'f64';
  comparisons.push({ what: 'loss', error: Math.abs(found! - loss), bound: exact ? 1e-9 : 5e-6 });
  for (const [index, name] of names.entries()) {
    const want = wanted.get(name)!.data;
    const largest = want.reduce((max, entry) => Math.max(max, Math.abs(entry)), 0);
    // the stored values were rounded to float32 on their way through the renaming: 1e-7 of the largest is the best that can be asked
    // the last term covers gradients that are zero in exact arithmetic (a bias of keys)
    const bound = (exact ? 1e-7 : 2e-5) * largest + (exact ? 1e-12 : 1e-7);
    comparisons.push({
      what: `grad.${name}`,
      error: largestDifference(await takeValues(subject, gradients[index]!), want),
      bound,
    });
  }
  return comparisons;
}

function nextTokenLoss(decoder: Decoder, golden: ModelCase, names: readonly string[], ids: Tensor) {
  const stored = numbersOf(golden.values.tensors.get('input_ids')!);
  const [batch, time] = ids.shape as [number, number];
  const targets = Int32Array.from(stored.filter((_, index) => index % time !== 0));
  const parameters = names.map((name) => decoder.parameter(name));
  return valueAndGrad(parameters, () => {
    const logits = slice(decoder.logits(ids), 1, 0, time - 1).reshape([batch * (time - 1), -1]);
    return crossEntropy(logits, Tensor.from(decoder.backend, targets, [targets.length]));
  });
}

function sameTokens(found: ArrayLike<number>, expected: ArrayLike<number>): Comparison {
  const different = Array.from(expected).filter((token, index) => found[index] !== token).length;
  const error = found.length === expected.length ? different : Number.POSITIVE_INFINITY;
  return { what: 'greedy tokens that differ', error, bound: 0 };
}
