import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Inputs } from '../src/conformance/case.ts';
import { add } from '../src/ops/add/op.ts';
import { concat } from '../src/ops/concat/op.ts';
import { div } from '../src/ops/div/op.ts';
import { dynamicTanh } from '../src/ops/dynamic_tanh/op.ts';
import { gelu } from '../src/ops/gelu/op.ts';
import { layerNorm } from '../src/ops/layer_norm/op.ts';
import { logSoftmax } from '../src/ops/log_softmax/op.ts';
import { matmul } from '../src/ops/matmul/op.ts';
import { mean } from '../src/ops/mean/op.ts';
import { mul } from '../src/ops/mul/op.ts';
import { rmsNorm } from '../src/ops/rms_norm/op.ts';
import { scale } from '../src/ops/scale/op.ts';
import { sigmoid } from '../src/ops/sigmoid/op.ts';
import { silu } from '../src/ops/silu/op.ts';
import { slice } from '../src/ops/slice/op.ts';
import { softmax } from '../src/ops/softmax/op.ts';
import { sub } from '../src/ops/sub/op.ts';
import { sum } from '../src/ops/sum/op.ts';
import { tanh } from '../src/ops/tanh/op.ts';
import { transpose } from '../src/ops/transpose/op.ts';
import { RandomStream, randomNormal } from '../src/random/random.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { valueAndGrad } from '../src/tape.ts';
import { scope, Tensor } from '../src/tensor.ts';
import { casesOfOps } from './all_cases.ts';
import { randomTokens, smallDecoder } from './decoder.ts';

/** Every value is kept in float64, so that differences of nearby losses have ten digits. */
const createBackend = () => createReferenceBackend({ precision: 'f64' });

/**
 * Compares the gradient along a random direction with a difference of the loss of fourth order, for every parameter:
 * (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, whose error is of the order of h⁴ and of 1e-16 / h. Gives false where the loss is not
 * finite, so that there is nothing to compare.
 */
async function expectGradients(parameters: readonly Tensor[], loss: () => Tensor, seed: number): Promise<boolean> {
  const { value, gradients } = valueAndGrad(parameters, loss);
  const finite = (await readDoubles(value)).every(Number.isFinite);
  const stream = new RandomStream(seed, 9);
  const step = 1e-4;
  for (const [index, parameter] of parameters.entries()) {
    if (!finite) break;
    const start = await readDoubles(parameter);
    const direction = start.map(() => stream.nextNormal());
    const lossAt = async (distance: number): Promise<number> => {
      parameter.backend.write(
        parameter.buffer,
        start.map((v, i) => v + distance * direction[i]!),
      );
      const result = scope(loss);
      const [found] = await readDoubles(result);
      result.dispose();
      return found!;
    };
    const near = (await lossAt(step)) - (await lossAt(-step));
    const far = (await lossAt(2 * step)) - (await lossAt(-2 * step));
    const difference = (8 * near - far) / (12 * step);
    parameter.backend.write(parameter.buffer, start);
    const gradient = await readDoubles(gradients[index]!);
    const slope = gradient.reduce((total, g, i) => total + g * direction[i]!, 0);
    const error = Math.abs(slope - difference) / Math.max(1, Math.abs(slope));
    expect(error, `parameter ${index}: slope ${slope}, difference ${difference}`).toBeLessThan(1e-7);
  }
  value.dispose();
  for (const gradient of gradients) gradient.dispose();
  return finite;
}

test('a decoder: embedding, norms, grouped attention with rotary positions, gated MLP, tied head', async () => {
  const backend = createBackend();
  const decoder = smallDecoder(backend, 3);
  const ids = randomTokens(backend, 4, 2, 5);
  const targets = randomTokens(backend, 5, 2, 5);
  await expectGradients(decoder.parameters, () => decoder.loss(ids, targets), 6);
  for (const tensor of [...decoder.parameters, ids, targets]) tensor.dispose();
  expect(backend.liveBuffers).toBe(0);
});

/** Differences of larger inputs would take long and show nothing more. */
const mostElements = 3000;

