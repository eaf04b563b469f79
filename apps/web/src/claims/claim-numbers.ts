import type { Claim, PartResult, Verdict } from '@claimbench/contracts';
import type { ForestRow } from '@claimbench/ui';
import { halfWidthOf, plusMinus, significant } from '@claimbench/ui/numbers';

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
 * Parts as rows of a forest plot. The claimed value is marked only where the test is in the paper's own regime and in the
 * paper's own unit: everywhere else the two numbers cannot be compared.
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
    claimed: grade === 'same-regime' && claim.unit === part.unit ? claim.claimedValue : null,
  }));
}
