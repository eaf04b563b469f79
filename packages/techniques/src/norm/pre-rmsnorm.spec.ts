import { describe, expect, it } from 'vitest';
import { largestDifference, logitsOf, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

/** A small pre-norm model in which nothing has mean 0 by itself: means, gains and biases of its own everywhere. */
async function lopsided(config = smallConfig('gpt2')) {
  const decoder = smallDecoder(config);
  for (const [name, { data }] of await decoder.readParameters()) {
    const values = data.map((value, i) => value + 0.05 + 0.1 * Math.sin(i + name.length));
    decoder.writeParameter(name, values);
  }
  return decoder;
}

async function converted(parameters: Record<string, unknown>) {
  const decoder = await lopsided();
  const technique = resolveTechnique({ id: 'pre-rmsnorm', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('it converts trained models');
  const before = await logitsOf(decoder);
  await technique.changeWeights(decoder, smallContext());
  return { decoder, before, after: await logitsOf(decoder) };
}

describe('a Pre-LN model converted', () => {
  it.each([
    ['rms', 'rms-norm', 32],
    ['compressed', 'compressed-rms-norm', 31],
  ])('to the form %s computes the same logits', async (form, kind, width) => {
    const { decoder, before, after } = await converted({ form });
    const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(before, after) / largest).toBeLessThan(3e-6);
    expect(decoder.config.norms.attentionInput.kind).toBe(kind);
    expect(decoder.config.hiddenSize).toBe(width);
    expect([...decoder.parameters.keys()].some((name) => /norms.*\.bias/.test(name))).toBe(false);
  });

  it('computes something else where one mean stays, and more so where all stay', async () => {
    const one = await converted({ recentred: 'all-but-last' });
    const all = await converted({ recentred: 'none' });
    expect(largestDifference(one.before, one.after)).toBeGreaterThan(1e-3);
    expect(largestDifference(all.before, all.after)).toBeGreaterThan(largestDifference(one.before, one.after));
  });

  it('has a stream of mean 0', async () => {
    const { decoder } = await converted({});
    const means: number[] = [];
    const waiting: Promise<void>[] = [];
    for (const place of ['embedding.output', 'layers.1.output', 'layers.3.output']) {
      decoder.hooks.on(place, (value) => {
        const width = value.shape.at(-1)!;
        waiting.push(
          value.readFloats().then((states) => {
            for (let row = 0; row < states.length; row += width) {
              means.push(states.subarray(row, row + width).reduce((sum, x) => sum + x, 0) / width);
            }
          }),
        );
        return undefined;
      });
    }
    await logitsOf(decoder);
    await Promise.all(waiting);
    expect(means.length).toBe(3 * 16);
    expect(Math.max(...means.map(Math.abs))).toBeLessThan(1e-6);
  });

  it('refuses a compressed stream whose mean is not 0', () => {
    const technique = resolveTechnique({ id: 'pre-rmsnorm', parameters: { form: 'compressed', recentred: 'none' } });
    if (technique.seam !== 'checkpoint') throw new Error('it converts trained models');
    expect(() => technique.checkConfig(smallConfig('gpt2'))).toThrow(
      expect.objectContaining({ code: 'technique-does-not-fit' }),
    );
  });
});

describe('Pre-RMSNorm in training', () => {
  const model = async (form: string) => {
    const technique = resolveTechnique({ id: 'pre-rmsnorm-training', parameters: { form } });
    if (technique.seam !== 'architecture') throw new Error('it changes the architecture');
    return await lopsided(technique.changeConfig(smallConfig('gpt2')));
  };

  it('computes what the Pre-LN model of the same parameters does, and does not without centring', async () => {
    const [layerNorm, rms, uncentred] = [await model('layer-norm'), await model('rms'), await model('uncentred')];
    expect([...rms.parameters.keys()]).toEqual([...layerNorm.parameters.keys()]);
    const expected = await logitsOf(layerNorm);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(expected, await logitsOf(rms)) / largest).toBeLessThan(3e-6);
    expect(largestDifference(expected, await logitsOf(uncentred)) / largest).toBeGreaterThan(1e-3);
  });
});
