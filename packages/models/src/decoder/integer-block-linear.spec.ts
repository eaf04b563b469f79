import { type Backend, createReferenceBackend, scope, Tensor, unpackCodes } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGgufModel, writeGgufModel } from '../checkpoints/gguf/model.ts';
import { readGguf } from '../checkpoints/gguf/read.ts';
import { decoderConfig } from './architectures.ts';
import { Decoder } from './decoder.ts';
import { computeOnIntegers, IntegerBlockLinear, type IntegerBlocks } from './integer-block-linear.ts';

const size = { layers: 2, hiddenSize: 64, heads: 4, feedForwardSize: 96, contextLength: 32 } as const;
const config = { ...decoderConfig({ style: 'llama', ...size }, 50), tiedEmbeddings: true };
/** Blocks of ternary types are 256 long. */
const broad = decoderConfig({ style: 'llama', ...size, layers: 1, hiddenSize: 256, feedForwardSize: 512 }, 50);

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

async function ggufOf(type: string) {
  using decoder = Decoder.initialise(backend, type.startsWith('TQ') ? broad : config, 1);
  const parameters = await decoder.readParameters();
  return readGgufModel(readGguf(writeGgufModel({ config: decoder.config, parameters }, type)));
}

function valuesOf({ codes, bits, zeroPoint, outSize, inSize, groupSize, scales }: IntegerBlocks): number[] {
  const unpacked = unpackCodes(codes, outSize, inSize, bits);
  return Array.from(unpacked, (code, at) => scales[Math.floor(at / groupSize)]! * (code - zeroPoint));
}

test.each([
  // seven linears a layer, and the table of the logits, which may be the embeddings'
  ['Q8_0', 15],
  ['Q4_0', 15],
  ['TQ1_0', 8],
  ['TQ2_0', 8],
] as const)('the integers of %s are the values that the file means', async (type, linears) => {
  const { parameters, integers } = await ggufOf(type);
  const found = integers!();
  expect(found.size).toBe(linears);
  for (const [name, blocks] of found) {
    const weight = parameters.get(`${name}.weight`) ?? parameters.get('embed_tokens.weight')!;
    expect([blocks.outSize, blocks.inSize]).toEqual(weight.shape);
    expect(valuesOf(blocks)).toEqual(Array.from(weight.data));
  }
});

test.each(['Q8_0', 'Q4_0', 'TQ2_0'])('a product on %s is that of rounded inputs and stored weights', async (type) => {
  const blocks = (await ggufOf(type)).integers!().get('layers.0.mlp.gate_proj')!;
  const { inSize, outSize, groupSize, bits } = blocks;
  const linear = new IntegerBlockLinear(backend, blocks);
  const x = Float32Array.from({ length: 3 * inSize }, (_, at) => Math.sin(at * at));
  const values = valuesOf(blocks);
  using y = scope(() => linear.forward(Tensor.from(backend, x, [3, inSize]), undefined));
  const found = await y.readFloats();
  const rounded = x.map((value, at) => {
    const start = at - (at % groupSize);
    const group = x.subarray(start, start + groupSize);
    const scale = Math.fround(Math.max(...group.map(Math.abs)) / 127);
    return Math.round(value / scale) * scale;
  });
  for (let row = 0; row < 3; row++) {
    for (let out = 0; out < outSize; out++) {
      let want = 0;
      for (let i = 0; i < inSize; i++) want += rounded[row * inSize + i]! * values[out * inSize + i]!;
      expect(found[row * outSize + out]).toBeCloseTo(want, 5);
    }
  }
  // A block's weights and their scale, a float16: as long as in the file.
  expect(linear.storedBytes).toBe((outSize * inSize * bits) / 8 + (2 * outSize * inSize) / groupSize);
  linear.dispose();
});

test('a model on integers is smaller, near its floats, and the same on the reference', async () => {
  const { config: read, parameters, integers } = await ggufOf('Q8_0');
  const ids = Int32Array.of(3, 1, 4, 1, 5);
  const logits = async (on: Backend, packed: boolean) => {
    using decoder = Decoder.fromValues(on, read, parameters);
    const floats = decoder.storedBytes;
    if (packed) computeOnIntegers(decoder, integers!());
    using result = scope(() => decoder.logits(Tensor.from(on, ids, [1, 5])));
    return { values: await result.readFloats(), share: decoder.storedBytes / floats };
  };
  const oracle = createReferenceBackend();
  const [floats, packed, same] = [
    await logits(backend, false),
    await logits(backend, true),
    await logits(oracle, true),
  ];
  oracle.close();
  const apart = (a: Float32Array, b: Float32Array) =>
    a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
  const largest = apart(
    floats.values,
    floats.values.map(() => 0),
  );
  expect(apart(packed.values, floats.values)).toBeLessThan(0.03 * largest);
  expect(apart(packed.values, floats.values)).toBeGreaterThan(1e-5 * largest);
  expect(apart(packed.values, same.values)).toBeLessThan(0.01 * largest);
  expect(packed.share).toBeLessThan(0.4);
});

test('a checkpoint without integers is refused', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  const { integers } = await ggufOf('F32');
  expect(() => computeOnIntegers(decoder, integers!())).toThrow('stores no integer weights');
  expect(() => computeOnIntegers(decoder, undefined)).toThrow('stores no integer weights');
});
