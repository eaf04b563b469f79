import { describe, expect, test } from 'vitest';
import { add } from '../src/ops/add/op.ts';
import { mul } from '../src/ops/mul/op.ts';
import { scale } from '../src/ops/scale/op.ts';
import { sum } from '../src/ops/sum/op.ts';
import { tanh } from '../src/ops/tanh/op.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { stopGradient, valueAndGrad } from '../src/tape.ts';
import { scope, Tensor } from '../src/tensor.ts';

const backend = createReferenceBackend();
const vector = (...values: number[]) => Tensor.from(backend, Float32Array.from(values), [values.length]);

/** Reads and frees. */
async function take(tensor: Tensor): Promise<number[]> {
  const values = [...(await tensor.readFloats())];
  tensor.dispose();
  return values;
}

describe('valueAndGrad', () => {
  test('gives value and gradients and leaves nothing else alive', async () => {
    using x = vector(1, 2, 3);
    using y = vector(4, 5, 6);
    const { value, gradients } = valueAndGrad([x, y], () => sum(mul(x, y)));
    expect(backend.liveBuffers).toBe(5);
    expect(await take(value)).toEqual([32]);
    expect(await take(gradients[0]!)).toEqual([4, 5, 6]);
    expect(await take(gradients[1]!)).toEqual([1, 2, 3]);
    expect(backend.liveBuffers).toBe(2);
  });

  test('adds up the gradients of a parameter that is used several times', async () => {
    using x = vector(1, 2);
    const { value, gradients } = valueAndGrad([x], () => sum(add(add(x, mul(x, x)), x)));
    value.dispose();
    expect(await take(gradients[0]!)).toEqual([4, 6]);
  });

  test('does not mix gradients that share a buffer', async () => {
    using x = vector(1, 2);
    using y = vector(3, 4);
    // both gradients are first the same buffer; then the one of x gets another summand
    const { value, gradients } = valueAndGrad([x, y], () => sum(add(add(x, y), scale(x, 10))));
    value.dispose();
    expect(await take(gradients[0]!)).toEqual([11, 11]);
    expect(await take(gradients[1]!)).toEqual([1, 1]);
  });

  test('gradients of different parameters never share a buffer', () => {
    using x = vector(1, 2);
    using y = vector(3, 4);
    const { value, gradients } = valueAndGrad([x, y], () => sum(add(x, y)));
    expect(gradients[0]!.buffer).not.toBe(gradients[1]!.buffer);
    value.dispose();
    for (const gradient of gradients) gradient.dispose();
  });

  test('a parameter on which the loss does not depend has gradient zero', async () => {
    using x = vector(1, 2);
    using unused = vector(5);
    const { value, gradients } = valueAndGrad([x, unused], () => sum(x));
    value.dispose();
    expect(await take(gradients[0]!)).toEqual([1, 1]);
    expect(await take(gradients[1]!)).toEqual([0]);
  });

  test('the parameter itself may be the loss', async () => {
    using x = vector(7);
    const { gradients } = valueAndGrad([x], () => x);
    expect(await take(gradients[0]!)).toEqual([1]);
  });

  test('flows through views, and through scopes that end before the gradient is computed', async () => {
    using x = vector(0.5, -1, 2, 0);
    const { value, gradients } = valueAndGrad([x], () => {
      const hidden = scope(() => tanh(scale(x.reshape([2, 2]), 1)));
      return scope(() => sum(mul(hidden, hidden)));
    });
    value.dispose();
    const found = await take(gradients[0]!);
    [0.5, -1, 2, 0].forEach((v, i) => {
      expect(found[i]).toBeCloseTo(2 * Math.tanh(v) * (1 - Math.tanh(v) ** 2), 6);
    });
    expect(backend.liveBuffers).toBe(1);
  });

  test('stops at stopGradient', async () => {
    using x = vector(3);
    const { value, gradients } = valueAndGrad([x], () => sum(mul(x, stopGradient(x))));
    value.dispose();
    expect(await take(gradients[0]!)).toEqual([3]);
  });

  test('adds in place to the tensors given as `into`', async () => {
    using x = vector(1, 2);
    using total = vector(100, 200);
    for (let i = 0; i < 2; i++) {
      const { value, gradients } = valueAndGrad([x], () => sum(mul(x, x)), { into: [total] });
      expect(gradients[0]).toBe(total);
      value.dispose();
    }
    expect([...(await total.readFloats())]).toEqual([104, 208]);
    total.dispose();
    x.dispose();
    expect(backend.liveBuffers).toBe(0);
  });

  test('takes a cotangent where the loss has several elements', async () => {
    using x = vector(1, 2);
    using cotangent = vector(10, 100);
    const { value, gradients } = valueAndGrad([x], () => mul(x, x), { cotangent });
    value.dispose();
    expect(await take(gradients[0]!)).toEqual([20, 400]);
    expect([...(await cotangent.readFloats())]).toEqual([10, 100]);
    expect(() => valueAndGrad([x], () => mul(x, x))).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test('refuses a tape inside a tape, and integers as parameters', () => {
    using x = vector(1);
    using ids = Tensor.from(backend, Int32Array.of(1), [1]);
    expect(() => valueAndGrad([x], () => valueAndGrad([x], () => sum(x)).value)).toThrow(
      expect.objectContaining({ code: 'nested-tape' }),
    );
    expect(() => valueAndGrad([ids], () => sum(x))).toThrow(expect.objectContaining({ code: 'dtype-mismatch' }));
  });

  test('frees everything when the loss throws', () => {
    using x = vector(1, 2);
    const before = backend.liveBuffers;
    expect(() =>
      valueAndGrad([x], () => {
        tanh(mul(x, x));
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(backend.liveBuffers).toBe(before);
    // and the next tape is not disturbed
    const { value, gradients } = valueAndGrad([x], () => sum(x));
    value.dispose();
    gradients[0]!.dispose();
  });
});
