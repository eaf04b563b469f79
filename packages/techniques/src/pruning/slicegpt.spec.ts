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

const isWriter = (name: string) => /embed_tokens|o_proj.weight|down_proj.weight/.test(name);

/** What writes into the stream leaves features from `written` on at 0. */
function onlyFeatures(values: Float32Array, name: string, columns: number, written: number): Float32Array {
  const feature = (i: number) => (name.startsWith('embed') ? i % columns : Math.floor(i / columns));
  return values.map((value, i) => (feature(i) < written ? value : 0));
}

async function sliced(style: 'gpt2' | 'llama', share: number, written = 32) {
  const decoder = smallDecoder(smallConfig(style));
  for (const [name, { data, shape }] of await decoder.readParameters()) {
    const values = data.map((value, i) => value + 0.02 + 0.05 * Math.sin(i + name.length));
    decoder.writeParameter(name, isWriter(name) ? onlyFeatures(values, name, shape[1]!, written) : values);
  }
  const technique = resolveTechnique({ id: 'slicegpt', parameters: { share } });
  if (technique.seam !== 'checkpoint') throw new Error('it changes trained models');
  const before = await logitsOf(decoder);
  const costs = await technique.changeWeights(decoder, smallContext());
  return { decoder, costs, before, after: await logitsOf(decoder) };
}

describe.each(['gpt2', 'llama'] as const)('SliceGPT on the %s style', (style) => {
  it('turns the stream without changing the function', async () => {
    const { decoder, before, after } = await sliced(style, 0);
    const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(before, after) / largest).toBeLessThan(1e-5);
    expect(decoder.linears.has('layers.0.attention_shortcut')).toBe(true);
  });

  it('narrows every matrix, and loses more the more is sliced', async () => {
    const [little, much] = [await sliced(style, 0.25), await sliced(style, 0.5)];
    expect(little.decoder.config.hiddenSize).toBe(24);
    expect(little.decoder.linear('layers.1.mlp.down_proj').outSize).toBe(24);
    expect(relativeDifference(little.before, little.after)).toBeGreaterThan(1e-4);
    expect(relativeDifference(much.before, much.after)).toBeGreaterThan(
      relativeDifference(little.before, little.after),
    );
    expect(much.costs.storedBytes).toBeLessThan(little.costs.storedBytes);
  });
});

it('loses nothing where the stream has no more directions than are kept', async () => {
  const { decoder, before, after } = await sliced('llama', 0.25, 8);
  const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(decoder.config.hiddenSize).toBe(24);
  expect(largestDifference(before, after) / largest).toBeLessThan(1e-5);
});
