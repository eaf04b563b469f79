import type { PartResult, Verdict } from '@claimbench/contracts';
import { type NegativeControls, negativeControlsLine, negativeControlsOf } from './negative-controls.ts';
import type { Entry } from './reproduction.ts';

/** Three significant digits, without an exponent where the number can be read without one. */
function number(value: number): string {
  const text = value.toPrecision(3);
  return text.includes('e') && Math.abs(value) >= 1e-6 ? value.toFixed(6) : text;
}

/** "-0.155 [-0.242, -0.0688] nats/byte"; an open end of an interval is printed as such. */
export function effectOf({ effect, interval, unit }: PartResult): string {
  const [low, high] = interval.map((end) => (end === null ? 'open' : number(end)));
  return `${number(effect)} [${low}, ${high}] ${unit}`;
}

/** The part that speaks for a verdict: the one furthest from what the claim says. */
export function decisivePart({ parts }: Verdict): PartResult | null {
  return parts.reduce<PartResult | null>(
    (worst, part) => (worst && distance(worst) <= distance(part) ? worst : part),
    null,
  );
}

function distance({ effect, margin, template }: PartResult): number {
  if (template === 'not-worse') return effect + margin;
  if (template === 'within') return margin - Math.abs(effect);
  return effect - margin;
}

export function claimedValue({ claim }: Entry): string {
  const { claimedValue: value, unit, direction } = claim;
  if (value !== null) return `${value}${unit ? ` ${unit}` : ''}`;
  return { 'lower-better': 'lower', 'higher-better': 'higher', equal: 'equal', qualitative: 'in words' }[direction];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** How many verdicts of each word, and what the negative controls say of the rule. */
export interface Totals {
  readonly supported: number;
  readonly contradicted: number;
  readonly inconclusive: number;
  readonly withoutVerdict: number;
  readonly negativeControls: NegativeControls;
  readonly seconds: number;
}

export function totalsOf(entries: readonly Entry[]): Totals {
  const words = { supported: 0, contradicted: 0, inconclusive: 0 };
  let withoutVerdict = 0;
  let seconds = 0;
  for (const { record, seconds: own } of entries) {
    seconds += own ?? 0;
    if (record === null) {
      withoutVerdict++;
      continue;
    }
    words[record.verdict.verdict]++;
  }
  const verdicts = entries.flatMap(({ record }) => (record ? [record.verdict] : []));
  return { ...words, withoutVerdict, negativeControls: negativeControlsOf(verdicts), seconds };
}

/** `docs/results.md`: the table, then a paragraph of doubt for every contradiction. Everything comes from the records. */
export function resultsPage(entries: readonly Entry[], context: { readonly scale: string }): string {
  const totals = totalsOf(entries);
  const rows = entries.map((entry) => {
    const { claim, protocol, record, failure, seconds } = entry;
    const verdict = record?.verdict;
    const part = verdict ? decisivePart(verdict) : null;
    return [
      protocol.id,
      `${claim.statement} (${claim.paper.title})`,
      claimedValue(entry),
      part ? effectOf(part) : '–',
      verdict ? String(verdict.n) : '–',
      verdict ? `${verdict.grade}: ${verdict.subjectLine}` : '–',
      verdict ? `${verdict.verdict} (${verdict.reason})` : `none: ${failure ?? 'not run'}`,
      seconds === null ? '–' : `${Math.round(seconds)} s`,
    ];
  });
  const header = ['protocol', 'claim', 'paper', 'ours', 'n', 'scale', 'verdict', 'time'];
  const table = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`);
  return [
    `# Results, scale ${context.scale}`,
    '',
    `Written by \`claimbench reproduce --scale ${context.scale} --markdown FILE\`; nothing here is edited by hand. ${machinesLine(entries)}`,
    '',
    `${totals.supported} supported, ${totals.contradicted} contradicted, ${totals.inconclusive} inconclusive, ${totals.withoutVerdict} without a verdict; ${Math.round(totals.seconds / 60)} minutes of experiments.`,
    '',
    negativeControlsLine(totals.negativeControls),
    '',
    'The paper’s column is its value, or the direction it claims; ours is the effect of the part furthest from the claim, with its 95 % interval, above zero where it agrees. A scaled-down verdict speaks of the direction at our size.',
    '',
    ...table,
    ...doubts(entries),
    '',
  ].join('\n');
}

/** "Machine: 2 cores, AMD EPYC.": of the verdicts, or of the platform where there is none. */
function machinesLine(entries: readonly Entry[]): string {
  const judged = entries.filter(({ record }) => record !== null);
  const machines = [...new Set((judged.length > 0 ? judged : entries).map(({ machine }) => machine))];
  return `${machines.length === 1 ? 'Machine' : 'Machines'}: ${machines.join('; ')}.`;
}

function doubts(entries: readonly Entry[]): string[] {
  const contradicted = entries.filter(({ record }) => record?.verdict.verdict === 'contradicted');
  if (contradicted.length === 0) return [];
  return [
    '',
    '## Contradictions, and what was checked before they were believed',
    ...contradicted.flatMap(({ claim, protocol, record }) => [
      '',
      `### ${protocol.id}: ${claim.statement}`,
      '',
      record?.verdict.words ?? '',
      ...(record?.verdict.secondSize
        ? [
            '',
            `Second size: ${record.verdict.secondSize.subjectLine}: ${record.verdict.secondSize.parts.map((part) => `${part.statement} ${effectOf(part)}`).join(' ')}`,
          ]
        : []),
      '',
      claim.doubt ?? '**No doubt is written down yet**: this contradiction was not looked at a second time.',
    ]),
  ];
}
