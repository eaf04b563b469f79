import { scope, Tensor } from '@claimbench/kernels';
import type { Decoder } from '@claimbench/models';
import { expect, it } from 'vitest';
import { logitsOf, relativeDifference, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

async function reduced(parameters: Record<string, unknown>) {
  const technique = resolveTechnique({ id: 'laser', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const costs = await technique.changeWeights(decoder, smallContext(2));
  return { costs, change: relativeDifference(await logitsOf(smallDecoder()), await logitsOf(decoder)) };
}

it('with the whole rank is the matrix itself, and the less rank the further from it', async () => {
  const whole = await reduced({ keep: 1 });
  expect(whole.change).toBeLessThan(1e-6);
  expect(whole.costs.bitsPerWeight).toBe(32);
  const half = await reduced({ keep: 0.5 });
  const little = await reduced({ keep: 0.05 });
  expect(half.change).toBeGreaterThan(0);
  expect(little.costs.quantizationError).toBeGreaterThan(half.costs.quantizationError);
});

it('counts two thin factors, and removes other components at random', async () => {
  const { costs } = await reduced({ keep: 0.25 });
  const weights = 4 * (4 * 32 * 32 + 3 * 32 * 64);
  expect(costs.storedBytes).toBe(4 * (weights - 32 * 64 + 8 * (32 + 64)));
  expect((await reduced({ keep: 0.25, remove: 'random' })).costs.quantizationError).toBeGreaterThan(
    costs.quantizationError,
  );
});

it('refuses a layer or a matrix that is not there', () => {
  const technique = (parameters: Record<string, unknown>) => {
    const resolved = resolveTechnique({ id: 'laser', parameters });
    if (resolved.seam !== 'checkpoint') throw new Error('acts elsewhere');
    return resolved;
  };
  expect(() => technique({ layer: 4 }).checkConfig(smallConfig())).toThrow('names layer 4; the model has 4');
  expect(() => technique({ matrix: 'gate_proj' }).checkConfig(smallConfig('gpt2'))).toThrow('no gate_proj');
});

async function searched(parameters: Record<string, unknown>) {
  const technique = resolveTechnique({ id: 'laser-search', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const costs = await technique.changeWeights(decoder, smallContext(2));
  return { costs, logits: await logitsOf(decoder) };
}

/** Mean loss of the next tokens in the context's windows, in double precision. */
async function calibrationLoss(decoder: Decoder, windows: number): Promise<number> {
  const { tokens, time } = await smallContext(2).calibrate(windows);
  using ids = Tensor.from(decoder.backend, tokens, [windows, time]);
  using logits = scope(() => decoder.logits(ids));
  const values = await logits.readFloats();
  const size = values.length / tokens.length;
  let total = 0;
  for (let at = 0; at < tokens.length; at++) {
    if ((at + 1) % time === 0) continue;
    const row = values.subarray(at * size, (at + 1) * size);
    total += Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[tokens[at + 1]!]!;
  }
  return total;
}

it('with its search keeps the one reduction after which the calibration loss is lowest', async () => {
  const found = await searched({ keep: [0.1], windows: 4 });
  const plain = await logitsOf(smallDecoder());
  expect(relativeDifference(plain, found.logits)).toBeGreaterThan(0);
  // One of 28 matrices is stored as two thin factors; which one is any of the 28 single reductions.
  const singles = [];
  for (const layer of [0, 1, 2, 3]) {
    for (const matrix of ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']) {
      const technique = resolveTechnique({ id: 'laser', parameters: { layer, matrix, keep: 0.1 } });
      if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
      const decoder = smallDecoder();
      const costs = await technique.changeWeights(decoder, smallContext(2));
      singles.push({ costs, logits: await logitsOf(decoder), loss: await calibrationLoss(decoder, 4) });
    }
  }
  const same = singles.filter(({ logits }) => relativeDifference(logits, found.logits) < 1e-6);
  expect(same).toHaveLength(1);
  expect(found.costs).toEqual(same[0]!.costs);
  expect(same[0]!.loss).toBe(Math.min(...singles.map(({ loss }) => loss)));
  // With the whole rank nothing changes, whatever is chosen.
  expect(relativeDifference(plain, (await searched({ keep: [1], windows: 4 })).logits)).toBeLessThan(1e-6);
  const random = await searched({ keep: [0.1], remove: 'random', windows: 4 });
  expect(relativeDifference(random.logits, found.logits)).toBeGreaterThan(0);
});
