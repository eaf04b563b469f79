import { readdirSync, readFileSync } from 'node:fs';
import {
  type Backend,
  createReferenceBackend,
  crossEntropy,
  scope,
  slice,
  Tensor,
  valueAndGrad,
} from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterAll, describe, expect, test } from 'vitest';
import { numbersOf } from '../src/checkpoints/element-types.ts';
import { readSafetensors, type SafetensorsFile } from '../src/checkpoints/safetensors.ts';
import { readTransformers, renameTensors, transformersConfig } from '../src/checkpoints/transformers/read.ts';
import { Decoder } from '../src/decoder/decoder.ts';
import { generateGreedy } from '../src/decoding/generate.ts';

const folder = new URL('../golden/models/', import.meta.url);
const names = readdirSync(folder).sort();
const backends: readonly Backend[] = [createReferenceBackend(), createNativeBackend({ threads: 2 })];
afterAll(() => {
  for (const backend of backends) backend.close();
});

interface Expected {
  readonly loss: number;
  readonly generated: readonly number[];
  readonly prompt_for_generation: readonly number[];
  readonly grads: readonly string[];
  readonly torch_f32_error: { readonly logits: number };
}

function readModel(name: string) {
  const at = new URL(`${name}/`, folder);
  const json = (file: string) => JSON.parse(readFileSync(new URL(file, at), 'utf8'));
  const tensors = (file: string) => readSafetensors(readFileSync(new URL(file, at)), `${name}/${file}`);
  const configs = readdirSync(at).filter((file) => /^config.*\.json$/.test(file));
  return {
    configs: configs.map((file) => ({ file, json: json(file) as unknown })),
    weights: tensors('model.safetensors'),
    expected: json('expected.json') as Expected,
    values: tensors('expected.safetensors'),
  };
}

describe.each(backends.map((backend) => ({ backend: backend.name, on: backend })))('on $backend', ({ on }) => {
  test.each(names)('%s gives the logits, states and next tokens of transformers', async (name) => {
    const { configs, weights, expected, values } = readModel(name);
    for (const { file, json } of configs) {
      const { config, parameters } = readTransformers(json, weights);
      using decoder = Decoder.fromValues(on, config, parameters);
      const ids = idsOf(values, on);
      using logits = scope(() => decoder.logits(ids));
      ids.dispose();
      const bound = 16 * expected.torch_f32_error.logits;
      expect(largestDifference(await logits.readFloats(), numbersOf(values.tensors.get('logits')!)), file).toBeLessThan(
        bound,
      );
      const generated = await generateGreedy(decoder, Int32Array.from(expected.prompt_for_generation), 16);
      expect([...generated], file).toEqual(expected.generated);
    }
  });

  test.each(names)('%s has the hidden states of every layer', async (name) => {
    const { configs, weights, values } = readModel(name);
    const { config, parameters } = readTransformers(configs[0]!.json, weights);
    using decoder = Decoder.fromValues(on, config, parameters);
    const places = new Map([
      ['hidden.0', 'embedding.output'],
      ['hidden.norm', 'final.output'],
    ]);
    for (let layer = 0; layer < config.layers; layer++) places.set(`hidden.${layer + 1}`, `layers.${layer}.output`);
    const seen = new Map<string, Tensor>();
    for (const [stored, place] of places) decoder.hooks.on(place, (value) => void seen.set(stored, value));
    const ids = idsOf(values, on);
    const states = scope(() => {
      decoder.hidden(ids);
      return Object.fromEntries(seen);
    });
    ids.dispose();
    const stored = [...values.tensors.keys()].filter((key) => key.startsWith('hidden.'));
    expect(Object.keys(states).sort()).toEqual(expect.arrayContaining(stored));
    for (const key of stored) {
      const want = numbersOf(values.tensors.get(key)!);
      const difference = largestDifference(await states[key]!.readFloats(), want);
      expect(difference, key).toBeLessThan(1e-5 * Math.max(1, ...want.map(Math.abs)));
    }
    for (const state of Object.values(states)) state.dispose();
  });

  test.each(names)('%s has the stored gradients', async (name) => {
    const { configs, weights, expected, values } = readModel(name);
    const { config, parameters } = readTransformers(configs[0]!.json, weights);
    using decoder = Decoder.fromValues(on, config, parameters);
    const wanted = renamedGradients(configs[0]!.json, values, expected.grads);
    const ids = idsOf(values, on);
    const { value, gradients } = scope(() => nextTokenLoss(decoder, ids, values));
    ids.dispose();
    expect((await value.readFloats())[0]).toBeCloseTo(expected.loss, 5);
    expect(wanted.size).toBeGreaterThan(0);
    for (const [parameter, want] of wanted) {
      const index = [...decoder.parameters.keys()].indexOf(parameter);
      const got = await gradients[index]!.readFloats();
      const scale = Math.max(...want.map(Math.abs));
      expect(largestDifference(got, want), parameter).toBeLessThan(2e-5 * scale);
    }
    for (const tensor of [value, ...gradients]) tensor.dispose();
  });
});

test('nothing is left on the backends', () => {
  for (const backend of backends) expect(backend.liveBuffers, backend.name).toBe(0);
});

function idsOf(values: SafetensorsFile, backend: Backend): Tensor {
  const stored = values.tensors.get('input_ids')!;
  return Tensor.from(backend, Int32Array.from(numbersOf(stored)), stored.shape);
}

/** Mean cross-entropy of all but the last logits against the following ids, and its gradient for every parameter. */
function nextTokenLoss(decoder: Decoder, ids: Tensor, values: SafetensorsFile) {
  const stored = numbersOf(values.tensors.get('input_ids')!);
  const [batch, time] = ids.shape as [number, number];
  const targets = Int32Array.from(stored.filter((_, index) => index % time !== 0));
  return valueAndGrad([...decoder.parameters.values()], () => {
    const logits = slice(decoder.logits(ids), 1, 0, time - 1).reshape([batch * (time - 1), -1]);
    return crossEntropy(logits, Tensor.from(decoder.backend, targets, [targets.length]));
  });
}

/** The stored gradients under our names; those of fused weights fall apart as the weights do. */
function renamedGradients(
  json: unknown,
  values: SafetensorsFile,
  stored: readonly string[],
): Map<string, Float32Array> {
  const { family, config } = transformersConfig(json);
  const tensors = new Map(
    stored.map((name) => {
      const gradient = values.tensors.get(`grad.${name}`)!;
      return [name, { ...gradient, name }];
    }),
  );
  const renamed = renameTensors(family, config, { metadata: new Map(), tensors });
  return new Map([...renamed].map(([name, { data }]) => [name, data]));
}

function largestDifference(got: Float32Array, want: ArrayLike<number>): number {
  expect(got.length).toBe(want.length);
  return got.reduce((largest, value, index) => Math.max(largest, Math.abs(value - want[index]!)), 0);
}
