import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../src/backend.ts';
import { type Bound, type Denormals, deviation, nmse } from '../src/conformance/bounds.ts';
import type { OpCase } from '../src/conformance/case.ts';
import { GuardedBackend } from '../src/conformance/guarded_backend.ts';
import { type CaseResult, readDoubles, readFloats, runCase, sameBits } from '../src/conformance/run.ts';
import { KernelError } from '../src/errors.ts';
import { kernelSignatures, ops } from '../src/ops/registry.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { webGpuKernels } from '../src/webgpu/registry.ts';
import { casesOfOps } from './all_cases.ts';
import { backends } from './backends.ts';

test('every op of the registry has cases, and every cases.ts an op', () => {
  expect([...casesOfOps.keys()].sort()).toEqual(Object.keys(ops).sort());
});

describe.each([...casesOfOps])('%s', (op, cases) => {
  const oracle = createReferenceBackend({ precision: 'f64' });
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
      const { gradients, accumulated, addedTo } = await expectedOf(opCase, seed);
      for (const [name, gradient] of gradients) {
        const sum = gradient.map((value, i) => value + addedTo.get(name)![i]!);
        expectWithin(addition, `${opCase.name}, gradient of ${name}`, accumulated.get(name), sum);
      }
    }
  });

  describe.each(backends)('on $title', ({ create, denormals, complete }) => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    test.each(cases.map((opCase, seed) => ({ opCase, seed, name: opCase.name })))('$name', async ({ opCase, seed }) => {
      const expected = await expectedOf(opCase, seed, denormals);
      const guarded = new GuardedBackend(backend);
      const found = await runCase(guarded, opCase, seed, readFloats, denormals).catch(refusalOf);
      if (found instanceof KernelError) {
        // what has no WGSL yet says so, and by its name
        const missing = /has no kernel ([a-z_.0-9]+)/.exec(found.message)?.[1] ?? 'nothing';
        expect([complete, found.code], found.message).toEqual([false, 'unknown-kernel']);
        expect([kernelSignatures.has(missing), webGpuKernels.has(missing)], missing).toEqual([true, false]);
        return;
      }

      expect(guarded.liveBuffers, 'buffers that nobody freed').toBe(0);
      expect(await guarded.damaged(), 'buffers written beyond their end').toEqual([]);
      expectWithin(opCase.forward, `${op} forward`, found.output, expected.output, denormals);
      expect(sameBits(found.recordedOutput, found.output), 'forward is the same while gradients are recorded').toBe(
        true,
      );
      for (const [name, gradient] of expected.gradients) {
        const bound = opCase.gradients?.[name] ?? opCase.gradient;
        expectWithin(bound, `${op} gradient of ${name}`, found.gradients.get(name), gradient, denormals);
        const total = expected.accumulated.get(name)!;
        const added = found.accumulated.get(name);
        expectWithin(accumulatedBound(bound), `${op} added gradient of ${name}`, added, total, denormals);
      }
    });
  });
});

/** A kernel's own refusal; anything else is a defect. */
function refusalOf(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  throw error;
}

function expectWithin(
  bound: Bound,
  what: string,
  found: Float64Array | undefined,
  expected: Float64Array,
  denormals: Denormals = 'kept',
): void {
  const { error, within, worst } = deviation(bound, found ?? new Float64Array(0), expected, denormals);
  expect(within, `${what}: ${bound.measure} ${error}, bound ${bound.limit} (${bound.why}); ${worst}`).toBe(true);
}

const addition = nmse(1e-24, 'float64', 1e-12);

/** What is added to is of size 1: the sum rounds once more, and may cancel the gradient. */
function accumulatedBound({ measure, limit, absolute, why }: Bound): Bound {
  return {
    measure: 'nmse',
    limit: measure === 'nmse' ? limit : 1e-13,
    absolute: Math.max(absolute, 2 ** -22),
    why: `${why}; and one rounding of the sum`,
  };
}
