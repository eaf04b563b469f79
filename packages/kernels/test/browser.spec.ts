import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Every file that a module reaches by its imports, and what it imports from outside. */
async function reached(entry: string): Promise<{ files: Set<string>; outside: Set<string> }> {
  const files = new Set([entry]);
  const outside = new Set<string>();
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    for (const [, name] of text.matchAll(/\b(?:from|import)(?: |\()'([^']+)'/g)) {
      if (name!.startsWith('.')) files.add(join(dirname(file), name!));
      else outside.add(name!);
    }
  }
  return { files, outside };
}

test('what the package exports without /node reaches nothing of Node', async () => {
  const { files, outside } = await reached(join(import.meta.dirname, '../src/index.ts'));
  expect([...outside]).toEqual([]);
  expect([...files].filter((file) => file.includes('/node/'))).toEqual([]);
  expect(files.size).toBeGreaterThan(60);
});
