import type { VerdictWord } from '@claimbench/contracts';

export interface ExactJudgement {
  readonly verdict: VerdictWord;
  readonly reason: string;
  /** With no mismatch in N cases the rate of mismatches lies below this with 95 % confidence; null after a mismatch. */
  readonly mismatchRateBelow: number | null;
}

/** Fewer cases than this never show that two things are the same. */
export const LEAST_CASES = 200;

/**
 * "The two are identical": no mismatch among enough cases, and a deliberately broken copy (the mutant) was noticed.
 */
export function judgeExact(
  { cases, mismatches, mutantCaught }: { cases: number; mismatches: number; mutantCaught: boolean },
  leastCases = LEAST_CASES,
): ExactJudgement {
  if (!(Number.isInteger(cases) && cases > 0 && mismatches >= 0 && mismatches <= cases)) {
    throw new RangeError(`${mismatches} mismatches in ${cases} cases`);
  }
  if (mismatches > 0) return { verdict: 'contradicted', reason: 'mismatch', mismatchRateBelow: null };
  const mismatchRateBelow = -Math.expm1(Math.log(0.05) / cases);
  if (!mutantCaught) return { verdict: 'inconclusive', reason: 'test-without-teeth', mismatchRateBelow };
  if (cases < leastCases) return { verdict: 'inconclusive', reason: 'too-few-cases', mismatchRateBelow };
  return { verdict: 'supported', reason: 'no-mismatch', mismatchRateBelow };
}
