import { estimateFromBlocks } from '../statistics/index.ts';
import { gapContrasts } from './contrasts.ts';
import { type Judgement, judge } from './judgement.ts';

/**
 * "Closes a share of the gap": first the gap itself must be supported with its margin, else there is nothing to close
 * (`no-gap`, with the gap's own effect and interval); then (base - arm) - share x (base - reference) above 0.
 */
export function judgeGap(
  losses: { base: readonly number[]; arm: readonly number[]; reference: readonly number[] },
  share: number,
  gapMargin: number,
  level: number,
): Judgement {
  const gap = judge(
    estimateFromBlocks(gapContrasts(losses.base, losses.reference, losses.base, 0)),
    'greater',
    gapMargin,
    level,
  );
  if (gap.verdict !== 'supported') return { ...gap, verdict: 'inconclusive', reason: 'no-gap' };
  const contrasts = gapContrasts(losses.base, losses.arm, losses.reference, share);
  return judge(estimateFromBlocks(contrasts), 'greater', 0, level);
}
