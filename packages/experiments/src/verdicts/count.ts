import type { VerdictWord } from '@claimbench/contracts';

/** How a claim relates a counted number to the one it states. */
export type CountRelation = '=' | 'about' | '<' | '<=' | '>' | '>=' | 'up-to' | 'at-least';

export interface CountJudgement {
  readonly verdict: VerdictWord;
  readonly reason: 'counted';
  /** The value that decides: the extreme of several, or the first that misses. */
  readonly effect: number;
}

/**
 * Exact arithmetic against the claim's number, to its last printed digit (`decimals` behind the point). `=` and `about`
 * must hold for every value, inequalities for the worst; `up-to` for the largest and `at-least` for the smallest value.
 */
export function judgeCount({
  values,
  claimed,
  relation,
  decimals,
}: {
  values: readonly number[];
  claimed: number;
  relation: CountRelation;
  decimals: number;
}): CountJudgement {
  const first = values[0];
  if (first === undefined) throw new RangeError('a count needs a value');
  const largest = Math.max(...values);
  const smallest = Math.min(...values);
  // The claim's digits stand for an interval of half a unit of the last one; a hair more for float64's own rounding.
  const meets = (value: number) => Math.abs(value - claimed) <= 0.5 * 10 ** -decimals * (1 + 1e-9);
  const answer = (holds: boolean, effect: number): CountJudgement => ({
    verdict: holds ? 'supported' : 'contradicted',
    reason: 'counted',
    effect,
  });
  switch (relation) {
    case '=':
    case 'about': {
      const miss = values.find((value) => !meets(value));
      return miss === undefined ? answer(true, first) : answer(false, miss);
    }
    case '<':
      return answer(largest < claimed, largest);
    case '<=':
      return answer(largest <= claimed || meets(largest), largest);
    case '>':
      return answer(smallest > claimed, smallest);
    case '>=':
      return answer(smallest >= claimed || meets(smallest), smallest);
    case 'up-to':
      return answer(meets(largest), largest);
    case 'at-least':
      return answer(meets(smallest) || smallest > claimed, smallest);
  }
}
