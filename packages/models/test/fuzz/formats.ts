import { type Backend, RandomStream, randomNormal, sizeOfShape } from '@claimbench/kernels';
import type { Checkpoint } from '../../src/checkpoints/checkpoint.ts';
import { readGgufModel, writeGgufModel } from '../../src/checkpoints/gguf/model.ts';
import { readGguf } from '../../src/checkpoints/gguf/read.ts';
import { readLlama2c } from '../../src/checkpoints/llama2c.ts';
import { readMinGpt } from '../../src/checkpoints/mingpt.ts';
import { decodeModel, encodeModel } from '../../src/checkpoints/model-file.ts';
import { readStateDict } from '../../src/checkpoints/pytorch/state-dict.ts';
import { readSafetensors, writeSafetensors } from '../../src/checkpoints/safetensors.ts';
import { readTransformers } from '../../src/checkpoints/transformers/read.ts';
import { decoderConfig } from '../../src/decoder/architectures.ts';
import { Decoder } from '../../src/decoder/decoder.ts';
import { parameterSpecs } from '../../src/decoder/parameter-specs.ts';
import type { ParameterValues } from '../../src/decoder/parameters.ts';
import { ModelError } from '../../src/model-error.ts';
import { byteTokenizer } from '../../src/tokenizers/byte-tokenizer.ts';
import { FeedForward } from '../../src/vision/feed-forward.ts';
import { readIdx } from '../../src/vision/idx.ts';
import { storedZip } from './stored-zip.ts';

/** A format: a good file, and everything that loading does with one, up to the model on its backend. */
export interface FuzzedFormat {
  readonly name: string;
  readonly good: Uint8Array;
  load(file: Uint8Array, backend: Backend): void;
}

const shape = { layers: 1, hiddenSize: 32, heads: 2, feedForwardSize: 32, contextLength: 8 };
const llama = decoderConfig({ style: 'llama', ...shape }, 257);
const gpt2 = decoderConfig({ style: 'gpt2', ...shape }, 40);

function valuesFor(config: typeof llama): Map<string, ParameterValues> {
  const stream = new RandomStream(1, 0);
  return new Map(
    parameterSpecs(config).map(({ name, shape: extents }) => [
      name,
      { shape: extents, data: randomNormal(stream, sizeOfShape(extents), 0, 0.1) },
    ]),
  );
}

function build(backend: Backend, { config, parameters }: Checkpoint): void {
  Decoder.fromValues(backend, config, parameters).dispose();
}

const text = new TextEncoder();
const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** llama2.c's file of a tiny model: the header's numbers, then zeros for everything else. */
function llama2c(version: 0 | 1 | 2): Uint8Array {
  const [dim, hidden, layers, heads, keyHeads, vocabulary, context] = [32, 32, 1, 2, 1, 32, 8] as const;
  const matrices = vocabulary * dim + 2 * dim * dim + 2 * (dim / heads) * keyHeads * dim + 3 * dim * hidden;
  const header = new DataView(new ArrayBuffer(version === 0 ? 28 : 256));
  const sizes = [dim, hidden, layers, heads, keyHeads, vocabulary, context];
  if (version > 0) {
    header.setUint32(0, 0x616b3432, true);
    header.setInt32(4, version, true);
    header.setUint8(36, 1);
    header.setInt32(37, 32, true);
  }
  for (const [index, size] of sizes.entries()) header.setInt32((version === 0 ? 0 : 8) + 4 * index, size, true);
  const angles = version === 0 ? context * (dim / heads) : 0;
  const weights = version === 2 ? matrices + matrices / 8 : 4 * matrices;
  return join(new Uint8Array(header.buffer), new Uint8Array(4 * (3 * dim + angles) + weights));
}

/** A folder of the transformers library as one file: the length of config.json, config.json, model.safetensors. */
function transformersFolder(): Uint8Array {
  const config = text.encode(
    JSON.stringify({
      model_type: 'llama',
      vocab_size: 257,
      max_position_embeddings: 8,
      hidden_size: 32,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      num_key_value_heads: 2,
      intermediate_size: 32,
      rms_norm_eps: 1e-5,
      hidden_act: 'silu',
      tie_word_embeddings: true,
      rope_theta: 10_000,
    }),
  );
  const names: Readonly<Record<string, string>> = {
    'norms.final': 'norm',
    'norms.attentionInput': 'input_layernorm',
    'norms.mlpInput': 'post_attention_layernorm',
  };
  const theirs = (name: string) => `model.${name.replace(/norms\.\w+/, (norm) => names[norm] ?? norm)}`;
  const tensors = new Map([...valuesFor(llama)].map(([name, values]) => [theirs(name), values]));
  return join(Uint8Array.of(config.length & 255, config.length >> 8), config, writeSafetensors(tensors, {}));
}

