import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('nothing that the main export reaches needs Node', () => {
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)) {
      if (target!.startsWith('.')) visit(fileURLToPath(new URL(target!, `file://${file}`)));
      else foreign.add(target!);
    }
  };
  visit(fileURLToPath(new URL('../src/index.ts', import.meta.url)));
  expect(seen.size).toBeGreaterThan(30);
  expect([...seen].every(existsSync)).toBe(true);
  // the tokenizers and hashes are plain JavaScript without dependencies
  expect([...foreign].sort()).toEqual([
    '@claimbench/kernels',
    '@huggingface/tokenizers',
    '@noble/hashes/sha2.js',
    '@noble/hashes/utils.js',
    'zod',
  ]);
});
