import { describe, expect, it } from 'vitest';
import { logitsOf, relativeDifference, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';
import { dequantize, type GridScheme, quantizeToGrid } from '../weights/integer-grid.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';

async function quantized(parameters: Record<string, unknown>) {
  const technique = resolveTechnique({ id: 'round-to-nearest', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const costs = await technique.changeWeights(decoder, smallContext());
  return { decoder, costs, logits: await logitsOf(decoder) };
}

describe('round-to-nearest on a small model', () => {
  it('changes the logits less the more bits there are', async () => {
    const float = await logitsOf(smallDecoder());
    const changes: number[] = [];
    for (const bits of [8, 6, 4, 3, 2]) changes.push(relativeDifference(float, (await quantized({ bits })).logits));
    expect(changes).toEqual(changes.toSorted((a, b) => a - b));
    expect(changes[0]).toBeGreaterThan(0);
    expect(changes[0]).toBeLessThan(0.01);
    expect(changes.at(-1)).toBeGreaterThan(0.1);
  });

  it.each([
    ['symmetric', 'channel'],
    ['symmetric-full', 'tensor'],
    ['affine', 'group'],
    ['affine', 'channel'],
  ])('computes on packed codes what dense weights of the same values give: %s, %s', async (scheme, granularity) => {
    for (const bits of [2, 3, 5, 8]) {
      const packed = await quantized({ bits, scheme, granularity, groupSize: 32 });
      const dense = smallDecoder();
      for (const { name, inSize, values } of await readLayerWeights(dense)) {
        const groupSize = { tensor: null, channel: inSize, group: 32 }[granularity] ?? null;
        const grid = quantizeToGrid(values, inSize, { bits, scheme: scheme as GridScheme, groupSize });
        dense.writeParameter(`${name}.weight`, dequantize(grid, inSize));
      }
      expect(relativeDifference(await logitsOf(dense), packed.logits), `${bits} bits`).toBeLessThan(1e-5);
    }
  });

  it('counts the bytes that it stores: codes, scales, zero points', async () => {
    const weights = 4 * (4 * 32 * 32 + 3 * 32 * 64);
    const rows = 4 * (4 * 32 + 2 * 64 + 32);
    const channel = await quantized({ bits: 4 });
    expect(channel.costs).toMatchObject({ weights, storedBytes: weights / 2 + 4 * rows });
    expect(channel.costs.bitsPerWeight).toBeCloseTo(4 + (32 * rows) / weights, 12);
    const groups = weights / 32;
    const affine = await quantized({ bits: 3, scheme: 'affine', granularity: 'group', groupSize: 32 });
    expect(affine.costs.storedBytes).toBe((weights * 3) / 8 + 8 * groups);
    const tensor = await quantized({ bits: 8, granularity: 'tensor' });
    expect(tensor.costs.storedBytes).toBe(weights + 4 * 28);
    const rest = smallDecoder().storedBytes - 4 * weights;
    expect(channel.decoder.storedBytes).toBe(rest + channel.costs.storedBytes);
  });

  it('reports the relative error of the weights, smaller with finer scales', async () => {
    const error = async (parameters: Record<string, unknown>) =>
      (await quantized({ bits: 3, ...parameters })).costs.quantizationError;
    const tensor = await error({ granularity: 'tensor' });
    const channel = await error({ granularity: 'channel' });
    const group = await error({ granularity: 'group', groupSize: 16 });
    expect(tensor).toBeGreaterThan(channel);
    expect(channel).toBeGreaterThan(group);
    expect(group).toBeGreaterThan(0);
  });

  it('leaves embedding and logits as they are', async () => {
    const { decoder } = await quantized({ bits: 2 });
    expect(await decoder.readParameter('embed_tokens.weight')).toEqual(
      await smallDecoder().readParameter('embed_tokens.weight'),
    );
    expect(decoder.linear('lm_head').storedBytes).toBe(4 * 50 * 32);
  });

  it('leaves the logits of an untied model in f32 too', async () => {
    const technique = resolveTechnique({ id: 'round-to-nearest', parameters: { bits: 2 } });
    if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
    const decoder = smallDecoder({ ...smallConfig(), tiedEmbeddings: false });
    const before = await decoder.readParameter('lm_head.weight');
    const costs = await technique.changeWeights(decoder, smallContext());
    expect(await decoder.readParameter('lm_head.weight')).toEqual(before);
    expect(costs.weights).toBe(4 * (4 * 32 * 32 + 3 * 32 * 64));
  });

  it('refuses groups that are wider than a matrix', () => {
    const technique = resolveTechnique({
      id: 'round-to-nearest',
      parameters: { granularity: 'group', groupSize: 128 },
    });
    if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
    expect(() => technique.checkConfig(smallConfig())).toThrow(
      'round-to-nearest does not fit: groups of 128 inputs, but layers.0.self_attn.q_proj has 32',
    );
  });
});
