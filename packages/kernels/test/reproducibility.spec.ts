import { afterAll, describe, expect, test } from 'vitest';
import type { Backend } from '../src/backend.ts';
import { readFloats, runCase, sameBits } from '../src/conformance/run.ts';
import { createNativeBackend, nativeInstructionSets } from '../src/node/index.ts';
import { adamW, createAdamWState } from '../src/ops/adamw/op.ts';
import { slice } from '../src/ops/slice/op.ts';
import { valueAndGrad } from '../src/tape.ts';
import { scope, Tensor } from '../src/tensor.ts';
import { casesOfOps } from './all_cases.ts';
import { randomTokens, smallDecoder, vocabulary } from './decoder.ts';

/** One thread, the best instruction set of this processor. */
const baseline = createNativeBackend({ threads: 1 });
const others = [
  { title: '3 threads', backend: createNativeBackend({ threads: 3 }) },
  ...nativeInstructionSets().map((instructionSet) => ({
    title: `2 threads and the ${instructionSet} kernels`,
    backend: createNativeBackend({ threads: 2, instructionSet }),
  })),
];

afterAll(() => {
  for (const { backend } of [{ backend: baseline }, ...others]) backend.close();
});

test.each([...casesOfOps])(
  '%s gives the same bits at any number of threads and with any instruction set',
  async (_, cases) => {
    for (const [seed, opCase] of cases.entries()) {
      const expected = await runCase(baseline, opCase, seed, readFloats);
      for (const { title, backend } of others) {
        const found = await runCase(backend, opCase, seed, readFloats);
        const where = `${opCase.name} on ${title}`;
        expect(sameBits(found.output, expected.output), where).toBe(true);
        for (const [name, gradient] of expected.gradients) {
          expect(sameBits(found.gradients.get(name)!, gradient), `${where}, gradient of ${name}`).toBe(true);
          const added = found.accumulated.get(name)!;
          expect(sameBits(added, expected.accumulated.get(name)!), `${where}, added to ${name}`).toBe(true);
        }
      }
    }
  },
);

/** The weights after some steps of training. */
async function trained(backend: Backend, steps: number): Promise<Float32Array[]> {
  const decoder = smallDecoder(backend, 5);
  const state = createAdamWState(decoder.parameters);
  const ids = randomTokens(backend, 6, 7, 9);
  const targets = randomTokens(backend, 7, 7, 9);
  for (let step = 0; step < steps; step++) {
    scope(() => {
      const { gradients } = valueAndGrad(decoder.parameters, () => decoder.loss(ids, targets));
      adamW(decoder.parameters, gradients, state, { learningRate: 0.003 });
    });
  }
  const weights = await Promise.all(decoder.parameters.map((parameter) => parameter.readFloats()));
  const all = [...decoder.parameters, ...state.firstMoments, ...state.secondMoments, ids, targets];
  for (const tensor of all) tensor.dispose();
  return weights;
}

const equal = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
  a.every((weights, index) => sameBits(weights, b[index]!));

describe('training', () => {
  test.each(others)('ends in the same weights on $title', async ({ backend }) => {
    expect(equal(await trained(backend, 20), await trained(baseline, 20))).toBe(true);
  });

  test('ends in the same weights 100 times over', async () => {
    const { backend } = others[0]!;
    const first = await trained(backend, 3);
    for (let run = 1; run < 100; run++) expect(equal(await trained(backend, 3), first), `run ${run}`).toBe(true);
  });
});

test.each([1, 2, 7])('a row of the batch is the same in a batch of %i as in one of 16', async (batch) => {
  const { backend } = others[0]!;
  const decoder = smallDecoder(backend, 8);
  const time = 13;
  const ids = randomTokens(backend, 9, 16, time);
  const tokens = Int32Array.from(await ids.read());
  using whole = scope(() => decoder.logits(ids));
  for (let start = 0; start + batch <= 16; start += batch) {
    const few = Tensor.from(backend, tokens.slice(start * time, (start + batch) * time), [batch, time]);
    using alone = scope(() => decoder.logits(few));
    using part = scope(() => slice(whole, 0, start * time, batch * time));
    expect(alone.shape).toEqual([batch * time, vocabulary]);
    expect(sameBits(await alone.readFloats(), await part.readFloats()), `rows from ${start}`).toBe(true);
    few.dispose();
  }
  ids.dispose();
  for (const parameter of decoder.parameters) parameter.dispose();
});
