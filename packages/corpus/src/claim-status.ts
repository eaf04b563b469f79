import type { Claim, ClaimStatus, Paper } from '@claimbench/contracts';
import { isCoreFamily } from './check-paper.ts';

/** What the project does about a claim, with the reason: no claim is hidden, whether it is tested or not. */
export function claimStatus(
  paper: Pick<Paper, 'family'>,
  claim: Claim,
  known: { protocols: number; hasVerdict: boolean },
): { status: ClaimStatus; reason: string } {
  if (paper.family === 'out-of-scope') {
    return { status: 'outside', reason: 'The paper is not about norms, quantization, pruning or skipping layers.' };
  }
  if (known.hasVerdict) return { status: 'verdict', reason: 'A protocol of this claim reached a verdict.' };
  if (known.protocols > 0) return { status: 'implemented', reason: 'A protocol is ready to be submitted.' };
  if (!isCoreFamily(paper.family)) {
    return { status: 'planned', reason: 'The paper borders on the four families; its claims are not classified yet.' };
  }
  if (claim.testability?.at === 'not-here') return { status: 'not-testable-here', reason: claim.testability.reason };
  return {
    status: 'planned',
    reason: `Testable at the scale ${claim.testability?.at ?? 'standard'}: ${claim.testability?.reason ?? 'not classified yet'}`,
  };
}
