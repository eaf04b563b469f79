import { type Bound, type Denormals, deviation, nmse } from './bounds.ts';
import type { OpCase } from './case.ts';
import { type CaseResult, sameBits } from './run.ts';

/** Every way in which a backend's result is not what the float64 reference computed, in a sentence each. */
export function disagreements(
  opCase: OpCase,
  found: CaseResult,
  expected: CaseResult,
  denormals: Denormals = 'kept',
): string[] {
  const sentences: string[] = [];
  const check = (bound: Bound, what: string, values: Float64Array | undefined, wanted: Float64Array) => {
    const sentence = disagreement(bound, what, values, wanted, denormals);
    if (sentence !== undefined) sentences.push(sentence);
  };
  check(opCase.forward, 'forward', found.output, expected.output);
  if (!sameBits(found.recordedOutput, found.output)) {
    sentences.push('forward has other bits while gradients are recorded');
  }
  for (const [name, gradient] of expected.gradients) {
    const bound = opCase.gradients?.[name] ?? opCase.gradient;
    check(bound, `gradient of ${name}`, found.gradients.get(name), gradient);
    const total = expected.accumulated.get(name)!;
    check(accumulatedBound(bound), `added gradient of ${name}`, found.accumulated.get(name), total);
  }
  return sentences;
}

/** Whether the reference itself adds a gradient to what is there. */
export function accumulationFaults({ gradients, accumulated, addedTo }: CaseResult): string[] {
  const sentences: string[] = [];
  for (const [name, gradient] of gradients) {
    const sum = gradient.map((value, i) => value + addedTo.get(name)![i]!);
    const sentence = disagreement(addition, `gradient of ${name}`, accumulated.get(name), sum);
    if (sentence !== undefined) sentences.push(sentence);
  }
  return sentences;
}

function disagreement(
  bound: Bound,
  what: string,
  found: Float64Array | undefined,
  expected: Float64Array,
  denormals: Denormals = 'kept',
): string | undefined {
  const { error, within, worst } = deviation(bound, found ?? new Float64Array(0), expected, denormals);
  return within ? undefined : `${what}: ${bound.measure} ${error}, bound ${bound.limit} (${bound.why}); ${worst}`;
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
