import { readFileSync } from 'node:fs';
import {
  bfloat16,
  bfloat16Bits,
  createReferenceBackend,
  float16,
  float16Bits,
  scope,
  Tensor,
} from '@claimbench/kernels';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decoderConfig } from '../../decoder/architectures.ts';
import { Decoder } from '../../decoder/decoder.ts';
import { checkGguf, GgufManifest } from '../../golden-check/check-gguf.ts';
import { isWithin, largestDifference } from '../../golden-check/subject.ts';
import { ModelError } from '../../model-error.ts';
import { numbersOf } from '../element-types.ts';
import { readSafetensors } from '../safetensors.ts';
import { BLOCK_TYPES, blockTypeNamed, decodeBlocks } from './block-types.ts';
import { ENCODED_TYPES, encodeBlocks } from './encode-blocks.ts';
import { readGgufModel, writeGgufModel } from './model.ts';
import { ggufValues, readGguf } from './read.ts';
import type { GgufValue } from './values.ts';
import { writeGguf } from './write.ts';

const golden = new URL('../../../golden/', import.meta.url);
const file = (path: string) => readFileSync(new URL(path, golden));
const json = (path: string): unknown => JSON.parse(file(path).toString());
const tiny = () => Uint8Array.from(file('formats/tiny.gguf'));

