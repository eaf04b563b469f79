import { type Decoder, type DecoderConfig, fullPlan, linearSpecs, type ParameterValues } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallDecoder } from '../../test/small-model.ts';
import { checkFit, resolveTechnique } from '../registry.ts';

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

function changed(id: string, parameters: Record<string, unknown>, style?: 'gpt2' | 'llama'): DecoderConfig {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'architecture') throw new Error('acts elsewhere');
  return technique.changeConfig(smallConfig(style));
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

describe('the wide shallow form', () => {
  /** Matrices of `layers` layers as those of one: rows of what reads the stream below each other, columns of what writes into it beside each other. */
  async function widened(deep: Decoder, first: number, layers: number, wide: number) {
    const named = await deep.readParameters();
    const values = new Map<string, ParameterValues>();
    for (const [name, value] of named) {
      const part = name.replace(`layers.${first}.`, '');
      if (part === name) continue;
      const all = Array.from({ length: layers }, (_, i) => named.get(`layers.${first + i}.${part}`)!);
      values.set(`layers.${wide}.${part}`, merged(part, value, all));
    }
    return values;
  }

  function merged(part: string, value: ParameterValues, all: readonly ParameterValues[]): ParameterValues {
    const [rows = 0, columns] = value.shape;
    // The layers of a group share the norms that stand before them.
    if (part.startsWith('norms.')) return value;
    const writes = /(o_proj|down_proj)\./.test(part);
    if (!writes) {
      const shape = columns === undefined ? [rows * all.length] : [rows * all.length, columns];
      return { shape, data: Float32Array.from(all.flatMap(({ data }) => [...data])) };
    }
    if (columns === undefined)
      return { shape: [rows], data: value.data.map((_, i) => all.reduce((sum, { data }) => sum + data[i]!, 0)) };
    const joined = Array.from({ length: rows }, (_, row) =>
      all.flatMap(({ data: one }) => [...one.subarray(row * columns, (row + 1) * columns)]),
    ).flat();
    return { shape: [rows, columns * all.length], data: Float32Array.from(joined) };
  }

  /** First biases are 0: others, so that they count. */
  async function withBiases(decoder: Decoder): Promise<Decoder> {
    const values = await decoder.readParameters();
    const given = [...values].map(([name, { shape, data }]): [string, ParameterValues] => {
      return [
        name,
        { shape, data: name.endsWith('_proj.bias') ? data.map((_, i) => 0.1 * Math.sin(i + name.length)) : data },
      ];
    });
    decoder.rebuild(decoder.config, new Map(given));
    return decoder;
  }

  it.each([
    ['llama', 2],
    ['llama', 4],
    ['gpt2', 2],
  ] as const)(
    '%s, groups of %i: attention side by side, then MLPs side by side, on the same weights',
    async (style, group) => {
      const deep = await withBiases(smallDecoder(smallConfig(style)));
      const groups = Array.from({ length: 4 / group }, (_, at) =>
        Array.from({ length: group }, (_, i) => at * group + i),
      );
      deep.plan = groups.flatMap((layers) =>
        (['attention', 'mlp'] as const).map((part) => ({
          parallel: layers.map((layer) => [{ layer, part }]),
          combine: 'sum' as const,
        })),
      );
      const config = changed('wide-shallow', { group }, style);
      expect(config).toMatchObject({
        layers: 4 / group,
        heads: 2 * group,
        keyValueHeads: 2 * group,
        headSize: 16,
        feedForwardSize: 64 * group,
      });
      const values = new Map([...(await deep.readParameters())].filter(([name]) => !name.startsWith('layers.')));
      for (const [at, [first]] of groups.entries()) {
        for (const [name, value] of await widened(deep, first!, group, at)) values.set(name, value);
      }
      const wide = trainedAs(config);
      wide.rebuild(config, values);
      expect(largestDifference(await logitsOf(deep), await logitsOf(wide))).toBeLessThan(2e-6);
      // Mutants: the layers in sequence, and the parallel layout, in which an MLP reads its own layer's attention alone.
      deep.plan = fullPlan(4);
      expect(largestDifference(await logitsOf(deep), await logitsOf(wide))).toBeGreaterThan(1e-4);
      deep.plan = groups.map((layers) => ({
        parallel: layers.map((layer) => [{ layer, part: 'layer' }]),
        combine: 'sum',
      }));
      expect(largestDifference(await logitsOf(deep), await logitsOf(wide))).toBeGreaterThan(1e-5);
    },
  );

  it('has the weights of the deep form, and fewer norms', () => {
    const weights = (config: DecoderConfig) =>
      linearSpecs(config).reduce((sum, { inSize, outSize }) => sum + inSize * outSize, 0);
    const deep = smallConfig();
    for (const group of [1, 2, 4]) expect(weights(changed('wide-shallow', { group }))).toBe(weights(deep));
    expect(changed('wide-shallow', { group: 1 })).toEqual(deep);
    const parameters = (config: DecoderConfig) => smallDecoder(config).parameterCount;
    expect(parameters(deep) - parameters(changed('wide-shallow', {}))).toBe(3 * 2 * 32);
  });

  it('is of layers that are alike', () => {
    expect(() => changed('wide-shallow', { group: 3 })).toThrow('groups of 3 layers; the model has 4');
    const technique = resolveTechnique({ id: 'wide-shallow', parameters: {} });
    const refused = (changes: Partial<DecoderConfig>) => () => checkFit(technique, { ...smallConfig(), ...changes });
    expect(refused({ plan: fullPlan(3) })).toThrow('runs its layers in order');
    expect(refused({ layerOverrides: [{ layers: [1], heads: 1 }] })).toThrow('where all are alike');
    expect(refused({ position: { kind: 'alibi', factor: 1 } })).toThrow('positions that differ by head (alibi)');
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
