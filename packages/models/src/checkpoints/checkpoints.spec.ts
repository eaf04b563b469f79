import { readFileSync } from 'node:fs';
import { createReferenceBackend } from '@claimbench/kernels';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { bigIntegersOf, numbersOf } from './element-types.ts';
import { readLlama2c } from './llama2c.ts';
import { decodeModel, encodeModel } from './model-file.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { readTransformers } from './transformers/read.ts';

const containers = new URL('../../golden/containers/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('containers.json', containers), 'utf8')) as {
  all_types: {
    file: string;
    metadata: Record<string, string>;
    tensors: Record<string, { dtype: string; shape: number[]; values: (number | string)[] }>;
  };
  files: { file: string; accepted: boolean; tensors?: Record<string, number[]> }[];
};
const container = (file: string) => readFileSync(new URL(file, containers));

describe('safetensors', () => {
  test.each(golden.files)('$file is accepted: $accepted', ({ file, accepted, tensors }) => {
    if (!accepted) {
      expect(() => readSafetensors(container(file))).toThrow(expect.objectContaining({ code: 'bad-checkpoint' }));
      return;
    }
    const read = readSafetensors(container(file)).tensors;
    const values = Array.from(read, ([name, tensor]) => [name, [...numbersOf(tensor)]]);
    expect(values).toEqual(Object.entries(tensors!));
  });

  test('every type gives its values', () => {
    const { metadata, tensors } = readSafetensors(container(golden.all_types.file));
    expect(Object.fromEntries(metadata)).toEqual(golden.all_types.metadata);
    expect([...tensors.keys()].sort()).toEqual(Object.keys(golden.all_types.tensors).sort());
    for (const [name, { shape, values, dtype }] of Object.entries(golden.all_types.tensors)) {
      const tensor = tensors.get(name)!;
      expect(tensor.shape, name).toEqual(shape);
      if (dtype === 'int64') expect([...bigIntegersOf(tensor)].map(String), name).toEqual(values);
      else expect([...numbersOf(tensor)], name).toEqual(values.map(Number));
    }
  });

  test('what is written is read back, bit for bit', () => {
    fc.assert(
      fc.property(fc.array(fc.float32Array({ maxLength: 9 }), { maxLength: 5 }), (arrays) => {
        const tensors = new Map(arrays.map((data, index) => [`t${index}`, { shape: [data.length], data }]));
        const file = readSafetensors(writeSafetensors(tensors, { note: 'é' }));
        expect(file.metadata.get('note')).toBe('é');
        for (const [name, { data }] of tensors) {
          expect(file.tensors.get(name)!.bytes).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        }
      }),
    );
  });

  test('no damage of a byte or of the length does more than a clear error', () => {
    const good = container('good.safetensors');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const damaged = Uint8Array.from(good.subarray(0, length));
        if (at < length) damaged[at] = byte;
        try {
          readSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('model files', () => {
  const backend = createReferenceBackend();
  const config = decoderConfig(
    { style: 'llama', layers: 1, hiddenSize: 8, heads: 2, feedForwardSize: 12, contextLength: 8 },
    257,
  );
  const tokenizer = byteTokenizer();

  test('keep config, tokenizer, parameters and provenance', async () => {
    using decoder = Decoder.initialise(backend, config, 3);
    const parameters = await decoder.readParameters();
    const provenance = { seed: 3, diverged: { step: 5, reason: 'not-finite' } };
    const file = encodeModel({ config, tokenizer, parameters, provenance });
    const model = decodeModel(file);
    expect(model.config).toEqual(config);
    expect(model.provenance).toEqual(provenance);
    expect(model.tokenizer.toJson()).toEqual({ kind: 'byte' });
    expect(model.parameters).toEqual(parameters);
    expect(encodeModel(model)).toEqual(file);
    Decoder.fromValues(backend, model.config, model.parameters).dispose();
  });

  test('that lack a tensor, have one too many or of another shape are refused by name', async () => {
    using decoder = Decoder.initialise(backend, config, 3);
    const values = await decoder.readParameters();
    const load = (change: (map: typeof values) => void) => () => {
      const changed = new Map(values);
      change(changed);
      Decoder.fromValues(backend, config, changed).dispose();
    };
    expect(load((map) => map.delete('norms.final.weight'))).toThrow("lacks 'norms.final.weight'");
    expect(load((map) => map.set('more', { shape: [1], data: new Float32Array(1) }))).toThrow('does not: more');
    expect(load((map) => map.set('norms.final.weight', { shape: [4, 2], data: new Float32Array(8) }))).toThrow(
      "'norms.final.weight' must be [8] by the config, the checkpoint has [4, 2]",
    );
  });

  test('of another kind are refused', () => {
    const file = writeSafetensors(new Map(), { format: 'pt' });
    expect(() => decodeModel(file)).toThrow(expect.objectContaining({ code: 'bad-checkpoint' }));
  });
});

describe('llama2.c files', () => {
  const fields = { dim: 8, hidden_dim: 12, n_layers: 2, n_heads: 2, n_kv_heads: 1, vocab_size: 20, max_seq_len: 4 };

  /** A v0 file whose floats count up from 0. */
  function v0(change: Partial<typeof fields> = {}): Uint8Array {
    const { dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, max_seq_len } = fields;
    const keys = (dim / n_heads) * n_kv_heads;
    const perLayer = 2 * dim + 2 * dim * dim + 2 * keys * dim + 3 * dim * hidden_dim;
    const floats = vocab_size * dim + n_layers * perLayer + dim + max_seq_len * (dim / n_heads);
    const view = new DataView(new ArrayBuffer(28 + 4 * floats));
    for (const [index, value] of Object.values({ ...fields, ...change }).entries())
      view.setInt32(4 * index, value, true);
    for (let index = 0; index < floats; index++) view.setFloat32(28 + 4 * index, index, true);
    return new Uint8Array(view.buffer);
  }

  test('give every tensor its place', () => {
    const { config, parameters } = readLlama2c(v0());
    expect(config.keyValueHeads).toBe(1);
    expect(parameters.get('embed_tokens.weight')!.data[0]).toBe(0);
    expect(parameters.get('layers.0.norms.attentionInput.weight')!.data[0]).toBe(160);
    expect(parameters.get('layers.1.self_attn.q_proj.weight')!.data[0]).toBe(160 + 16 + 64);
    const backend = createReferenceBackend();
    Decoder.fromValues(backend, config, parameters).dispose();
    expect(backend.liveBuffers).toBe(0);
  });

  test.each([
    ['truncated', v0().subarray(0, -4), 'truncated'],
    ['too long', Uint8Array.from([...v0(), 0]), 'longer than its header says'],
    ['with a head count that does not divide', v0({ n_heads: 3 }), '3 heads do not divide 8'],
    ['with key heads that do not divide', v0({ n_heads: 4, n_kv_heads: 3 }), '4 heads are no multiple of 3'],
    ['of absurd size', v0({ dim: 1 << 30 }), 'dim is 1073741824'],
    ['with sizes that would fill the memory', v0({ dim: 65_536, vocab_size: 1_000_000 }), 'truncated'],
    ['without layers', v0({ n_layers: 0 }), 'n_layers is 0'],
    ['cut in its header', v0().subarray(0, 20), '28 bytes of header expected'],
  ])('%s are refused', (_, file, message) => {
    expect(() => readLlama2c(file)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', message: expect.stringContaining(message) }),
    );
  });
});

describe('transformers checkpoints', () => {
  const folder = new URL('../../golden/models/llama-gqa/', import.meta.url);
  const config = JSON.parse(readFileSync(new URL('config.json', folder), 'utf8')) as Record<string, unknown>;
  const weights = () => readSafetensors(readFileSync(new URL('model.safetensors', folder)));
  const load = (change: Record<string, unknown>) => () => {
    const { config: ours, parameters } = readTransformers({ ...config, ...change }, weights());
    Decoder.fromValues(createReferenceBackend(), ours, parameters);
  };

  test.each([
    ['an unknown family', { model_type: 'rwkv' }, "model_type 'rwkv' is not among bert, bloom"],
    ['a missing field', { hidden_size: undefined }, 'hidden_size'],
    ['a wrong head count', { num_attention_heads: 8 }, 'must be [64, 32] by the config, the checkpoint has [32, 32]'],
    ['key heads that do not divide', { num_key_value_heads: 3 }, 'must be a multiple of keyValueHeads'],
    ['too few layers', { num_hidden_layers: 2 }, 'has tensors that the config does not'],
    ['a rope scaled in another way', { rope_parameters: { rope_theta: 1e4, rope_type: 'yarn' } }, "rope_type 'yarn'"],
    ['a scaled rope without its numbers', { rope_scaling: { type: 'linear' }, rope_parameters: null }, 'factor'],
  ])('%s is refused by name', (_, change, message) => {
    expect(load(change)).toThrow(message);
  });
});
