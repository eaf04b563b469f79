import { expect, it } from 'vitest';
import { logitsOf, smallContext, smallDecoder } from '../../test/small-model.ts';
import { resolveTechnique } from '../registry.ts';

async function changed(id: string, parameters: Record<string, unknown>) {
  const technique = resolveTechnique({ id, parameters });
  if (technique.seam !== 'checkpoint') throw new Error('acts elsewhere');
  const decoder = smallDecoder();
  const costs = await technique.changeWeights(decoder, smallContext(2));
  return { decoder, costs, logits: await logitsOf(decoder) };
}

it.each([
  ['laco', { count: 2, merge: 2, windows: 4 }],
  ['angular-layers', { count: 1, windows: 4 }],
  ['block-influence', { count: 2, windows: 4 }],
])('%s leaves an ordinary model of fewer layers, to the bit the same one', async (pruning, setting) => {
  const pruned = await changed(pruning, setting);
  const ordinary = await changed('post-training', { pruning, setting, tokens: 0 });
  expect(ordinary.logits).toEqual(pruned.logits);
  expect(ordinary.costs).toEqual(pruned.costs);
  expect(ordinary.decoder.config.layers).toBe(4 - setting.count);
  expect(ordinary.decoder.config).toEqual({ ...smallDecoder().config, layers: 4 - setting.count });
  expect(ordinary.decoder.plan).toHaveLength(4 - setting.count);
});

it('leaves a model that lacks half of a layer as it is', async () => {
  const setting = { target: 'attention', count: 1, windows: 4 };
  const pruned = await changed('attention-drop', setting);
  const same = await changed('post-training', { pruning: 'attention-drop', setting, tokens: 0 });
  expect(same.logits).toEqual(pruned.logits);
  expect(same.decoder.config.layers).toBe(4);
  expect(same.costs).toEqual(pruned.costs);
});
