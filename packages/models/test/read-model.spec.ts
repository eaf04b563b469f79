import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createReferenceBackend } from '@claimbench/kernels';
import { expect, test } from 'vitest';
import { joinShards, shardsOf } from '../src/checkpoints/sharded.ts';
import { Decoder } from '../src/decoder/decoder.ts';
import { readModel, readTensors } from '../src/node/model-folder.ts';
import { testLocations } from './data-path.ts';

const golden = fileURLToPath(new URL('../golden/models/', import.meta.url));
const data = join(testLocations().dataPath[0]!, 'models');

test.each([
  ['a folder', `${golden}qwen3`, 2],
  ['shards', `${golden}llama-gqa-bf16-sharded`, 3],
  ['GGUF', `${golden}llama-gqa-gguf/model.q8_0.gguf`, 3],
  ['llama2.c', `${data}/stories260K/stories260K.bin`, 5],
  ['minGPT', `${data}/gpt-nano-sort/gpt-nano-sort-model.json`, 3],
])('%s becomes a decoder', async (_, path, layers) => {
  const { config, parameters } = await readModel(path);
  expect(config.layers).toBe(layers);
  Decoder.fromValues(createReferenceBackend(), config, parameters).dispose();
});

test('what is no model is refused with what is read', async () => {
  await expect(readModel(fileURLToPath(import.meta.url))).rejects.toMatchObject({
    code: 'bad-checkpoint',
    message: expect.stringContaining('.gguf, .bin or .json'),
  });
  await expect(readModel(golden)).rejects.toThrow('config.json');
});

test('shards that do not fit their index are refused by name', async () => {
  const folder = `${golden}llama-gqa-bf16-sharded`;
  const index = JSON.parse(await readFile(`${folder}/model.safetensors.index.json`, 'utf8')) as {
    weight_map: Record<string, string>;
  };
  const names = shardsOf(index);
  const shards = new Map(
    await Promise.all(names.map(async (name) => [name, await readTensors(folder, name)] as const)),
  );
  expect(joinShards(index, shards).tensors.size).toBe(Object.keys(index.weight_map).length);
  const moved = { weight_map: { ...index.weight_map, 'lm_head.weight': names[0]! } };
  expect(() => joinShards(moved, shards)).toThrow("the index places 'lm_head.weight'");
  const { 'lm_head.weight': _, ...rest } = index.weight_map;
  expect(() => joinShards({ weight_map: rest }, shards)).toThrow("holds 'lm_head.weight' beside the index");
  expect(() => shardsOf({ weight_map: { a: '../elsewhere.safetensors' } })).toThrow(
    "'../elsewhere.safetensors' elsewhere",
  );
  expect(() => shardsOf({})).toThrow('weight_map');
});
