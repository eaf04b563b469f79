import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../src/backend.ts';
import { type Bound, deviation, nmse } from '../src/conformance/bounds.ts';
import type { OpCase } from '../src/conformance/case.ts';
import { GuardedBackend } from '../src/conformance/guarded_backend.ts';
import { type CaseResult, readDoubles, readFloats, runCase, sameBits } from '../src/conformance/run.ts';
import { ops } from '../src/ops/registry.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';
import { casesOfOps } from './all_cases.ts';
import { backends } from './backends.ts';

test('every op of the registry has cases, and every cases.ts an op', () => {
  expect([...casesOfOps.keys()].sort()).toEqual(Object.keys(ops).sort());
});

describe.each([...casesOfOps])('%s', (op, cases) => {
  const oracle = createReferenceBackend({ precision: 'f64' });
  const known = new Map<number, Promise<CaseResult>>();
  const expectedOf = (opCase: OpCase, seed: number): Promise<CaseResult> => {
    const result = known.get(seed) ?? runCase(oracle, opCase, seed, readDoubles);
    known.set(seed, result);
    return result;
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

  describe.each(backends)('on $title', ({ create }) => {
    let backend: Backend;
    beforeAll(() => {
      backend = create();
    });
    afterAll(() => backend.close());

    test.each(cases.map((opCase, seed) => ({ opCase, seed, name: opCase.name })))('$name', async ({ opCase, seed }) => {
      const expected = await expectedOf(opCase, seed);
      const guarded = new GuardedBackend(backend);
      const found = await runCase(guarded, opCase, seed, readFloats);

      expect(guarded.liveBuffers, 'buffers that nobody freed').toBe(0);
      expect(await guarded.damaged(), 'buffers written beyond their end').toEqual([]);
      expectWithin(opCase.forward, `${op} forward`, found.output, expected.output);
      expect(sameBits(found.recordedOutput, found.output), 'forward is the same while gradients are recorded').toBe(
        true,
      );
      for (const [name, gradient] of expected.gradients) {
        const bound = opCase.gradients?.[name] ?? opCase.gradient;
        expectWithin(bound, `${op} gradient of ${name}`, found.gradients.get(name), gradient);
        const total = expected.accumulated.get(name)!;
        expectWithin(accumulatedBound(bound), `${op} added gradient of ${name}`, found.accumulated.get(name), total);
      }
    });
  });
});

function expectWithin(bound: Bound, what: string, found: Float64Array | undefined, expected: Float64Array): void {
  const { error, within, worst } = deviation(bound, found ?? new Float64Array(0), expected);
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
