import { ClaimStatus, ClaimSummary, Family, PageQuery, page, Testability, VerdictWord } from '@claimbench/contracts';
import { z } from 'zod';

export const ClaimQuery = PageQuery.extend({
  family: Family.optional(),
  status: ClaimStatus.optional(),
  /** The word of the claim's headline verdict. */
  verdict: VerdictWord.optional(),
  /** The scale at which the claim can be tested here. */
  testable: Testability.shape.at.optional(),
  q: z.string().max(200).optional(),
});
export type ClaimQuery = z.infer<typeof ClaimQuery>;
export const ClaimPage = page(ClaimSummary, 'ClaimPage');
export type ClaimPage = z.infer<typeof ClaimPage>;
