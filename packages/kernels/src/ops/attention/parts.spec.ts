import { expect, test } from 'vitest';
import { deviation, nmse } from '../../conformance/bounds.ts';
import { readDoubles } from '../../conformance/run.ts';
import { RandomStream, randomNormal } from '../../random/random.ts';
import { createReferenceBackend } from '../../reference/backend.ts';
import { valueAndGrad } from '../../tape.ts';
import { scope, Tensor } from '../../tensor.ts';
import { alibiSlopes } from './alibi.ts';
import { type AttentionOptions, attention } from './op.ts';
import { attentionInParts, attentionProbabilities } from './parts.ts';

const backend = createReferenceBackend({ precision: 'f64' });
const normal = (seed: number, shape: readonly number[]) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.from(backend, Float32Array.from(randomNormal(new RandomStream(seed, 0), size)), shape);
};

test.each<AttentionOptions>([
  { causal: true },
  { causal: false },
  { causal: true, window: 3 },
  { causal: true, softcap: 2, scale: 0.7 },
])('whole and in parts agree in float64, forward and gradient: %o', async (options) => {
  const q = normal(1, [2, 6, 4, 5]);
  const k = normal(2, [2, 9, 2, 5]);
  const v = normal(3, [2, 9, 2, 5]);
  const slopes = Tensor.from(backend, Float32Array.from(alibiSlopes(4)), [4]);
  const cotangent = normal(4, [2, 6, 4, 5]);
  const run = async (attend: typeof attentionInParts) => {
    const { value, gradients } = valueAndGrad([q, k, v], () => attend(q, k, v, { ...options, slopes }), { cotangent });
    return Promise.all([value, ...gradients].map(readDoubles));
  };
  const whole = await run(attention);
  const parts = await run(attentionInParts);
  for (const [index, values] of whole.entries()) {
    expect(deviation(nmse(1e-24, 'float64'), parts[index]!, values)).toMatchObject({ within: true });
  }
});

test('probabilities of a query add up to 1, and hidden keys have none', async () => {
  const q = normal(5, [1, 4, 2, 3]);
  const probabilities = scope(() => attentionProbabilities(q, q, { causal: true, window: 2 }));
  expect(probabilities.shape).toEqual([1, 2, 4, 4]);
  const values = await readDoubles(probabilities);
  for (let row = 0; row < 8; row++) {
    const line = values.subarray(row * 4, row * 4 + 4);
    expect(line.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
    const i = row % 4;
    expect([...line].map((value) => value > 0)).toEqual([0, 1, 2, 3].map((j) => j <= i && j > i - 2));
  }
});
