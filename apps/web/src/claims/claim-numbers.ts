import type { Claim, PartResult, Verdict, VerdictRecord } from '@claimbench/contracts';
import type { ForestRow } from '@claimbench/ui';
import { halfWidthOf, plusMinus, significant } from '@claimbench/ui/numbers';
import { sizeOf } from '../wording/verdicts.ts';

/** A claimed value with the digits that the paper gave it. */
export function claimedValue(value: number): string {
  if (Math.abs(value) >= 1e9) return significant(value, 12);
  return value.toLocaleString('en-US', { maximumFractionDigits: 12 }).replace('-', '\u2212');
}

/** Parts that are decided by an interval carry one; exact and counted ones are whole numbers without uncertainty. */
function hasInterval(part: Pick<PartResult, 'template'>): boolean {
  return part.template !== 'exact' && part.template !== 'count';
}

/** "+0.0212 ± 0.0070" of one part, in its unit. */
export function partEffect(part: Pick<PartResult, 'template' | 'effect' | 'interval'>): string {
  return hasInterval(part)
    ? plusMinus(part.effect, halfWidthOf(part.interval), { signed: true })
    : significant(part.effect, 6);
}

/** The effect that stands for a verdict in a list: the first part that decides as the whole does, else the first. */
export function measuredEffect(
  verdict: Pick<Verdict, 'verdict' | 'parts' | 'n'>,
): { value: string; unit: string; n: number; of: number } | null {
  const part = verdict.parts.find((one) => one.verdict === verdict.verdict) ?? verdict.parts[0];
  if (part === undefined) return null;
  return { value: partEffect(part), unit: part.unit, n: part.n, of: verdict.parts.length };
}

/**
 * Parts as rows of a forest plot. The paper's value is marked where the protocol gives it in the contrast's own unit, or where
 * the test is in the paper's own regime and unit: everywhere else the two numbers cannot be compared.
 */
export function forestRows(
  parts: readonly PartResult[],
  grade: Verdict['grade'],
  claim: Pick<Claim, 'claimedValue' | 'unit'>,
): ForestRow[] {
  return parts.filter(hasInterval).map((part) => ({
    id: part.id,
    label: part.statement,
    effect: part.effect,
    interval: part.interval,
    unit: part.unit,
    margin: part.margin,
    template: part.template,
    n: part.n,
    verdict: part.verdict,
    contrasts: part.contrasts,
    claimed: part.claimed ?? (grade === 'same-regime' && claim.unit === part.unit ? claim.claimedValue : null),
  }));
}

/**
 * The latest verdict of every protocol on every backend, and what the second sizes showed, as rows of one plot: whether the claim
 * comes out alike at another scale and on other kernels. Empty where there is only one setting to show.
 */
export function settingRows(
  history: readonly VerdictRecord[],
  claim: Pick<Claim, 'claimedValue' | 'unit'>,
): ForestRow[] {
  const latest = new Map<string, VerdictRecord>();
  for (const record of [...history].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const { protocolId, backend } = record.verdict;
    if (record.verdict.parts.length > 0) latest.set(`${protocolId} ${backend ?? ''}`, record);
  }
  const settings = [...latest.values()].flatMap(({ verdict }) => {
    const scale = /-(quick|standard|full)(?:-|$)/.exec(verdict.protocolId)?.[1] ?? verdict.protocolId;
    const where = [scale, ...(verdict.backend ? [verdict.backend] : [])].join(', ');
    const at = (subjectLine: string) => {
      const size = sizeOf(subjectLine);
      return size === null ? where : `${where}, ${size} parameters`;
    };
    const second = verdict.secondSize;
    return [
      { where: at(verdict.subjectLine), verdict, parts: verdict.parts },
      ...(second ? [{ where: `${at(second.subjectLine)} (second size)`, verdict, parts: second.parts }] : []),
    ];
  });
  if (settings.length < 2) return [];
  return settings.flatMap(({ where, verdict, parts }) =>
    forestRows(parts, verdict.grade, claim).map((row) => ({
      ...row,
      id: `${verdict.protocolId} ${where} ${row.id}`,
      label: `${where}: ${row.label}`,
    })),
  );
}

/** Sizes of the models that a text names ("LLaMA-7B", "0.5 B to 72 B parameters"), in parameters, ascending. */
export function namedSizes(text: string): number[] {
  const unit = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 } as const;
  const found = [
    ...text.matchAll(
      /(?<![\d.])(\d+(?:\.\d+)?)\s?([KMBT])(?![A-Za-z])(?!\s*(?:tokens|images|samples|examples|words|bytes|steps))/g,
    ),
  ].map(([, digits, letter]) => Number(digits) * unit[letter as keyof typeof unit]);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** "The paper's models start at 7 B parameters, 50,000 times this size." null where one of the sizes is not known. */
export function scaleDistance(
  claim: Pick<Claim, 'subject' | 'condition'>,
  verdict: Pick<Verdict, 'subjectLine' | 'grade'>,
): string | null {
  const [smallest] = namedSizes(`${claim.subject}; ${claim.condition}`);
  const [ours] = namedSizes(`${sizeOf(verdict.subjectLine) ?? ''} `);
  if (verdict.grade === 'same-regime' || smallest === undefined || ours === undefined) return null;
  const ratio = smallest / ours;
  if (ratio < 2) return null;
  const times = Number(ratio.toPrecision(2)).toLocaleString('en-US');
  const named = smallest >= 1e9 ? `${smallest / 1e9} B` : `${smallest / 1e6} M`;
  return `The models that the claim names start at ${named} parameters, about ${times} times this size.`;
}
