import type { VerdictWord } from '@claimbench/contracts';
import type { Judgement } from './judgement.ts';

/** How many conditions a claim asks for: one, every one, at least one, more than half. */
export type Quantifier = 'single' | 'all' | 'any' | 'most';

/** How many parts decide, and at which level each part is judged for either word. */
export interface QuantifierRule {
  readonly supportLevel: number;
  readonly contradictLevel: number;
  readonly supportedParts: number;
  readonly contradictedParts: number;
}

/** Levels are divided where the wrong word needs only some of the parts to be wrong (docs/method.md, "Conditions"). */
export function quantifierRule(quantifier: Quantifier, parts: number, level: number): QuantifierRule {
  if (parts < 1) throw new RangeError('a claim has at least one part');
  if (quantifier === 'single' && parts !== 1) throw new RangeError(`quantifier single with ${parts} parts`);
  switch (quantifier) {
    case 'single':
      return { supportLevel: level, contradictLevel: level, supportedParts: 1, contradictedParts: 1 };
    case 'all':
      return { supportLevel: level, contradictLevel: level / parts, supportedParts: parts, contradictedParts: 1 };
    case 'any':
      return { supportLevel: level / parts, contradictLevel: level, supportedParts: 1, contradictedParts: parts };
    case 'most': {
      const majority = Math.floor(parts / 2) + 1;
      const half = Math.ceil(parts / 2);
      return {
        supportLevel: level / half,
        contradictLevel: level / majority,
        supportedParts: majority,
        contradictedParts: half,
      };
    }
  }
}

/**
 * One word for a part: supported at the level for support, whose interval is shown, contradicted at the level for
 * contradiction. A part that is contradicted only at the wider level stays open: `not-at-corrected-level`.
 */
export function judgePart(judgeAt: (level: number) => Judgement, rule: QuantifierRule): Judgement {
  const shown = judgeAt(rule.supportLevel);
  if (shown.verdict === 'supported') return shown;
  const against = judgeAt(rule.contradictLevel);
  if (against.verdict === 'contradicted') return { ...shown, verdict: 'contradicted', reason: against.reason };
  if (shown.verdict === 'inconclusive') return shown;
  return { ...shown, verdict: 'inconclusive', reason: 'not-at-corrected-level' };
}

export interface Combination {
  readonly verdict: VerdictWord;
  readonly supported: number;
  readonly contradicted: number;
  readonly of: number;
}

/** The claim's word from the words of its parts. */
export function combine(words: readonly VerdictWord[], rule: QuantifierRule): Combination {
  const supported = words.filter((word) => word === 'supported').length;
  const contradicted = words.filter((word) => word === 'contradicted').length;
  const verdict =
    supported >= rule.supportedParts
      ? 'supported'
      : contradicted >= rule.contradictedParts
        ? 'contradicted'
        : 'inconclusive';
  return { verdict, supported, contradicted, of: words.length };
}
