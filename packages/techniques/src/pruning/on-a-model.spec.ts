import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, relativeDifference, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';

const WEIGHTS = 4 * (4 * 32 * 32 + 3 * 32 * 64);

async function pruned(id: string, parameters: Record<string, unknown>, seed = 1) {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const costs = await technique.changeWeights(decoder, smallContext(seed));
  return { decoder, costs, logits: await logitsOf(decoder) };
}

const TECHNIQUES: [string, Record<string, unknown>][] = [
  ['magnitude', { scope: 'layer' }],
  ['magnitude', { scope: 'global' }],
  ['lamp', {}],
  ['erdos-renyi', {}],
  ['random-pruning', {}],
  ['wanda', { windows: 4 }],
  ['sparsegpt', { windows: 4 }],
];

describe.each(TECHNIQUES)('%s %o on a small model', (id, parameters) => {
  it('changes nothing at sparsity 0', async () => {
    const { costs, logits } = await pruned(id, { ...parameters, sparsity: 0 });
    expect(costs.sparsity).toBe(0);
    expect(largestDifference(logits, await logitsOf(smallDecoder()))).toBe(0);
  });

  it('removes the share that was asked for, and the logits change with it', async () => {
    const float = await logitsOf(smallDecoder());
    let before = 0;
    for (const sparsity of [0.25, 0.5, 0.95]) {
      const { costs, logits } = await pruned(id, { ...parameters, sparsity });
      // Counted in every matrix by itself (28 of them), by Wanda in every row.
      const counted = id === 'wanda' ? 4 * (4 * 32 + 2 * 64 + 32) : 28;
      expect(Math.abs(costs.sparsity - sparsity) * WEIGHTS).toBeLessThan(counted + 0.5);
      expect(costs).toMatchObject({ weights: WEIGHTS, storedBytes: 4 * WEIGHTS, bitsPerWeight: 32 });
      const change = relativeDifference(float, logits);
      expect(change).toBeGreaterThan(before);
      before = change;
    }
  });

  it('leaves embedding and norms as they are', async () => {
    const { decoder } = await pruned(id, { ...parameters, sparsity: 0.9 });
    const whole = smallDecoder();
    for (const name of ['embed_tokens.weight', 'norms.final.weight', 'layers.2.norms.mlpInput.weight']) {
      expect(await decoder.readParameter(name)).toEqual(await whole.readParameter(name));
    }
  });
});

describe('magnitude pruning', () => {
  it('takes the same share of every matrix, or what one threshold takes', async () => {
    const shares = async (scope: string) => {
      const { decoder } = await pruned('magnitude', { sparsity: 0.5, scope });
      return (await readLayerWeights(decoder)).map(
        ({ values }) => values.filter((w) => w === 0).length / values.length,
      );
    };
    expect(new Set(await shares('layer'))).toEqual(new Set([0.5]));
    expect(new Set(await shares('global')).size).toBeGreaterThan(1);
  });
});

describe('random pruning', () => {
  it('follows the seed, and draws for one matrix do not shift those of another', async () => {
    const zeros = async (seed: number) => {
      const { decoder } = await pruned('random-pruning', { sparsity: 0.5 }, seed);
      return (await readLayerWeights(decoder)).map(({ values }) => [...values].map((w) => (w === 0 ? 0 : 1)).join(''));
    };
    const one = await zeros(1);
    expect(await zeros(1)).toEqual(one);
    expect(await zeros(2)).not.toEqual(one);
    expect(new Set(one).size).toBe(one.length);
  });
});
