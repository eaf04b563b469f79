import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKED_SLUGS, checkTechniqueGolden } from './checks.ts';

const folder = new URL('../../golden/techniques/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('golden values of techniques', () => {
  it('has a file for every check', () => {
    expect(files.map((name) => name.replace('.json', '')).toSorted()).toEqual([...CHECKED_SLUGS].toSorted());
  });

  it.each(files)('%s: every output lies within its bound', async (name) => {
    const manifest = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    const tensors = manifest.tensors ? readFileSync(new URL(manifest.tensors, folder)) : undefined;
    const findings = await checkTechniqueGolden(manifest, tensors);
    expect(findings!.length).toBeGreaterThan(0);
    expect(findings!.filter(({ error, bound }) => !(error <= bound))).toEqual([]);
  });

  it('passes over what belongs to no technique here', async () => {
    expect(await checkTechniqueGolden({ slug: 'unheard-of', cases: [] }, undefined)).toBeNull();
  });

  it('says what is missing in a file that is not whole', async () => {
    const broken = { slug: 'laco', cases: [{ id: 'one', params: {}, inputs: {}, outputs: {} }] };
    await expect(checkTechniqueGolden(broken, undefined)).rejects.toThrow(
      'laco, case one: inputs.weights should be an array',
    );
  });
});
