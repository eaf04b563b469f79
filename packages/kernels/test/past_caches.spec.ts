import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// Outputs that the last cache does not hold are written past it. With a cache of no bytes every output is.
test("PyTorch's values where all outputs are written past the caches", () => {
  const root = join(import.meta.dirname, '..');
  const check = ['src/golden-check/cli.ts', join(root, 'golden'), '--backend', 'native'];
  const checked = spawnSync(process.execPath, check, {
    cwd: root,
    env: { ...process.env, CLAIMBENCH_KERNELS_LAST_CACHE: '0' },
    encoding: 'utf8',
  });
  expect(checked.stderr).toBe('');
  expect(checked.status).toBe(0);
  expect(checked.stdout).toMatch(/layer_norm/);
});
