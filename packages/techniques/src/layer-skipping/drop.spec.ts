import { subLayerEvaluations } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

function planOf(id: string, parameters: Record<string, unknown>, seed = 1) {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'inference') throw new Error('acts elsewhere');
  return technique.planLayers(smallConfig(), { seed });
}

/** Logits of the small model with the output projections of some branches set to zero: what leaving them out must give. */
async function logitsWithout(projections: string[]): Promise<Float32Array> {
  const decoder = smallDecoder();
  for (const name of projections) {
    const weight = `layers.${name}.weight`;
    decoder.writeParameter(weight, new Float32Array((await decoder.readParameter(weight)).length));
  }
  return await logitsOf(decoder);
}

async function logitsUnder(id: string, parameters: Record<string, unknown>): Promise<Float32Array> {
  const decoder = smallDecoder();
  decoder.plan = planOf(id, parameters);
  return await logitsOf(decoder);
}

describe('dropping layers', () => {
  it('passes the residual stream on unchanged', async () => {
    const dropped = await logitsUnder('drop-layers', { select: 'listed', layers: [1, 2] });
    const zeroed = ['1.self_attn.o_proj', '1.mlp.down_proj', '2.self_attn.o_proj', '2.mlp.down_proj'];
    expect(largestDifference(dropped, await logitsWithout(zeroed))).toBeLessThan(1e-6);
    expect(largestDifference(dropped, await logitsOf(smallDecoder()))).toBeGreaterThan(1e-4);
  });

  it('with none dropped is the model itself', async () => {
    const same = await logitsUnder('drop-layers', { count: 0 });
    expect(largestDifference(same, await logitsOf(smallDecoder()))).toBe(0);
  });

  it('saves two sub-layers a layer', () => {
    expect(subLayerEvaluations(planOf('none', {}))).toBe(8);
    expect(subLayerEvaluations(planOf('drop-layers', { count: 3 }))).toBe(2);
  });

  it('chooses at random by the seed', () => {
    const layers = (seed: number) =>
      planOf('drop-layers', { select: 'random', count: 2 }, seed)
        .map(({ layer }) => layer)
        .join('');
    expect(layers(5)).toBe(layers(5));
    expect(new Set(Array.from({ length: 40 }, (_, seed) => layers(seed))).size).toBe(6);
  });
});

describe('dropping sub-layers', () => {
  it.each([
    ['attention', 'self_attn.o_proj'],
    ['mlp', 'mlp.down_proj'],
  ])('leaves out the %s alone', async (part, projection) => {
    const dropped = await logitsUnder('drop-sublayers', { part, select: 'last', count: 2 });
    const zeroed = [`2.${projection}`, `3.${projection}`];
    expect(largestDifference(dropped, await logitsWithout(zeroed))).toBeLessThan(1e-6);
    expect(largestDifference(dropped, await logitsOf(smallDecoder()))).toBeGreaterThan(1e-4);
  });

  it('saves one sub-layer a layer', () => {
    expect(subLayerEvaluations(planOf('drop-sublayers', { part: 'mlp', count: 3 }))).toBe(5);
  });
});
