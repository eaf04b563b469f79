import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { describe, expect, test } from 'vitest';
import { FeedForward } from './feed-forward.ts';
import { readIdx } from './idx.ts';

describe('IDX files', () => {
  const file = (...bytes: number[]) => Uint8Array.from(bytes);

  test('give shape and bytes', () => {
    const { shape, bytes } = readIdx(file(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6));
    expect(shape).toEqual([2, 3]);
    expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ['empty', file(), '4 bytes of header'],
    ['of floats', file(0, 0, 13, 1, 0, 0, 0, 1, 0), 'unsigned bytes'],
    ['of nine dimensions', file(0, 0, 8, 9), 'unsigned bytes'],
    ['cut in the header', file(0, 0, 8, 2, 0, 0, 0, 2), '12 bytes of header'],
    ['cut in the data', file(0, 0, 8, 1, 0, 0, 0, 2, 7), 'needs 2 bytes'],
    ['of four billion rows', file(0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255), 'bytes behind the header'],
  ])('%s are refused', (_, bytes, message) => {
    expect(() => readIdx(bytes)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', message: expect.stringContaining(message) }),
    );
  });
});

describe('a feed-forward network', () => {
  const backend = createReferenceBackend();

  test('computes its layers with the activation between them', async () => {
    const values = new Map([
      ['fc1.weight', { shape: [2, 2], data: Float32Array.of(1, -1, 2, 0) }],
      ['fc1.bias', { shape: [2], data: Float32Array.of(0, 1) }],
      ['fc2.weight', { shape: [1, 2], data: Float32Array.of(3, 1) }],
      ['fc2.bias', { shape: [1], data: Float32Array.of(-1) }],
    ]);
    using network = FeedForward.fromValues(backend, { sizes: [2, 2, 1], activation: 'relu' }, values);
    using x = Tensor.from(backend, Float32Array.of(1, 2, 3, 1), [2, 2]);
    const seen: string[] = [];
    network.hooks.on('fc2.input', (value) => void seen.push(value.shape.join()));
    using logits = scope(() => network.logits(x));
    expect([...(await logits.readFloats())]).toEqual([2, 3 * 2 + 7 - 1]);
    expect(seen).toEqual(['2,2']);
  });

  test('starts from its seed, and refuses values that do not fit', () => {
    const config = { sizes: [4, 3, 2], activation: 'relu' as const };
    using network = FeedForward.initialise(backend, config, 1);
    expect(network.parameterCount).toBe(4 * 3 + 3 + 3 * 2 + 2);
    expect(() => FeedForward.fromValues(backend, config, new Map())).toThrow("lacks 'fc1.weight'");
    expect(() => FeedForward.initialise(backend, { ...config, sizes: [4] }, 1)).toThrow('feed-forward config');
  });
});
