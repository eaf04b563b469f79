import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { Decoder } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { logitsOf, relativeDifference, smallConfig, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

async function asInTraining(config: ReturnType<typeof smallConfig>, parameters: Record<string, unknown>) {
  const technique = resolveTechnique({ id: 'training-mode', parameters });
  if (technique.seam !== 'checkpoint') throw new Error('it changes trained models');
  const decoder = smallDecoder(config);
  const before = await logitsOf(decoder);
  await technique.changeWeights(decoder, smallContext());
  return { before, after: await logitsOf(decoder) };
}

const batchNormed = (parameters: Record<string, unknown> = {}) => {
  const technique = resolveTechnique({ id: 'batch-norm', parameters });
  if (technique.seam !== 'architecture') throw new Error('it changes the architecture');
  return technique.changeConfig(smallConfig('gpt2'));
};

describe('passes as in training', () => {
  it.each([0, 1, 6])('are the same to the bit under LayerNorm, with %d other rows beside', async (companions) => {
    const { before, after } = await asInTraining(smallConfig('gpt2'), { companions });
    expect(after).toEqual(before);
  });

  it('are others under BatchNorm, and depend on the other rows', async () => {
    const alone = await asInTraining(batchNormed(), {});
    const beside = await asInTraining(batchNormed(), { companions: 3 });
    expect(relativeDifference(alone.before, alone.after)).toBeGreaterThan(0.01);
    expect(relativeDifference(alone.after, beside.after)).toBeGreaterThan(0.01);
  });
});

describe('BatchNorm outside of training', () => {
  it('goes by the batch where it is told to, and then remembers nothing of it', async () => {
    const backend = createReferenceBackend();
    using decoder = Decoder.initialise(backend, batchNormed({ statistics: 'batch' }), 7);
    const logits = async () => {
      using ids = Tensor.from(
        backend,
        Int32Array.from({ length: 16 }, (_, i) => (i * 7 + 3) % 50),
        [2, 8],
      );
      using values = scope(() => decoder.logits(ids));
      return await values.readFloats();
    };
    const first = await logits();
    expect(first).toEqual(await logits());
    const remembered = await decoder.readParameter('norms.final.running_mean');
    expect(remembered.every((value) => value === 0)).toBe(true);
    const { after } = await asInTraining(batchNormed(), {});
    expect(relativeDifference(after, first)).toBeLessThan(1e-6);
  });
});
