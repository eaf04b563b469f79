import type {
  ClaimStatus,
  EvidenceLevel,
  PartResult,
  Protocol,
  Seam,
  TechniqueDescriptor,
  Verdict,
} from '@claimbench/contracts';
import { significant } from '@claimbench/ui/numbers';

export const FAMILY_WORDS: Record<TechniqueDescriptor['family'], string> = {
  norm: 'Norm',
  quantization: 'Quantization',
  pruning: 'Pruning',
  'layer-skipping': 'Layer skipping',
  adjacent: 'Adjacent',
  'out-of-scope': 'Out of scope',
  combined: 'Combined',
  none: 'Baseline',
};

export const STATUS_WORDS: Record<ClaimStatus, string> = {
  verdict: 'has a verdict',
  implemented: 'protocol ready',
  planned: 'planned',
  'not-testable-here': 'not testable here',
  outside: 'outside',
};

export const SEAM_WORDS: Record<Seam, string> = {
  architecture: 'the architecture, trained anew',
  training: 'training',
  checkpoint: 'a trained checkpoint',
  inference: 'inference',
};

export const EVIDENCE_WORDS: Record<EvidenceLevel, string> = {
  'self-reported': 'Self-reported: run outside the platform, shown but not counted.',
  measured: 'Measured: run by this platform’s workers under seeds that were revealed after registration.',
  replicated: 'Replicated: decided the same on another machine with fresh seeds.',
  'cross-backend': 'Cross-backend: decided the same on another backend, with equal logits.',
};

/** What the verdict may say at its grade: the word alone is for tests in the paper's own regime. */
export function verdictPhrase(
  verdict: Pick<Verdict, 'verdict' | 'grade' | 'subjectLine'>,
  level: EvidenceLevel,
): string {
  // a contradiction is headline news only once somebody else has seen it too
  const caution = needsReplication(verdict, level) ? ' (not yet replicated)' : '';
  if (verdict.verdict === 'inconclusive' || verdict.grade === 'same-regime') return verdict.verdict + caution;
  if (verdict.grade === 'mechanism-only') {
    return (verdict.verdict === 'supported' ? 'mechanism seen' : 'mechanism not seen') + caution;
  }
  const size = sizeOf(verdict.subjectLine);
  return `direction ${verdict.verdict} ${size === null ? 'at small scale' : `at ${size} parameters`}${caution}`;
}

/** A contradiction that only one machine has seen. */
export function needsReplication(verdict: Pick<Verdict, 'verdict'>, level: EvidenceLevel): boolean {
  return verdict.verdict === 'contradicted' && level !== 'replicated' && level !== 'cross-backend';
}

/** "2 layers, d64, 0.14 M parameters, 0.3 M tokens" -> "0.14 M", also "0.06 to 0.22 M"; null where the line names no size. */
export function sizeOf(subjectLine: string): string | null {
  return /((?:\d[\d.,]* to )?\d[\d.,]*\s?[kMB]?) parameters/.exec(subjectLine)?.[1] ?? null;
}

/** The line that keeps a scaled-down test from posing as the paper's own. */
export function scaleNotice({ grade, subjectLine }: Pick<Verdict, 'grade' | 'subjectLine'>): string | null {
  const named = sizeOf(subjectLine);
  const size = named === null ? 'another size than the paper’s' : `${named} parameters`;
  switch (grade) {
    case 'same-regime':
      return null;
    case 'scaled-down':
      return `Direction tested at ${size}. The paper’s number is shown beside ours and is not judged.`;
    case 'mechanism-only':
      return `Only the mechanism is tested, at ${size}: this can neither confirm nor refute the paper’s number.`;
  }
}

const REASONS: Record<string, string> = {
  strong: 'the whole interval lies beyond the margin',
  positive: 'the interval lies above 0 and the estimate reaches the margin',
  opposite: 'the whole interval lies on the other side of 0',
  'not-material': 'the whole interval lies below the smallest effect that counts',
  'direction-only': 'the direction shows, but the estimate does not reach the margin',
  'too-noisy': 'the interval is too wide to decide',
  'no-variation': 'all blocks gave the same number',
  'within-margin': 'the interval stays within the margin',
  'within-margin-but-lower': 'within the margin, though measurably lower',
  'worse-than-margin': 'the whole interval lies beyond the margin on the worse side',
  'equal-within-margin': 'the interval stays within the margin on both sides',
  differs: 'the interval lies outside the margin',
  counted: 'counted exactly',
  unguarded: 'a guard of the rule is missing',
  'premise-absent': 'what the claim presupposes was not found here',
  'machine-refused': 'the machine was too noisy for a timing',
  'not-stressed': 'the baseline failed too rarely to show a difference',
  'test-without-teeth': 'the deliberately broken variant was not caught',
  'too-few-cases': 'too few cases were tried',
  'parts-supported': 'as many parts are supported as the claim needs',
  'parts-contradicted': 'parts are contradicted that the claim needs',
  'parts-open': 'not enough parts are decided',
  'not-at-corrected-level': 'decided part by part, but not at the stricter level that several parts need',
  'technique-failed': 'the technique failed to train in too many runs',
  'failed-runs': 'too many runs failed',
  'fails-less': 'the technique fails less often than the baseline',
  'no-mismatch': 'no case disagrees',
  mismatch: 'cases disagree',
  'mechanism-not-seen': 'the mechanism was not seen; at this scale that refutes nothing',
  'no-gap': 'the gap that should be closed was not found',
  'not-finite': 'a number was not finite',
  'metric-undefined': 'the metric is not defined for this subject',
  incomplete: 'runs are missing',
  'needs-more-runs': 'today’s rules ask for more runs than were measured',
};

