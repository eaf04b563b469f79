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
