import { RandomStream } from '@claimbench/kernels';
import { describe, expect, test } from 'vitest';
import { drawToken, nextTokenProbabilities, type SamplingOptions } from './sampling.ts';

/** Logits whose softmax is these probabilities. */
const logitsOf = (probabilities: readonly number[]) => Float32Array.from(probabilities, Math.log);
const skewed = [0.4, 0.05, 0.3, 0.05, 0.2];

function close(got: Float64Array, want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  got.forEach((value, token) => {
    expect(value, `token ${token}`).toBeCloseTo(want[token]!, 6);
  });
}

describe('the distribution of the next token', () => {
  const cases: [string, SamplingOptions, number[]][] = [
    ['temperature 1 is the softmax', { temperature: 1 }, skewed],
    ['temperature 0.5 squares it', { temperature: 0.5 }, [0.16, 0.0025, 0.09, 0.0025, 0.04].map((p) => p / 0.295)],
    ['temperature 0 is the most likely token', { temperature: 0 }, [1, 0, 0, 0, 0]],
    ['top-k keeps the k most likely', { temperature: 1, topK: 2 }, [4 / 7, 0, 3 / 7, 0, 0]],
    ['top-k takes the lowest of equals', { temperature: 1, topK: 4 }, [0.4, 0.05, 0.3, 0, 0.2].map((p) => p / 0.95)],
    ['top-k beyond the vocabulary keeps all', { temperature: 1, topK: 9 }, skewed],
    ['top-p keeps the fewest that reach p', { temperature: 1, topP: 0.69 }, [4 / 7, 0, 3 / 7, 0, 0]],
    ['top-p keeps the token that crosses p', { temperature: 1, topP: 0.71 }, [4 / 9, 0, 3 / 9, 0, 2 / 9]],
    ['a tiny top-p keeps one token', { temperature: 1, topP: 1e-9 }, [1, 0, 0, 0, 0]],
    ['min-p counts from the most likely', { temperature: 1, minP: 0.45 }, [4 / 9, 0, 3 / 9, 0, 2 / 9]],
    ['min-p 1 keeps the most likely', { temperature: 1, minP: 1 }, [1, 0, 0, 0, 0]],
    ['top-p acts on what top-k left, renormalised', { temperature: 1, topK: 3, topP: 0.75 }, [4 / 7, 0, 3 / 7, 0, 0]],
    ['min-p acts on what top-p left', { temperature: 1, topP: 0.71, minP: 0.6 }, [4 / 7, 0, 3 / 7, 0, 0]],
  ];

  test.each(cases)('%s', (_, options, want) => {
    close(nextTokenProbabilities(logitsOf(skewed), options), want);
  });

  test('does not overflow on large logits', () => {
    close(nextTokenProbabilities(Float32Array.of(2000, 2000, -2000), { temperature: 0.01 }), [0.5, 0.5, 0]);
  });
});

test('draws follow the distribution (chi-square)', () => {
  const stream = new RandomStream(4, 6);
  const weights = nextTokenProbabilities(logitsOf(skewed), { temperature: 1 });
  const draws = 20_000;
  const counts = new Array<number>(5).fill(0);
  for (let draw = 0; draw < draws; draw++) counts[drawToken(weights, stream.nextUniform())]! += 1;
  const chiSquare = counts.reduce(
    (sum, count, token) => sum + (count - draws * skewed[token]!) ** 2 / (draws * skewed[token]!),
    0,
  );
  expect(chiSquare).toBeLessThan(18.47); // 4 degrees of freedom, p = 0.001
});

test('a draw never gives a token of weight 0, even where rounding leaves a crumb', () => {
  expect(drawToken(Float64Array.of(0, 0.1, 0.2, 0), 0)).toBe(1);
  expect(drawToken(Float64Array.of(0, 0.1, 0.2, 0), 1 - 2 ** -24)).toBe(2);
  expect(drawToken(Float64Array.of(0, 0.1, 0.2, 0), 1)).toBe(2);
});
