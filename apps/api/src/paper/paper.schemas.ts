import { Family, PageQuery, PaperSummary, page } from '@claimbench/contracts';
import { z } from 'zod';

export const PaperQuery = PageQuery.extend({ family: Family.optional(), q: z.string().max(200).optional() });
export type PaperQuery = z.infer<typeof PaperQuery>;
export const PaperPage = page(PaperSummary, 'PaperPage');
export type PaperPage = z.infer<typeof PaperPage>;
export const PaperNumber = z.coerce.number().int().nonnegative();
