import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/**
 * Who may import whom, directly (docs/architecture.md). `turbo boundaries` refuses what a package does not declare and what its
 * tags do not allow; its tags have to name whole chains, so the single links are checked here.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'packages/contracts': [],
  'packages/kernels': [],
  'packages/ui': [],
  'packages/postgres': [],
  'packages/corpus': ['contracts'],
  'packages/queue': ['contracts'],
  'packages/models': ['kernels'],
  'packages/techniques': ['models', 'kernels'],
  'packages/experiments': ['techniques', 'models', 'kernels', 'corpus', 'contracts'],
  'apps/cli': ['contracts', 'experiments', 'kernels', 'models'],
  'apps/api': ['contracts', 'corpus', 'experiments', 'queue'],
  'apps/worker': ['contracts', 'experiments', 'queue'],
  'apps/web': ['contracts', 'ui', 'experiments'],
};
/** Only tests may use these: a server to test against. */
const FOR_TESTS = ['postgres', 'queue', 'kernels'];

const root = new URL('../../', import.meta.url);
const own = (names: object = {}) =>
  Object.keys(names).flatMap((name) => (name.startsWith('@claimbench/') ? [name.slice('@claimbench/'.length)] : []));

describe('imports go one way', () => {
  it('is said for every package', () => {
    const found = ['apps', 'packages'].flatMap((folder) =>
      readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}`),
    );
    expect(found.sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  it.each(Object.entries(MAY_IMPORT))('%s', (folder, allowed) => {
    const manifest = JSON.parse(readFileSync(new URL(`${folder}/package.json`, root), 'utf8'));
    expect(own(manifest.dependencies).filter((name) => !allowed.includes(name))).toEqual([]);
    expect(own(manifest.devDependencies).filter((name) => ![...allowed, ...FOR_TESTS].includes(name))).toEqual([]);
  });

  it('names everything that is imported as a tag of turbo boundaries', () => {
    const { boundaries } = JSON.parse(readFileSync(new URL('turbo.json', root), 'utf8'));
    for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
      const tag = folder.split('/')[1] ?? '';
      expect(boundaries.tags[tag].dependencies.allow, tag).toEqual(expect.arrayContaining([...allowed]));
    }
  });
});
