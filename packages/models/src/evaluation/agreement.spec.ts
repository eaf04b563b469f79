import { type Backend, createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { compareWithReference } from './agreement.ts';
import { evaluate } from './evaluate.ts';
import type { EvaluationItem } from './items.ts';

const size = { layers: 2, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 40 } as const;
const config = {
  ...decoderConfig({ style: 'llama', ...size }, 30),
  tiedEmbeddings: false,
  initialisation: { standardDeviation: 0.3, scaledResidual: false },
};
const item = (length: number, seed: number, given?: number): EvaluationItem => ({
  context: seed,
  tokens: Int32Array.from({ length }, (_, at) => (at * at * seed + 5) % 30),
  bytes: length,
  ...(given === undefined ? {} : { given }),
});
const items = [item(12, 1), item(33, 2), item(7, 3, 4), item(1, 4)];

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

test('a model agrees with itself exactly', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  const same = await compareWithReference(decoder, decoder, items);
  expect(same).toMatchObject({ tokens: 49, top1Agreement: 1, klDivergence: 0, excessNatsPerToken: 0 });
  expect(same.itemAgreements).toEqual([12, 33, 3, 1]);
});

test('agreement, divergence and excess loss are those of the definitions, token by token', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  using reference = Decoder.initialise(backend, config, 2);
  const found = await compareWithReference(decoder, reference, items, { batchSize: 3 });
  const logProbabilities = async (of: Decoder, { context, tokens }: EvaluationItem) => {
    const ids = Int32Array.of(context, ...tokens.subarray(0, -1));
    using logits = scope(() => of.logits(Tensor.from(backend, ids, [1, ids.length])));
    const values = await logits.readFloats();
    return Array.from(tokens, (_, at) => {
      const row = Array.from(values.subarray(at * 30, at * 30 + 30));
      const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      return row.map((value) => value - total);
    });
  };
  for (const [index, { tokens, given = 0, ...rest }] of items.entries()) {
    const [model, wanted] = [
      await logProbabilities(decoder, { tokens, ...rest }),
      await logProbabilities(reference, { tokens, ...rest }),
    ];
    let [agreements, divergence, excess] = [0, 0, 0];
    for (let at = given; at < tokens.length; at++) {
      const [p, q] = [wanted[at]!, model[at]!];
      if (p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q))) agreements += 1;
      divergence += p.reduce((sum, log, token) => sum + Math.exp(log) * (log - q[token]!), 0);
      excess += p[tokens[at]!]! - q[tokens[at]!]!;
    }
    expect(found.itemAgreements[index]).toBe(agreements);
    expect(found.itemDivergences[index]).toBeCloseTo(divergence, 10);
    expect(found.itemExcessNats[index]).toBeCloseTo(excess, 10);
  }
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / 49;
  expect(found.klDivergence).toBe(total(found.itemDivergences));
  expect(found.top1Agreement).toBe(total(found.itemAgreements));
  // The excess is the difference of two evaluations, and tokens that are given count in neither.
  const [own, other] = [await evaluate(decoder, items), await evaluate(reference, items)];
  expect(own.tokens).toBe(49);
  expect(found.excessNatsPerToken).toBeCloseTo(own.natsPerToken - other.natsPerToken, 5);
  expect(found.klDivergence).toBeGreaterThan(0.1);
});

test('the reference may live on another backend, but not have another vocabulary', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  const oracle = createReferenceBackend();
  try {
    using reference = Decoder.initialise(oracle, config, 1);
    const { klDivergence, top1Agreement } = await compareWithReference(decoder, reference, items);
    expect(top1Agreement).toBe(1);
    expect(Math.abs(klDivergence)).toBeLessThan(1e-9);
    using other = Decoder.initialise(oracle, { ...config, vocabularySize: 31 }, 1);
    await expect(compareWithReference(decoder, other, items)).rejects.toThrow('31 tokens, the model 30');
  } finally {
    oracle.close();
  }
});
