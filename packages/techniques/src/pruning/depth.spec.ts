import { fullPlan } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

async function pruned(
  id: string,
  parameters: Record<string, unknown>,
  prepare?: (decoder: ReturnType<typeof smallDecoder>) => void,
) {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  prepare?.(decoder);
  const costs = await technique.changeWeights(decoder, smallContext(1));
  return { decoder, costs, layers: decoder.plan.map(({ layer }) => layer), logits: await logitsOf(decoder) };
}

/** Makes layers of the small model do nothing: their projections into the stream become zero. */
function silence(layers: readonly number[], parts = ['self_attn.o_proj', 'mlp.down_proj']) {
  return (decoder: ReturnType<typeof smallDecoder>) => {
    for (const layer of layers) {
      for (const part of parts) {
        const name = `layers.${layer}.${part}.weight`;
        decoder.writeParameter(name, new Float32Array(decoder.parameter(name).size));
      }
    }
  };
}

const OF_A_LAYER = 4 * 32 * 32 + 3 * 32 * 64;

describe.each([
  ['angular-layers', { count: 2 }],
  ['block-influence', { count: 2 }],
  ['attention-drop', { target: 'layer', count: 2 }],
])('%s', (id, parameters) => {
  it('finds the layers that do nothing, and without them the model is the same', async () => {
    const { layers, logits } = await pruned(id, parameters, silence([1, 2]));
    expect(layers).toEqual([0, 3]);
    const whole = smallDecoder();
    silence([1, 2])(whole);
    expect(largestDifference(logits, await logitsOf(whole))).toBe(0);
  });

  it('counts what is gone', async () => {
    const { decoder, costs } = await pruned(id, parameters);
    expect(costs).toMatchObject({ weights: 4 * OF_A_LAYER, storedBytes: 4 * 2 * OF_A_LAYER, bitsPerWeight: 16 });
    expect(costs.sparsity).toBe(0.5);
    // Two layers with their two norms each.
    expect(smallDecoder().storedBytes - decoder.storedBytes).toBe(4 * 2 * (OF_A_LAYER + 2 * 32));
  });
});

describe('angular-distance layer pruning', () => {
  it('takes the run of layers that turns the stream most when asked for it', async () => {
    const { layers } = await pruned('angular-layers', { count: 1, choose: 'farthest' }, silence([1, 2, 3]));
    expect(layers).toEqual([1, 2, 3]);
  });
});

describe('dropping by similarity', () => {
  it('removes attention, MLPs, or of both lists together those that do least', async () => {
    const quiet = (decoder: ReturnType<typeof smallDecoder>) => {
      silence([2], ['self_attn.o_proj'])(decoder);
      silence([0], ['mlp.down_proj'])(decoder);
    };
    const plan = async (target: string, count: number) =>
      (await pruned('attention-drop', { target, count }, quiet)).decoder.plan;
    expect(await plan('attention', 1)).toEqual(fullPlan(4).with(2, { layer: 2, part: 'mlp' }));
    expect(await plan('mlp', 1)).toEqual(fullPlan(4).with(0, { layer: 0, part: 'attention' }));
    expect(await plan('joint', 2)).toEqual(
      fullPlan(4).with(2, { layer: 2, part: 'mlp' }).with(0, { layer: 0, part: 'attention' }),
    );
  });

  it('can take both halves of a layer', async () => {
    const { layers } = await pruned('attention-drop', { target: 'joint', count: 2 }, silence([3]));
    expect(layers).toEqual([0, 1, 2]);
  });
});

describe('LaCo', () => {
  it('merges a layer and those above it by adding their differences', async () => {
    const { decoder, layers } = await pruned('laco', { count: 2, merge: 2, lowest: 1, threshold: -1 });
    expect(layers).toEqual([0, 1]);
    const whole = smallDecoder();
    for (const name of ['self_attn.q_proj', 'mlp.down_proj']) {
      const of = async (layer: number) => await whole.readParameter(`layers.${layer}.${name}.weight`);
      const [base, one, two] = [await of(1), await of(2), await of(3)];
      const merged = base.map((value, i) => one[i]! + two[i]! - value);
      expect(largestDifference(await decoder.readParameter(`layers.1.${name}.weight`), merged)).toBeLessThan(1e-7);
      expect(await decoder.readParameter(`layers.0.${name}.weight`)).toEqual(await of(0));
    }
    // Norms are those of the lower layer.
    expect(await decoder.readParameter('layers.1.norms.mlpInput.weight')).toEqual(
      await whole.readParameter('layers.1.norms.mlpInput.weight'),
    );
  });

  it('takes back merges that turn the last hidden states, and goes on further down', async () => {
    // Layer 2 is loud and the others do nothing: it must not take the weights of layer 3, but layer 1 may take its.
    const loud = (decoder: ReturnType<typeof smallDecoder>) => {
      silence([0, 1, 3])(decoder);
      const name = 'layers.2.mlp.down_proj.weight';
      const size = decoder.parameter(name).size;
      decoder.writeParameter(
        name,
        Float32Array.from({ length: size }, (_, i) => 40 * Math.sin(i * i)),
      );
    };
    const { layers } = await pruned('laco', { count: 1, merge: 1, lowest: 1, threshold: 0.99 }, loud);
    expect(layers).toEqual([0, 1, 3]);
  });

  it('removes as many as asked for even where no merge is good', async () => {
    const { layers, costs } = await pruned('laco', { count: 2, merge: 1, lowest: 1, threshold: 1 });
    expect(layers).toHaveLength(2);
    expect(costs.sparsity).toBe(0.5);
  });
});

describe('what does not fit', () => {
  it.each([
    ['angular-layers', { count: 4 }, 'removes 4 layers and keeps at least one; the model has 4'],
    ['block-influence', { count: 4 }, 'removes 4 layers'],
    ['attention-drop', { target: 'mlp', count: 5 }, 'removes 5 modules ("mlp"); the model has 4'],
    ['laco', { count: 3 }, 'removes 3 layers above layer 1; the model has 4'],
  ])('%s %o', (id, parameters, message) => {
    const technique = resolveTechnique({ id, parameters });
    if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
    expect(() => technique.checkConfig(smallConfig())).toThrow(message);
  });
});