function minGpt(): Uint8Array {
  const tensors: Record<string, unknown> = {};
  const tensor = (name: string, ...extents: number[]) => {
    const bytes = new Uint8Array(4 * extents.reduce((product, extent) => product * extent, 1));
    tensors[name] = { shape: extents, dtype: 'torch.float32', data: btoa(String.fromCharCode(...bytes)) };
  };
  const width = 8;
  tensor('transformer.wte.weight', 3, width);
  tensor('transformer.wpe.weight', 5, width);
  for (const norm of ['ln_1', 'ln_2']) {
    tensor(`transformer.h.0.${norm}.weight`, width);
    tensor(`transformer.h.0.${norm}.bias`, width);
  }
  for (const [name, out, inputs] of [
    ['attn.c_attn', 3 * width, width],
    ['attn.c_proj', width, width],
    ['mlp.c_fc', 4 * width, width],
    ['mlp.c_proj', width, 4 * width],
  ] as const) {
    tensor(`transformer.h.0.${name}.weight`, out, inputs);
    tensor(`transformer.h.0.${name}.bias`, out);
  }
  tensor('transformer.ln_f.weight', width);
  tensor('transformer.ln_f.bias', width);
  tensor('lm_head.weight', 3, width);
  const config = { n_layer: 1, n_head: 2, n_embd: width, vocab_size: 3, block_size: 5 };
  return text.encode(JSON.stringify({ config, ...tensors }));
}

function stateDict(): Uint8Array {
  const u32 = (value: number) => String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >>> shift) & 255));
  const word = (value: string) => `X${u32(value.length)}${value}`;
  const sizes = [6, 4, 2] as const;
  let pickle = '\x80\x02ccollections\nOrderedDict\n)R(';
  const files: Record<string, Uint8Array> = {};
  const tensor = (name: string, extents: readonly number[]) => {
    const key = String(Object.keys(files).length);
    const count = extents.reduce((product, extent) => product * extent, 1);
    const tuple = (values: readonly number[]) =>
      `(${values.map((value) => `K${String.fromCharCode(value)}`).join('')}t`;
    const strides = extents.map((_, axis) => extents.slice(axis + 1).reduce((product, extent) => product * extent, 1));
    const storage = `(${word('storage')}ctorch\nFloatStorage\n${word(key)}${word('cpu')}K${String.fromCharCode(count)}tQ`;
    pickle += `${word(name)}ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\x00${tuple(extents)}${tuple(strides)}\x89NtR`;
    files[`m/data/${key}`] = new Uint8Array(4 * count);
  };
  for (const layer of [1, 2]) {
    tensor(`fc${layer}.weight`, [sizes[layer]!, sizes[layer - 1]!]);
    tensor(`fc${layer}.bias`, [sizes[layer]!]);
  }
  const bytes = Uint8Array.from(`${pickle}u.`, (character) => character.charCodeAt(0));
  return storedZip({ 'm/data.pkl': bytes, ...files });
}

/** Every format that is read, with the smallest file that has all of its parts. */
export function fuzzedFormats(): readonly FuzzedFormat[] {
  const parameters = valuesFor(llama);
  const stored = encodeModel({ config: llama, tokenizer: byteTokenizer(), parameters, provenance: {} });
  const llamaCpp = { ...llama, vocabularySize: 40 };
  const smaller = { config: llamaCpp, parameters: valuesFor(llamaCpp) };
  const ofLlama2c = (name: string, version: 0 | 1 | 2): FuzzedFormat => ({
    name,
    good: llama2c(version),
    load: (file, backend) => build(backend, readLlama2c(file)),
  });
  const ofGguf = (type: string): FuzzedFormat => ({
    name: `GGUF ${type}`,
    good: writeGgufModel(smaller, type),
    load: (file, backend) => build(backend, readGgufModel(readGguf(file))),
  });
  return [
    { name: 'model file', good: stored, load: (file, backend) => build(backend, decodeModel(file)) },
    {
      name: 'safetensors',
      good: writeSafetensors(valuesFor(gpt2), { note: 'weights' }),
      load: (file, backend) => {
        const tensors = [...readSafetensors(file).tensors.values()];
        const values = new Map(
          tensors.map(({ name, shape: extents, bytes }) => [
            name,
            { shape: extents, data: new Float32Array(bytes.length / 4) },
          ]),
        );
        build(backend, { config: gpt2, parameters: values });
      },
    },
    {
      name: 'transformers folder',
      good: transformersFolder(),
      load: (file, backend) => {
        const end = 2 + (file[0] ?? 0) + 256 * (file[1] ?? 0);
        build(backend, readTransformers(parsed(file.subarray(2, end)), readSafetensors(file.subarray(end))));
      },
    },
    ofGguf('F32'),
    ofGguf('Q8_0'),
    ofGguf('Q4_1'),
    ofLlama2c('llama2.c v0', 0),
    ofLlama2c('llama2.c v1', 1),
    ofLlama2c('llama2.c q8', 2),
    {
      name: 'PyTorch state dictionary',
      good: stateDict(),
      load: (file, backend) => {
        FeedForward.fromValues(backend, { sizes: [6, 4, 2], activation: 'relu' }, readStateDict(file)).dispose();
      },
    },
    { name: 'minGPT JSON', good: minGpt(), load: (file, backend) => build(backend, readMinGpt(parsed(file))) },
    {
      name: 'IDX',
      good: Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6),
      load: (file) => void readIdx(file),
    },
  ];
}

/** What reads a JSON file reports what is none; here it stands for that. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ModelError('bad-checkpoint', 'not JSON', { cause });
  }
}
