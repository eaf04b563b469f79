import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inputElements } from '../src/conformance/run.ts';
import { readGoldenFolder } from '../src/golden-check/folder.ts';
import { checkGoldenFile } from '../src/golden-check/report.ts';
import { loadAddon } from '../src/node/addon.ts';
import { kernelSignatures, referenceKernels } from '../src/ops/registry.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { webGpuKernels } from '../src/webgpu/registry.ts';
import { casesOfOps } from './all_cases.ts';
import { recordCommands } from './boundary_fuzz.ts';

const kernels = [...kernelSignatures.keys()].sort();

describe('every kernel', () => {
  test.each([
    ['the reference', [...referenceKernels.keys()]],
    ['the native backend', loadAddon().describe().kernels],
    ['WGSL', [...webGpuKernels.keys()]],
  ])('is written for %s', (_, written) => {
    expect([...written].sort()).toEqual(kernels);
  });

  test('runs in a conformance case', async () => {
    // Every case but the large ones, whose inputs take long to draw.
    const small = new Map(
      [...casesOfOps].map(([op, cases]) => [op, cases.filter((one) => inputElements(one) < 100_000)]),
    );
    const run = new Set((await recordCommands(small, Number.POSITIVE_INFINITY)).map(({ kernel }) => kernel));
    expect([...run].sort()).toEqual(kernels);
  });

  test('is held to golden values', async () => {
    const backend = createReferenceBackend({ precision: 'f64' });
    const run = new Set<string>();
    const encode = backend.encode.bind(backend);
    backend.encode = (kernel, buffers, scalars) => {
      run.add(kernel);
      encode(kernel, buffers, scalars);
    };
    for (const file of await readGoldenFolder(join(import.meta.dirname, '../golden'))) {
      await checkGoldenFile({ backend, precision: 'f64' }, file);
    }
    expect([...run].sort()).toEqual(kernels);
  });
});