/** A reason's code in words; a code that is new reads as it is. */
export function reasonWords(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll('-', ' ');
}

/**
 * What the test could have seen: "An effect of 0.023 nats/byte or more would have been found in 4 of 5 tries; the margin is
 * 0.005 nats/byte." Of several parts the one that could see least speaks. null: nothing was estimated.
 */
export function detectableWords(
  parts: readonly Pick<PartResult, 'mde' | 'margin' | 'unit' | 'template'>[],
): string | null {
  const weakest = parts.reduce<(typeof parts)[number] | null>(
    (worst, part) => (worst === null || relativeMde(part) > relativeMde(worst) ? part : worst),
    null,
  );
  if (weakest === null) return null;
  const { mde, margin, unit, template } = weakest;
  if (mde === null) return 'From this many blocks no effect could have been told from noise.';
  const tries = template === 'within' ? '9 of 10' : '4 of 5';
  const where = parts.length > 1 ? 'in every part ' : '';
  return `An effect of ${significant(mde, 2)} ${unit} or more would have been found ${where}in ${tries} tries; the margin is ${significant(margin, 2)} ${unit}.`;
}

/** Detectable effect in margins: comparable between parts of different units. */
function relativeMde({ mde, margin }: Pick<PartResult, 'mde' | 'margin'>): number {
  return mde === null ? Number.POSITIVE_INFINITY : mde / (margin || Number.MIN_VALUE);
}

/** How one part is decided, as a sentence. */
export const TEMPLATE_RULES: Record<PartResult['template'], string> = {
  greater:
    'Supported if the interval lies above 0 and the estimate reaches the margin; contradicted if the interval lies below the margin.',
  'not-worse': 'Supported if the interval lies above minus the margin; contradicted if it lies below minus the margin.',
  within: 'Supported if the interval lies within plus and minus the margin; contradicted if it lies outside.',
  rate: 'Supported if the baseline fails more often by a sign test on paired runs; contradicted if the upper end of the difference lies below the margin.',
  exact:
    'Supported if no case disagrees and a deliberately broken variant is caught; contradicted by one mismatch that the reference reproduces.',
  count: 'Supported if the counted number meets the claimed one to its last printed digit.',
};

const QUANTIFIERS: Record<Protocol['quantifier'], string> = {
  single: 'The claim has one part, which decides.',
  all: 'Every part must be supported; one contradicted part contradicts the claim.',
  any: 'One supported part is enough; all parts must be contradicted to contradict the claim.',
  most: 'More than half of the parts must be supported.',
};
const isQuantifier = (text: string): text is Protocol['quantifier'] => Object.hasOwn(QUANTIFIERS, text);
export function quantifierRule(quantifier: string): string {
  return isQuantifier(quantifier) ? QUANTIFIERS[quantifier] : `Quantifier: ${quantifier}.`;
}

/** When a plan looks at the data. */
export function planWords(plan: Protocol['plan']): string {
  switch (plan.name) {
    case 'fixed':
      return `one look at ${plan.blocks} seeds`;
    case 'standard':
      return 'looks at 3, 5 and 8 seeds; the first decided one ends the test';
    case 'cheap':
      return 'looks at 5, 10 and 20 seeds; the first decided one ends the test';
    case 'pilot':
      return `one look, at as many seeds as a pilot of three asks for, at most ${plan.most}`;
  }
}

/** "95 % interval", "98.9 % interval". */
export function levelWords(level: number): string {
  return `${Number((level * 100).toFixed(1))} % interval`;
}

export function techniqueFamily(technique: Pick<TechniqueDescriptor, 'family'>): string {
  return FAMILY_WORDS[technique.family];
}

/** Expected number of false verdicts among `decided`, at 2.5 % a decision. */
export function expectedFalse(decided: number): string {
  const expected = 0.025 * decided;
  return expected < 0.1 ? 'fewer than 0.1' : significant(expected, 2);
}
