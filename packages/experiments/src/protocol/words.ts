import type { PartResult, Protocol, SubjectSpec, VerdictWord } from '@claimbench/contracts';
import { parameterCount } from '../plan/run-spec.ts';
import { rangeOfMillions } from '../subjects/subjects.ts';

export interface WordsInput {
  readonly protocol: Protocol;
  /** The protocol's subject, and those of single arms. */
  readonly subjects: readonly SubjectSpec[];
  readonly verdict: VerdictWord;
  readonly reason: string;
  /** What the parts alone say, before premises, guards and grade. */
  readonly measured: VerdictWord;
  readonly parts: readonly PartResult[];
  readonly missingGuards: readonly string[];
  readonly failedRuns: Readonly<Record<string, number>>;
  readonly blocks: number;
  /** Where something else than the parts decided: what it was. */
  readonly because: string | null;
}

/** The verdict, what was measured and the rule, in a few sentences for the page. */
export function verdictWords(input: WordsInput): string {
  const { protocol, parts, missingGuards, failedRuns, blocks, because } = input;
  const sentences = [headline(input)];
  if (because) sentences.push(because);
  // One of the parts that decided; the page lists them all.
  const shown = parts.find((part) => part.verdict === input.measured) ?? parts[0];
  if (parts.length > 1) sentences.push(countOf(parts, protocol));
  if (shown) sentences.push(measurement(shown));
  if (missingGuards.length > 0) {
    sentences.push(`The measurements alone would have decided, but not without: ${missingGuards.join('; ')}.`);
  }
  if (input.measured === 'inconclusive' && shown) sentences.push(detectable(shown));
  const failed = Object.entries(failedRuns).filter(([, count]) => count > 0);
  if (failed.length > 0) {
    const list = failed.map(([arm, count]) => `${arm} ${count} of ${blocks}`).join(', ');
    const counted =
      input.subjects[0]?.kind === 'classifier' ? 'as knowing how often each class occurs' : 'as the unigram entropy';
    sentences.push(`Runs that failed to train count ${counted}: ${list}.`);
  }
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

function headline({ protocol, subjects, verdict, reason }: WordsInput): string {
  if (verdict === 'inconclusive') return `Inconclusive: ${reason.replaceAll('-', ' ')}.`;
  const trained = subjects.filter((subject) => subject.kind !== 'checkpoint');
  const at =
    trained.length > 0
      ? `at ${rangeOfMillions(trained.map(parameterCount))} M parameters`
      : `on ${subjects.map(({ name }) => name).join(' and ')}`;
  switch (protocol.grade) {
    case 'same-regime':
      return verdict === 'supported' ? 'Supported.' : 'Contradicted.';
    case 'scaled-down':
      return `Direction ${verdict} ${at}.`;
    case 'mechanism-only':
      return `Mechanism seen ${at}.`;
  }
}

const QUANTIFIERS = {
  single: '',
  all: 'all must hold',
  any: 'one is enough',
  most: 'more than half must hold',
} as const;

function countOf(parts: readonly PartResult[], { quantifier }: Protocol): string {
  const supported = parts.filter((part) => part.verdict === 'supported').length;
  const contradicted = parts.filter((part) => part.verdict === 'contradicted').length;
  return `${supported} of ${parts.length} conditions supported, ${contradicted} contradicted; ${QUANTIFIERS[quantifier]}.`;
}

function measurement(part: PartResult): string {
  const statement = part.statement.replace(/\.$/, '');
  const { effect, interval, unit, n, level, margin, template } = part;
  const of = unit === '' ? '' : ` ${unit}`;
  if (template === 'count') return `${statement}: counted ${digits(effect)}${of}.`;
  if (template === 'exact') return `${statement}: ${Math.round(effect * n)} of ${n} cases differ.`;
  const [low, high] = interval.map((end) => (end === null ? 'unbounded' : digits(end)));
  const confidence = `${(100 * level).toFixed(1)} % interval`;
  return `${statement}: ${digits(effect)}${of} [${low}, ${high}] (${confidence}, n = ${n}); margin ${digits(margin)}.`;
}

function detectable({ mde, margin, unit, template }: PartResult): string {
  if (mde === null || template === 'exact' || template === 'count') return '';
  const tries = template === 'within' ? '9 of 10' : '4 of 5';
  return `An effect of ${digits(mde)} ${unit} would have been found in ${tries} tries; the margin is ${digits(margin)}.`;
}

/** Three significant digits, without an exponent where a person would not write one. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
