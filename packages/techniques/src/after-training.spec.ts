import { describe, expect, it } from 'vitest';
import { logitsOf, smallConfig, smallContext, smallDecoder } from '../test/small-model.ts';
import { checkFit, parameterProblems, resolveTechnique } from './registry.ts';
import type { ResolvedTechnique } from './technique.ts';

const joined = (training: object, after: object): ResolvedTechnique =>
  resolveTechnique({ id: 'after-training', parameters: { training, after } });

describe('one technique in training, another afterwards', () => {
  it('writes out both settings and names both', () => {
    const technique = joined({ id: 'mix-ln' }, { id: 'drop-layers', parameters: { count: 1 } });
    expect(technique.label).toBe('Mix-LN, alpha 0.25; then Drop layers, 1 deep');
    expect(technique.parameters).toEqual({
      training: { id: 'mix-ln', parameters: { share: 0.25 } },
      after: { id: 'drop-layers', parameters: { select: 'deep', count: 1, share: 0.25, layers: [] } },
    });
    const complete = resolveTechnique({ id: 'after-training', parameters: technique.parameters });
    expect(complete.parameters).toEqual(technique.parameters);
  });

  it('acts where the second acts, and says what the model was trained with', () => {
    const mix = { id: 'mix-ln', parameters: { share: 0.5 } };
    const dropped = joined(mix, { id: 'drop-layers', parameters: { count: 1 } });
    expect(dropped).toMatchObject({ seam: 'inference', startsFrom: { id: 'mix-ln', parameters: { share: 0.5 } } });
    expect(joined(mix, { id: 'magnitude' })).toMatchObject({ seam: 'checkpoint', startsFrom: { id: 'mix-ln' } });
    expect(joined(mix, { id: 'post-training', parameters: { tokens: 77 } })).toMatchObject({ tokensTrained: 77 });
    expect(resolveTechnique({ id: 'magnitude', parameters: {} })).toMatchObject({ startsFrom: null });
  });

  it('does to a model what the second does alone', async () => {
    const mixed = resolveTechnique({ id: 'mix-ln', parameters: {} });
    if (mixed.seam !== 'architecture') throw new Error('acts elsewhere');
    const model = () => smallDecoder(mixed.changeConfig(smallConfig()));

    const leaving = joined({ id: 'mix-ln' }, { id: 'drop-layers', parameters: { count: 1 } });
    const alone = resolveTechnique({ id: 'drop-layers', parameters: { count: 1 } });
    if (leaving.seam !== 'inference' || alone.seam !== 'inference') throw new Error('acts elsewhere');
    const { config } = model();
    expect(leaving.planLayers(config, { seed: 1 })).toEqual(alone.planLayers(config, { seed: 1 }));

    const rounding = joined({ id: 'mix-ln' }, { id: 'round-to-nearest', parameters: { bits: 3 } });
    const rounded = resolveTechnique({ id: 'round-to-nearest', parameters: { bits: 3 } });
    if (rounding.seam !== 'checkpoint' || rounded.seam !== 'checkpoint') throw new Error('acts elsewhere');
    const [ours, theirs] = [model(), model()];
    expect(await rounding.changeWeights(ours, smallContext())).toEqual(
      await rounded.changeWeights(theirs, smallContext()),
    );
    expect(await logitsOf(ours)).toEqual(await logitsOf(theirs));
    expect(await logitsOf(ours)).not.toEqual(await logitsOf(model()));
  });

  it('fits where both fit: the second on what the first makes of the architecture', () => {
    const twoLayers = { ...smallConfig(), layers: 2 };
    checkFit(joined({ id: 'mix-ln' }, { id: 'drop-layers', parameters: { count: 1 } }), twoLayers);
    const tooMany = joined({ id: 'mix-ln' }, { id: 'drop-layers', parameters: { count: 3 } });
    expect(() => checkFit(tooMany, twoLayers)).toThrow(/drop-layers does not fit/);
    // It merges gains into a norm before every sub-layer: post-norm layers have none.
    const half = { id: 'mix-ln', parameters: { share: 0.5 } };
    checkFit(resolveTechnique({ id: 'slicegpt', parameters: {} }), smallConfig());
    expect(() => checkFit(joined(half, { id: 'slicegpt' }), smallConfig())).toThrow(/slicegpt does not fit/);
    // Layers laid side by side are run as they were trained, or not at all.
    const parallel = { id: 'parallel-layers' };
    checkFit(joined(parallel, { id: 'magnitude' }), smallConfig());
    expect(() => checkFit(joined(parallel, { id: 'drop-layers' }), smallConfig())).toThrow(
      /says anew which layers run/,
    );
    // And the first must fit by itself.
    const notLayerNorm = joined({ id: 'pre-rmsnorm-training' }, { id: 'drop-layers' });
    expect(() => checkFit(notLayerNorm, smallConfig('llama'))).toThrow(/pre-rmsnorm-training does not fit/);
  });

  it.each([
    [
      'training.id',
      { id: 'magnitude' },
      { id: 'drop-layers' },
      /before or while it is trained .*mix-ln.*, found magnitude/,
    ],
    ['training.id', { id: 'after-training' }, { id: 'drop-layers' }, /found after-training/],
    ['training.id', { id: 'none' }, { id: 'drop-layers' }, /found none/],
    ['after.id', { id: 'mix-ln' }, { id: 'rms-norm' }, /acts on a trained model .*drop-layers.*, found rms-norm/],
    ['after.id', { id: 'mix-ln' }, { id: 'none' }, /found none/],
    ['training.parameters.share', { id: 'mix-ln', parameters: { share: 2 } }, { id: 'drop-layers' }, /<=1/],
    ['after.parameters.count', { id: 'mix-ln' }, { id: 'drop-layers', parameters: { count: -1 } }, />=0/],
    [
      'training.parameters.dropped',
      { id: 'layer-drop', parameters: { dropped: 1 } },
      { id: 'round-to-nearest' },
      /acts on the trained model, as the other technique does: expected 0/,
    ],
    ['after.id', { id: 'mix-ln' }, { id: 'weight-rewinding' }, /takes the recipe's own training once more/],
    ['after.id', { id: 'low-bit-training' }, { id: 'round-to-nearest' }, /on a grid and stores so/],
  ])('refuses by field: %s, %o then %o', (field, training, after, message) => {
    const problems = parameterProblems('after-training', { training, after });
    expect(problems).toEqual([{ path: field, message: expect.stringMatching(message) }]);
  });

  it('stores what the first trained on a grid, where the second changes no weight', async () => {
    const technique = joined({ id: 'low-bit-training' }, { id: 'drop-layers', parameters: { count: 1 } });
    const alone = resolveTechnique({ id: 'low-bit-training', parameters: {} });
    if (technique.seam !== 'inference' || alone.seam !== 'training') throw new Error('acts elsewhere');
    const stored = await technique.storeWeights(smallDecoder());
    expect(stored).toEqual(await alone.storeWeights(smallDecoder()));
    expect(stored!.bitsPerWeight).toBeLessThan(2);
  });
});
