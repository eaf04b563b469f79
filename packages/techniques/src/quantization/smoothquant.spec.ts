import { describe, expect, it } from 'vitest';
import {
  largestDifference,
  logitsOf,
  relativeDifference,
  smallConfig,
  smallContext,
  smallDecoder,
} from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

/** A small model in which one feature that attention reads is far larger than the others. */
async function quantized(parameters: Record<string, unknown>) {
  const decoder = smallDecoder(smallConfig('gpt2'));
  for (let layer = 0; layer < 4; layer++) {
    const gain = `layers.${layer}.norms.attentionInput.weight`;
    decoder.writeParameter(gain, (await decoder.readParameter(gain)).with(5, 60));
    const query = `layers.${layer}.self_attn.v_proj.weight`;
    decoder.writeParameter(
      query,
      (await decoder.readParameter(query)).map((w, i) => (i % 32 === 5 ? w / 60 : w)),
    );
  }
  const technique = resolveTechnique({ id: 'smoothquant', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('it changes trained models');
  const before = await logitsOf(decoder);
  const costs = await technique.changeWeights(decoder, smallContext());
  return {
    costs,
    error: relativeDifference(before, await logitsOf(decoder)),
    difference: largestDifference(before, await logitsOf(decoder)),
  };
}

describe('SmoothQuant', () => {
  it('loses less than rounding alone where a feature stands out', async () => {
    const smoothed = await quantized({});
    const rounded = await quantized({ smoothed: false });
    expect(smoothed.difference).toBeGreaterThan(0);
    expect(smoothed.error).toBeLessThan(0.7 * rounded.error);
  });

  it('counts codes and a scale for each output', async () => {
    const { costs } = await quantized({ bits: 4 });
    expect(costs.bitsPerWeight).toBeGreaterThan(4);
    expect(costs.bitsPerWeight).toBeLessThan(5.1);
  });

  it('loses more with fewer bits of the inputs', async () => {
    expect((await quantized({ inputBits: 4 })).error).toBeGreaterThan((await quantized({})).error);
  });
});
