import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../src/backend.ts';
import type { Denormals } from '../src/conformance/bounds.ts';
import type { OpCase } from '../src/conformance/case.ts';
import { accumulationFaults, disagreements } from '../src/conformance/compare.ts';
import { GuardedBackend } from '../src/conformance/guarded_backend.ts';
import { type CaseResult, inputElements, readDoubles, readFloats, runCase } from '../src/conformance/run.ts';
import { ops } from '../src/ops/registry.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { casesOfOps } from './all_cases.ts';
import { backends } from './backends.ts';

test('every op of the registry has cases, and every cases.ts an op', () => {
  expect([...casesOfOps.keys()].sort()).toEqual(Object.keys(ops).sort());
});

describe.each([...casesOfOps])('%s', (_, cases) => {
  const oracle = createReferenceBackend({ precision: 'f64' });
  const numbered = cases.map((opCase, seed) => ({ opCase, seed, name: opCase.name, elements: inputElements(opCase) }));
  const known = new Map<number, Promise<CaseResult>>();
  const expectedOf = async (opCase: OpCase, seed: number, denormals: Denormals = 'kept'): Promise<CaseResult> => {
    const result = known.get(seed) ?? runCase(oracle, opCase, seed, readDoubles);
    known.set(seed, result);
    const expected = await result;
    if (denormals === 'kept' || !expected.denormalInputs) return expected;
    return runCase(oracle, opCase, seed, readDoubles, denormals);
  };

  test('the reference adds a gradient to what is there', async () => {
    for (const [seed, opCase] of cases.entries()) {
      expect(accumulationFaults(await expectedOf(opCase, seed)), opCase.name).toEqual([]);
    }
  });

  describe.each(backends)('on $title', ({ create, denormals, largestCase }) => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    const run = numbered.filter(({ elements }) => elements <= largestCase);
    test.each(run)('$name', async ({ opCase, seed }) => {
      const expected = await expectedOf(opCase, seed, denormals);
      const guarded = new GuardedBackend(backend);
      const found = await runCase(guarded, opCase, seed, readFloats, denormals);
      expect(guarded.liveBuffers, 'buffers that nobody freed').toBe(0);
      expect(await guarded.damaged(), 'buffers written beyond their end').toEqual([]);
      expect(disagreements(opCase, found, expected, denormals)).toEqual([]);
    });
  });
});
