import { describe, expect, it } from 'vitest';
import { logitsOf, relativeDifference, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

async function quantized(id: string, parameters: Record<string, unknown>) {
  const looks = ['awq', 'gptq', 'qep', 'layerwise-bits'].includes(id);
  const technique = resolveTechnique({ id, parameters: looks ? { windows: 8, ...parameters } : parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const costs = await technique.changeWeights(decoder, smallContext(3));
  return { costs, decoder, change: relativeDifference(await logitsOf(smallDecoder()), await logitsOf(decoder)) };
}

const WEIGHTS = 4 * (4 * 32 * 32 + 3 * 32 * 64);
const GROUPS = WEIGHTS / 16;

describe.each([
  ['awq', {}],
  ['gptq', { groupSize: 16 }],
  ['qep', { groupSize: 16 }],
  ['hqq', {}],
  ['higgs', {}],
])('%s on a small model', (id, parameters) => {
  it('changes the logits and the weights less the more bits there are', async () => {
    const four = await quantized(id, { ...parameters, bits: 4 });
    const two = await quantized(id, { ...parameters, bits: 2 });
    expect(four.change).toBeGreaterThan(0);
    expect(four.change).toBeLessThan(two.change);
    expect(four.costs.quantizationError).toBeLessThan(two.costs.quantizationError);
    expect(four.costs.weights).toBe(WEIGHTS);
    expect(four.costs.bitsPerWeight - two.costs.bitsPerWeight).toBeCloseTo(2, 6);
    expect(four.decoder.storedBytes).toBeLessThan(smallDecoder().storedBytes);
  });
});

describe('what is stored', () => {
  it.each([
    // Codes, scales and zero points of four bytes, signs or scales of the inputs.
    ['hqq', { bits: 4 }, WEIGHTS / 2 + 8 * GROUPS],
    ['gptq', { bits: 2, groupSize: 16 }, WEIGHTS / 4 + 8 * GROUPS],
    ['normal-float', {}, WEIGHTS / 2 + 4 * GROUPS],
    ['normal-float', { bits: 3 }, (3 * WEIGHTS) / 8 + 4 * GROUPS],
    ['higgs', { bits: 2 }, WEIGHTS / 4 + 4 * GROUPS + 4 * (6 * 4 + 8)],
    ['ptqtp', {}, 4 * 2 * (4 * Math.ceil(1024 / 5) + 3 * Math.ceil(2048 / 5)) + 8 * GROUPS],
  ])('%s %o', async (id, parameters, bytes) => {
    expect((await quantized(id, parameters)).costs.storedBytes).toBe(bytes);
  });
});

describe('GPTQ', () => {
  it('keeps what the model says better than rounding to the same grids', async () => {
    const grid = { bits: 3, groupSize: 32 };
    const { change } = await quantized('gptq', { ...grid, windows: 16 });
    const rounded = await quantized('round-to-nearest', { ...grid, scheme: 'affine', granularity: 'group' });
    expect(change).toBeLessThan(rounded.change);
  });
});

describe('error propagation', () => {
  it('of strength 0 is its base', async () => {
    const none = await quantized('qep', { bits: 3, strength: 0 });
    const base = await quantized('gptq', { bits: 3 });
    expect(none.change).toBe(base.change);
    const rounded = await quantized('qep', { bits: 3, strength: 0, base: 'round-to-nearest' });
    const plain = await quantized('round-to-nearest', { bits: 3, scheme: 'affine', granularity: 'channel' });
    expect(rounded.change).toBe(plain.change);
    expect((await quantized('qep', { bits: 3, strength: 1 })).change).not.toBe(base.change);
  });
});

describe('two trit-planes', () => {
  it('lie between two and four bits of rounding', async () => {
    const error = async (id: string, parameters: Record<string, unknown>) =>
      (await quantized(id, parameters)).costs.quantizationError;
    const grid = { granularity: 'group', groupSize: 16 };
    const planes = await error('ptqtp', {});
    expect(planes).toBeLessThan(await error('round-to-nearest', { bits: 2, scheme: 'affine', ...grid }));
    expect(planes).toBeGreaterThan(await error('round-to-nearest', { bits: 5, ...grid }));
  });

  it('give the same logits on the packed planes as on the values that they stand for', async () => {
    const values = await quantized('ptqtp', {});
    const planes = await quantized('ptqtp-planes', {});
    expect(relativeDifference(await logitsOf(values.decoder), await logitsOf(planes.decoder))).toBeLessThan(1e-6);
    // The same weights, stored in whole rows of eighty trits.
    const { bitsPerWeight: _, storedBytes, ...same } = planes.costs;
    expect(values.costs).toMatchObject(same);
    const rows = 4 * (4 * 32 + 2 * 64 + 32);
    expect(storedBytes).toBe(2 * (16 * rows + 4 * GROUPS));
    for (const [name, { product, outSize, inSize }] of planes.decoder.linears) {
      if (!name.startsWith('layers.')) continue;
      expect(product?.multiplications, name).toBe((2 * outSize * inSize) / 16);
      expect(product?.valuesPerWeight, name).toBeGreaterThan(8);
      expect(product?.valuesPerWeight, name).toBeLessThanOrEqual(9);
    }
  });
});

describe('binary weights', () => {
  it('are signs times mean magnitudes, further from the weights than two trit-planes', async () => {
    const binary = await quantized('binary-weights', {});
    expect(binary.costs.quantizationError).toBeGreaterThan((await quantized('ptqtp', {})).costs.quantizationError);
    // For normal weights the error is sqrt(1 - 2 / pi); groups of sixteen fit a little better.
    expect(binary.costs.quantizationError).toBeGreaterThan(0.5);
    expect(binary.costs.quantizationError).toBeLessThan(Math.sqrt(1 - 2 / Math.PI));
    expect(binary.costs).toMatchObject({ bitsPerWeight: 1 + 32 / 16, sparsity: 0 });
    const { product } = binary.decoder.linear('layers.0.mlp.up_proj');
    expect(product).toEqual({ multiplications: (32 * 64) / 16, valuesPerWeight: 2 });
  });
});

describe('layer-wise bits', () => {
  it('lowers as many layers as asked for, and costs what they cost', async () => {
    const none = await quantized('layerwise-bits', { lowered: 0 });
    const all = await quantized('layerwise-bits', { lowered: 4 });
    const half = await quantized('layerwise-bits', { lowered: 2 });
    expect(none.costs.bitsPerWeight).toBe(4 + 64 / 16);
    expect(all.costs.bitsPerWeight).toBe(2 + 64 / 16);
    expect(half.costs.bitsPerWeight).toBe(3 + 64 / 16);
    expect(none.change).toBeLessThan(half.change);
    expect(half.change).toBeLessThan(all.change);
  });

  it('lowers the layers that change least first, or last where the order is reversed', async () => {
    const lowered = async (order: string) => {
      const technique = resolveTechnique({ id: 'layerwise-bits', parameters: { lowered: 1, order, windows: 4 } });
      if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
      const decoder = smallDecoder();
      // Layer 2 alone changes much.
      for (const layer of [0, 1, 3]) {
        for (const part of ['self_attn.o_proj', 'mlp.down_proj']) {
          const name = `layers.${layer}.${part}.weight`;
          decoder.writeParameter(
            name,
            (await decoder.readParameter(name)).map((w) => w / (layer + 10)),
          );
        }
      }
      await technique.changeWeights(decoder, smallContext());
      return [0, 1, 2, 3].filter((layer) => {
        const { storedBytes } = decoder.linear(`layers.${layer}.mlp.up_proj`);
        return storedBytes < 2048 / 2 + 8 * (2048 / 16);
      });
    };
    expect(await lowered('reversed-change')).toEqual([2]);
    expect(await lowered('change')).not.toEqual([2]);
  });
});
