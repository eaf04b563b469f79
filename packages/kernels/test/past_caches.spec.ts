import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Outputs that the last cache does not hold are written past it: with one of no bytes every output is, with a large one none. */
function withLastCache(bytes: number, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, CLAIMBENCH_KERNELS_LAST_CACHE: String(bytes) },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('what is written past the caches has the same bits', () => {
  const script = [join(import.meta.dirname, 'past_caches.ts')];
  const past = withLastCache(0, script).split('\n');
  expect(past).toHaveLength(28);
  expect(past).toEqual(withLastCache(2 ** 40, script).split('\n'));
});

test("PyTorch's values where all outputs are written past the caches", () => {
  const check = ['src/golden-check/cli.ts', join(root, 'golden'), '--backend', 'native'];
  expect(withLastCache(0, check)).toMatch(/layer_norm/);
});
