import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Every module that an entry pulls in, types aside: own files by path, packages by name. */
function reached(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, from] of readFileSync(entry, 'utf8').matchAll(/(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'/g)) {
    if (from!.startsWith('.')) reached(join(dirname(entry), from!), seen);
    else seen.add(from!);
  }
  return seen;
}

describe('the main export', () => {
  it('runs in a browser: it reaches nothing of Node, and of the kernels only what runs anywhere', () => {
    const entry = fileURLToPath(new URL('./index.ts', import.meta.url));
    const modules = [...reached(entry)];
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((name) => existsSync(name) && name.includes('/src/node/'))).toEqual([]);
    const packages = modules.filter((name) => !existsSync(name)).sort();
    expect(packages).toEqual(['@claimbench/contracts', '@claimbench/models', '@claimbench/techniques']);
  });
});
