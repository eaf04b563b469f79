import { describe, expect, test } from 'vitest';
import { add } from '../src/ops/add/op.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { keep, scope, Tensor } from '../src/tensor.ts';
import { backends } from './backends.ts';

describe.each(backends)('tensors on $title', ({ create }) => {
  test('what was written is read, in every dtype', async () => {
    const backend = await create();
    for (const data of [Float32Array.of(1, -0, 3.5), Int32Array.of(-7, 2, 9), Uint8Array.of(0, 200, 7)]) {
      using tensor = Tensor.from(backend, data, [3]);
      expect(await tensor.read()).toEqual(data);
    }
    using zeros = Tensor.zeros(backend, [2, 2], 'i32');
    expect(await zeros.read()).toEqual(new Int32Array(4));
    backend.close();
  });

  test('write replaces the contents after the commands before it', async () => {
    const backend = await create();
    using x = Tensor.from(backend, Float32Array.of(1, 2), [2]);
    using before = add(x, x);
    x.write(Float32Array.of(10, 20));
    using after = add(x, x);
    expect(await before.readFloats()).toEqual(Float32Array.of(2, 4));
    expect(await after.readFloats()).toEqual(Float32Array.of(20, 40));
    backend.close();
  });

  test('data may be reused at once after it was written', async () => {
    const backend = await create();
    const data = Float32Array.of(1, 2);
    using x = Tensor.from(backend, data, [2]);
    data.fill(9);
    expect(await x.readFloats()).toEqual(Float32Array.of(1, 2));
    backend.close();
  });

  test('a view shares the buffer and outlives the tensor it was made from', async () => {
    const backend = await create();
    const x = Tensor.from(backend, Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    using view = x.reshape([3, -1]);
    expect(view.shape).toEqual([3, 2]);
    expect(backend.liveBuffers).toBe(1);
    x.dispose();
    expect(backend.liveBuffers).toBe(1);
    expect(await view.readFloats()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    backend.close();
  });

  test('a closed backend refuses every use', async () => {
    const backend = await create();
    const x = Tensor.from(backend, Float32Array.of(1), [1]);
    backend.close();
    await expect(x.readFloats()).rejects.toMatchObject({ code: 'backend-closed' });
    expect(() => Tensor.zeros(backend, [1])).toThrow(expect.objectContaining({ code: 'backend-closed' }));
  });
});

describe('scopes', () => {
  const backend = createReferenceBackend();

  test('free what was made inside, except what is returned', () => {
    const kept = scope(() => {
      const a = Tensor.zeros(backend, [4]);
      const b = Tensor.zeros(backend, [4]);
      return { sum: add(a, b), list: [b] };
    });
    expect(backend.liveBuffers).toBe(2);
    kept.sum.dispose();
    kept.list[0]!.dispose();
    expect(backend.liveBuffers).toBe(0);
  });

  test('hand a returned tensor to the enclosing scope', () => {
    scope(() => {
      const inner = scope(() => Tensor.zeros(backend, [4]));
      expect(inner.disposed).toBe(false);
    });
    expect(backend.liveBuffers).toBe(0);
  });

  test('free everything when the body throws', () => {
    expect(() =>
      scope(() => {
        Tensor.zeros(backend, [4]);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(backend.liveBuffers).toBe(0);
  });

  test('leave a kept tensor to its owner', () => {
    const owned: Tensor[] = [];
    scope(() => {
      owned.push(keep(Tensor.zeros(backend, [4])));
    });
    expect(owned[0]!.disposed).toBe(false);
    owned[0]!.dispose();
    expect(backend.liveBuffers).toBe(0);
  });

  test('refuse an async body', () => {
    expect(() => scope(async () => Tensor.zeros(backend, [1]))).toThrow(
      expect.objectContaining({ code: 'async-scope' }),
    );
    expect(backend.liveBuffers).toBe(0);
  });
});

describe('misuse', () => {
  const backend = createReferenceBackend();

  test('a disposed tensor is refused, disposing twice is not', () => {
    const x = Tensor.zeros(backend, [2]);
    x.dispose();
    x.dispose();
    expect(() => add(x, x)).toThrow(expect.objectContaining({ code: 'disposed-tensor' }));
    expect(() => x.reshape([2, 1])).toThrow(expect.objectContaining({ code: 'disposed-tensor' }));
  });

  test('sizes, dtypes and shapes are named', async () => {
    using x = Tensor.zeros(backend, [2, 3]);
    expect(() => Tensor.from(backend, new Float32Array(5), [2, 3])).toThrow(
      'shape [2, 3] holds 6 elements, data has 5',
    );
    expect(() => x.write(new Int32Array(6))).toThrow(expect.objectContaining({ code: 'dtype-mismatch' }));
    expect(() => x.reshape([4, -1])).toThrow('6 elements do not reshape to [4, -1]');
    expect(() => Tensor.zeros(backend, [2, -1])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    using integers = Tensor.zeros(backend, [2], 'i32');
    await expect(integers.readFloats()).rejects.toMatchObject({ code: 'dtype-mismatch' });
  });

  test('tensors of two backends do not mix', () => {
    const other = createReferenceBackend();
    using a = Tensor.zeros(backend, [2]);
    using b = Tensor.zeros(other, [2]);
    expect(() => add(a, b)).toThrow(expect.objectContaining({ code: 'backend-mismatch' }));
  });

  test('a buffer has no room for more than it has', () => {
    const id = backend.allocate(8);
    expect(() => backend.write(id, new Float32Array(3))).toThrow(expect.objectContaining({ code: 'size-mismatch' }));
    backend.free(id);
    expect(() => backend.free(id)).toThrow(expect.objectContaining({ code: 'invalid-buffer' }));
    expect(() => backend.encode('no.such', [], [])).toThrow(expect.objectContaining({ code: 'unknown-kernel' }));
  });
});