const differentiable = [...casesOfOps].flatMap(([op, cases]) => {
  const backend = createBackend();
  const differentiated = cases
    .map((opCase, seed) => ({ opCase, seed }))
    .filter(({ opCase, seed }) => {
      const inputs = new Inputs(backend, new RandomStream(seed, 0));
      opCase.build(inputs);
      const size = inputs.differentiated.reduce((total, { tensor }) => total + tensor.size, 0);
      return inputs.differentiated.length > 0 && size <= mostElements && opCase.notTheDerivative === undefined;
    });
  return differentiated.length === 0 ? [] : [{ op, differentiated }];
});

test.each(differentiable)('the gradient rule of $op gives the differences of its cases', async ({ differentiated }) => {
  const backend = createBackend();
  let compared = 0;
  for (const { opCase, seed } of differentiated) {
    const inputs = new Inputs(backend, new RandomStream(seed, 0));
    const compute = opCase.build(inputs);
    const parameters = inputs.differentiated.map(({ tensor }) => tensor);
    const output = scope(compute);
    const weights = randomNormal(new RandomStream(seed, 3), output.size);
    const cotangent = Tensor.from(backend, weights, output.shape);
    if (await expectGradients(parameters, () => sum(mul(compute(), cotangent)), seed)) compared += 1;
    for (const tensor of [...inputs.all, output, cotangent]) tensor.dispose();
  }
  expect(compared).toBeGreaterThan(0);
  expect(backend.liveBuffers).toBe(0);
});

async function readDoubles(tensor: Tensor): Promise<Float64Array> {
  const values = new Float64Array(tensor.size);
  await tensor.backend.read(tensor.buffer, values);
  return values;
}

/** Functions of one [3, 4] tensor into one of the same shape, and of two. */
const unaries: readonly ((x: Tensor) => Tensor)[] = [
  tanh,
  sigmoid,
  silu,
  (x) => gelu(x, 'erf'),
  (x) => gelu(x, 'tanh'),
  (x) => scale(x, -0.7),
  (x) => softmax(x, 0),
  (x) => logSoftmax(x),
  (x) => layerNorm(x),
  (x) => rmsNorm(x),
  (x) => transpose(transpose(x)),
  (x) => concat([slice(x, 1, 2, 2), slice(x, 1, 0, 2)], 1),
  (x) => sub(x, mean(x, { axes: [0], keepDims: true })),
  (x) => matmul(matmul(x, x, { transposeB: true }), x),
  (x) => dynamicTanh(x, slice(x.reshape([12]), 0, 0, 1)),
  (x) => x.reshape([4, 3]).reshape([3, 4]),
];
const binaries: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  add,
  sub,
  mul,
  (a, b) => div(a, add(mul(b, b), Tensor.full(b.backend, [1], 1))),
  (a, b) => add(a, sum(b, { axes: [1], keepDims: true })),
  (a, b) => mul(slice(a, 0, 0, 1), b),
];

describe('graphs put together at random', () => {
  /** A program: every step takes earlier values and gives the next. */
  const program = fc.array(
    fc.record({ op: fc.nat(unaries.length + binaries.length - 1), left: fc.nat(9), right: fc.nat(9) }),
    { minLength: 1, maxLength: 6 },
  );

  test('have the gradients of their finite differences', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.nat(1000), async (steps, seed) => {
        const backend = createBackend();
        const stream = new RandomStream(seed, 0);
        const parameters = [0, 1].map(() => Tensor.from(backend, randomNormal(stream, 12), [3, 4]));
        const loss = () => {
          const values = [...parameters];
          for (const { op, left, right } of steps) {
            const a = values[left % values.length]!;
            const b = values[right % values.length]!;
            const unary = unaries[op];
            values.push(unary === undefined ? binaries[op - unaries.length]!(a, b) : unary(a));
          }
          // the mean of tanh keeps the loss, and so the rounding of its differences, small
          return mean(tanh(scale(values.at(-1)!, 0.3)));
        };
        await expectGradients(parameters, loss, seed);
        for (const parameter of parameters) parameter.dispose();
        expect(backend.liveBuffers).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
