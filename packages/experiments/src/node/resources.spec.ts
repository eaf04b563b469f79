import { GENERATED_TEXTS, NODE_DOCS } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { backendOptions, readResources } from './resources.ts';
import { cacheFolder } from './run.testing.ts';

describe('resources of this machine', () => {
  it('list every recipe and text with their hashes, and say what is missing', async () => {
    const nothing = await readResources({ dataPath: [], cacheFolder });
    const text = nothing.dataSets.find((dataSet) => dataSet.name === 'node-docs')!;
    expect(text).toMatchObject({ sha256: NODE_DOCS.sha256, unavailable: null });
    expect(text.bytes).toBeGreaterThan(500_000);
    for (const { name, title, sha256 } of GENERATED_TEXTS) {
      expect(nothing.dataSets).toContainEqual(expect.objectContaining({ name, title, sha256, unavailable: null }));
    }
    const stories = nothing.dataSets.find((dataSet) => dataSet.name === 'tinystories-validation')!;
    expect(stories.unavailable).toMatch(/CLAIMBENCH_DATA_PATH/);
    expect(nothing.subjects.filter((subject) => subject.kind === 'recipe').length).toBeGreaterThanOrEqual(10);
    const backends = await backendOptions();
    expect(backends.map(({ name, unavailable }) => [name, unavailable === null])).toEqual([
      ['native', true],
      ['reference', true],
      ['webgpu', true],
    ]);
  });
});