describe('block formats', () => {
  test('are those of the gguf package: bytes to the bit, values to a rounding', () => {
    const manifest = GgufManifest.parse(json('formats/gguf.json'));
    const { comparisons, notImplemented } = checkGguf(manifest, readSafetensors(file('formats/gguf.safetensors')));
    expect(comparisons.filter((comparison) => !isWithin(comparison))).toEqual([]);
    expect(comparisons.length).toBeGreaterThan(80);
    expect([...new Set(notImplemented)]).toEqual([
      'gguf_quantize MXFP4',
      'gguf_dequantize IQ2_XXS',
      'gguf_dequantize IQ3_S',
    ]);
  });

  test.each(ENCODED_TYPES.map((name) => blockTypeNamed(name)!))('$name gives back what it wrote', (type) => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 256, maxLength: 256, noNaN: true, min: -100, max: 100 }), (values) => {
        const bytes = encodeBlocks(type, values);
        expect(bytes.length).toBe((256 / type.blockSize) * type.blockBytes);
        const decoded = decodeBlocks(type, bytes);
        expect(encodeBlocks(type, decoded).length).toBe(bytes.length);
        const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        // ternary codes know three values; the others have at least 16 steps
        expect(largestDifference(decoded, values)).toBeLessThanOrEqual(
          largest * (type.name.startsWith('T') ? 0.51 : 0.15),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('half-precision floats: every number comes back, numbers between go to the nearest', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const value = float16(bits);
      if (!Number.isNaN(value)) expect(float16Bits(value)).toBe(bits);
      const other = bfloat16(bits);
      if (!Number.isNaN(other)) expect(bfloat16Bits(other)).toBe(bits);
    }
    expect(float16(float16Bits(1 + 2 ** -11))).toBe(1);
    expect(float16(float16Bits(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(float16Bits(65_520)).toBe(0x7c00);
    expect(float16Bits(Number.NaN) & 0x7fff).toBe(0x7e00);
  });

  test('blocks that do not divide the values, and types that are only read, are refused', () => {
    expect(() => encodeBlocks(blockTypeNamed('Q8_0')!, new Float32Array(33))).toThrow('no multiple of');
    expect(() => encodeBlocks(blockTypeNamed('Q4_K')!, new Float32Array(256))).toThrow('Q4_K is read, not written');
    expect(new Set(BLOCK_TYPES.map(({ id }) => id)).size).toBe(BLOCK_TYPES.length);
  });
});

describe('GGUF files', () => {
  const described = json('formats/tiny.gguf.json') as {
    metadata: Record<string, { type: string; value: unknown }>;
    tensors: Record<string, { type: string; shape: number[] }>;
  };

  test('give every kind of metadata and tensor', () => {
    const { metadata, tensors, version, alignment } = readGguf(tiny());
    expect([version, alignment]).toEqual([3, 32]);
    // the package that wrote the file leaves empty texts out
    const { 'test.empty_string': _, ...present } = described.metadata;
    for (const [key, { type, value }] of Object.entries(present)) {
      const found = metadata.get(key)!;
      expect(found.type, key).toBe(type);
      expect(typeof found.value === 'bigint' ? String(found.value) : found.value, key).toEqual(value);
    }
    const values = readSafetensors(file('formats/tiny.gguf.values.safetensors'));
    expect([...tensors.keys()]).toEqual(Object.keys(described.tensors));
    for (const [name, { type, shape }] of Object.entries(described.tensors)) {
      const tensor = tensors.get(name)!;
      expect([tensor.type.name, tensor.shape], name).toEqual([type, shape]);
      expect(largestDifference(ggufValues(tensor).data, numbersOf(values.tensors.get(name)!)), name).toBeLessThan(1e-6);
    }
  });

  test('that are written are read back, metadata of every type included', () => {
    const { metadata, tensors } = readGguf(tiny());
    const written = new Map(
      [...tensors]
        .filter(([, { type }]) => ENCODED_TYPES.includes(type.name))
        .map(([name, tensor]) => [name, { ...ggufValues(tensor), type: tensor.type.name }]),
    );
    const again = readGguf(writeGguf(metadata, written));
    expect([...again.metadata]).toEqual([...metadata]);
    for (const [name, tensor] of again.tensors) expect(tensor.bytes, name).toEqual(tensors.get(name)!.bytes);
  });

  const number = (value: number): GgufValue => ({ type: 'uint32', value });
  const small = () =>
    writeGguf(
      new Map([['a', number(1)]]),
      new Map([['t', { shape: [2, 32], data: new Float32Array(64), type: 'Q8_0' }]]),
    );
  const patched = (change: (view: DataView) => void): Uint8Array => {
    const bytes = small();
    change(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return bytes;
  };
  // 24 bytes of header; 8 + 1 of key, 4 of type, 4 of value; 8 + 1 of name, 4 of dimensions, 16 of extents, 4 of type, 8 of offset
  const EXTENT = 24 + 17 + 9 + 4;
  test.each([
    ['cut short', small().subarray(0, -32), 'truncated'],
    ['cut in the header', small().subarray(0, 20), '24 bytes of header'],
    ['of another kind', patched((view) => view.setUint32(0, 7, true)), 'not with "GGUF"'],
    ['of version 1', patched((view) => view.setUint32(4, 1, true)), 'version 1'],
    ['with 2^60 tensors', patched((view) => view.setBigUint64(8, 1n << 60n, true)), 'is 1152921504606846976'],
    ['with more tensors than bytes', patched((view) => view.setBigUint64(8, 1000n, true)), '1000 tensors do not fit'],
    ['with a key of a gigabyte', patched((view) => view.setBigUint64(24, 1n << 30n, true)), 'do not fit into'],
    ['with a value of no type', patched((view) => view.setUint32(33, 13, true)), "'a' has the type 13"],
    ['with a tensor of a petabyte', patched((view) => view.setBigUint64(EXTENT + 8, 1n << 45n, true)), 'truncated'],
    [
      'with rows that blocks do not divide',
      patched((view) => view.setBigUint64(EXTENT, 33n, true)),
      'impossible shape',
    ],
    ['with 9 dimensions', patched((view) => view.setUint32(EXTENT - 4, 9, true)), '9 dimensions'],
    ['with an unknown type', patched((view) => view.setUint32(EXTENT + 16, 99, true)), 'type 99'],
    ['with a tensor at an odd place', patched((view) => view.setBigUint64(EXTENT + 20, 7n, true)), 'no multiple of 32'],
    ['with a tensor beyond the end', patched((view) => view.setBigUint64(EXTENT + 20, 3200n, true)), 'truncated'],
  ])('%s are refused', (_, damaged, message) => {
    expect(() => readGguf(damaged)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', message: expect.stringContaining(message) }),
    );
  });

  test('whose tensors overlap are refused', () => {
    const two = writeGguf(
      new Map(),
      new Map(['a', 'b'].map((name) => [name, { shape: [8], data: new Float32Array(8), type: 'F32' }])),
    );
    new DataView(two.buffer).setBigUint64(24 + 33 + 25, 0n, true);
    expect(() => readGguf(two)).toThrow("tensor 'b' overlaps 'a'");
  });

  test('no damage of a byte or of the length does more than a clear error', () => {
    const good = tiny();
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.nat(255),
        fc.integer({ min: 1, max: good.length }),
        (at, byte, length) => {
          const damaged = Uint8Array.from(good.subarray(0, length));
          if (at < length) damaged[at] = byte;
          try {
            for (const tensor of readGguf(damaged).tensors.values()) ggufValues(tensor);
          } catch (error) {
            expect(error).toBeInstanceOf(ModelError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('models', () => {
  const backend = createReferenceBackend({ precision: 'f64' });

  async function logitsOf(decoder: Decoder, ids: Int32Array, shape: readonly number[]): Promise<Float64Array> {
    using logits = scope(() => decoder.logits(Tensor.from(backend, ids, shape)));
    const values = new Float64Array(logits.size);
    await backend.read(logits.buffer, values);
    return values;
  }

  test.each(['f32', 'q8_0'])('of llama.cpp in %s give the logits of their stored weights', async (type) => {
    const folder = 'models/llama-gqa-gguf/';
    const { config, parameters } = readGgufModel(readGguf(file(`${folder}model.${type}.gguf`)));
    const { tensors } = readSafetensors(file(`${folder}expected.safetensors`));
    using decoder = Decoder.fromValues(backend, config, parameters);
    const ids = tensors.get('input_ids')!;
    const found = await logitsOf(decoder, Int32Array.from(numbersOf(ids)), ids.shape);
    // the file holds eps as a float32
    expect(largestDifference(found, numbersOf(tensors.get(`logits.${type}`)!))).toBeLessThan(1e-6);
  });

  test('are written so that they compute the same again', async () => {
    const shape = { layers: 2, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 16 };
    const config = decoderConfig({ style: 'llama', ...shape }, 40);
    using decoder = Decoder.initialise(backend, config, 4);
    const ids = Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6);
    const wanted = await logitsOf(decoder, ids, [1, 8]);
    const parameters = await decoder.readParameters();
    const again = readGgufModel(readGguf(writeGgufModel({ config, parameters }, 'F32')));
    expect(again.config.position).toMatchObject({ convention: 'interleaved', rotarySize: 16 });
    using read = Decoder.fromValues(backend, again.config, again.parameters);
    expect(largestDifference(await logitsOf(read, ids, [1, 8]), wanted)).toBeLessThan(1e-6);
    const packed = writeGgufModel({ config, parameters }, 'Q8_0');
    expect(packed.length).toBeLessThan(writeGgufModel({ config, parameters }, 'F32').length / 3);
    expect(readGguf(packed).tensors.get('blk.1.ffn_norm.weight')!.type.name).toBe('F32');
  });

  test('of other families, or with tensors that do not fit, are refused by name', () => {
    const model = (architecture: string) =>
      readGguf(writeGguf(new Map([['general.architecture', { type: 'string', value: architecture }]]), new Map()));
    expect(() => readGgufModel(model('mamba'))).toThrow("architecture 'mamba'; known: llama, qwen2, qwen3");
    expect(() => readGgufModel(model('llama'))).toThrow("lacks 'token_embd.weight'");
    const gpt2 = decoderConfig(
      { style: 'gpt2', layers: 1, hiddenSize: 8, heads: 2, feedForwardSize: 8, contextLength: 8 },
      40,
    );
    expect(() => writeGgufModel({ config: gpt2, parameters: new Map() }, 'F32')).toThrow('written are Llamas');
  });
});
