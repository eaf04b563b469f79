import type { Decoder, DecoderConfig } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

function planOf(parameters: Record<string, unknown>, seed = 1) {
  const technique = resolveTechnique({ id: 'painters', parameters });
  if (technique.seam !== 'inference') throw new Error('acts elsewhere');
  return technique.planLayers({ ...smallConfig(), layers: 6 }, { seed });
}

const layers = (parameters: Record<string, unknown>, seed = 1) =>
  planOf(parameters, seed).map((step) =>
    'layer' in step ? step.layer : step.parallel.map(([only]) => (only && 'layer' in only ? only.layer : -1)),
  );

describe('middle layers in another way', () => {
  it.each([
    ['skip', [0, 5]],
    ['repeat', [0, 3, 3, 3, 3, 5]],
    ['reverse', [0, 4, 3, 2, 1, 5]],
    ['parallel', [0, [1, 2, 3, 4], 5]],
    ['looped', [0, [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], 5]],
  ])('%s', (way, expected) => {
    expect(layers({ way, count: 4 })).toEqual(expected);
  });

  it('shuffles by the seed, the outer layers stay', () => {
    const order = (seed: number) => layers({ way: 'shuffle', count: 4 }, seed).join(' ');
    expect(order(4)).toBe(order(4));
    const orders = new Set(Array.from({ length: 60 }, (_, seed) => order(seed)));
    expect(orders.size).toBeGreaterThan(12);
    for (const one of orders) expect(one).toMatch(/^0 .* 5$/);
  });

  it('averages what parallel layers give', async () => {
    const decoder = smallDecoder();
    const technique = resolveTechnique({ id: 'painters', parameters: { way: 'parallel', count: 1 } });
    if (technique.seam !== 'inference') throw new Error('acts elsewhere');
    // The average of one layer is the layer.
    decoder.plan = technique.planLayers(decoder.config, { seed: 0 });
    expect(largestDifference(await logitsOf(decoder), await logitsOf(smallDecoder()))).toBeLessThan(1e-9);
  });

  it('keeps the first and the last layer', () => {
    expect(() => planOf({ way: 'skip', count: 5 })).toThrow(
      'changes 5 middle layers and keeps the first and the last; the model has 6',
    );
  });
});

function changed(id: string, parameters: Record<string, unknown>): DecoderConfig {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'architecture') throw new Error('acts elsewhere');
  return technique.changeConfig(smallConfig());
}

const trainedAs = (config: DecoderConfig): Decoder => smallDecoder(config);

describe('intra-layer recurrence', () => {
  it('applies layers as often as the map says, with the weights there are', async () => {
    const decoder = trainedAs(changed('recurrence', { map: [2, 1, 3, 1] }));
    expect(decoder.parameterCount).toBe(smallDecoder().parameterCount);
    const plain = smallDecoder();
    plain.plan = [0, 0, 1, 2, 2, 2, 3].map((layer) => ({ layer, part: 'layer' as const }));
    expect(largestDifference(await logitsOf(decoder), await logitsOf(plain))).toBe(0);
    expect(largestDifference(await logitsOf(decoder), await logitsOf(smallDecoder()))).toBeGreaterThan(1e-4);
  });

  it('or runs the whole stack several times', () => {
    const { plan } = changed('recurrence', { block: 2 });
    expect(plan!.map((step) => ('layer' in step ? step.layer : -1))).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it('refuses a map of another length, and a map with blocks', () => {
    expect(() => changed('recurrence', { map: [2, 1] })).toThrow('the reuse map has 2 entries, the model 4 layers');
    expect(() => changed('recurrence', { map: [2, 1, 1, 1], block: 2 })).toThrow('block');
  });
});

describe('the parallel shallow layout', () => {
  it('sums what the layers of a group add to their common input', async () => {
    const decoder = trainedAs(changed('parallel-layers', { group: 2 }));
    expect(decoder.plan).toHaveLength(2);
    // With the second layer of each group silent, the rest is the first layers in order.
    const plain = smallDecoder();
    for (const layer of [1, 3]) {
      for (const part of ['self_attn.o_proj', 'mlp.down_proj']) {
        const name = `layers.${layer}.${part}.weight`;
        decoder.writeParameter(name, new Float32Array(decoder.parameter(name).size));
      }
    }
    plain.plan = [0, 2].map((layer) => ({ layer, part: 'layer' as const }));
    expect(largestDifference(await logitsOf(decoder), await logitsOf(plain))).toBeLessThan(1e-6);
  });

  it('takes all layers unless told otherwise, and only whole groups', () => {
    expect(changed('parallel-layers', {}).plan).toHaveLength(1);
    expect(() => changed('parallel-layers', { group: 3 })).toThrow('groups of 3 layers; the model has 4');
  });
});
