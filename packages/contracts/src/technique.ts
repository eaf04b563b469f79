import { z } from 'zod';
import { Family } from './claim.ts';

/** Where a technique acts; decides whether a run trains its subject or loads a trained base. */
export const Seam = z.enum(['architecture', 'training', 'checkpoint', 'inference']).meta({ id: 'Seam' });
export type Seam = z.infer<typeof Seam>;

export const TechniqueParameters = z.record(z.string(), z.json());
export const TechniqueSpec = z
  .object({ id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/), parameters: TechniqueParameters })
  .meta({ id: 'TechniqueSpec' });
export type TechniqueSpec = z.infer<typeof TechniqueSpec>;

/** What the dashboard and the API know of a technique; its form is built from `parametersSchema`. */
export const TechniqueDescriptor = z
  .object({
    id: z.string(),
    title: z.string(),
    /** `combined`: made of other techniques; `none`: changes nothing. */
    family: Family.or(z.enum(['combined', 'none'])),
    seam: Seam,
    summary: z.string(),
    /** The paper's equation in TeX. */
    equation: z.string().nullable(),
    /** Numbers of the papers that it comes from. */
    papers: z.array(z.number().int()),
    /** JSON Schema (2020-12) of the parameters, input side, with defaults, bounds and descriptions. */
    parametersSchema: z.record(z.string(), z.json()),
    /** Parameters that make a sensible grid, with the values that the form offers first. */
    grid: z.record(z.string(), z.array(z.json())),
  })
  .meta({ id: 'TechniqueDescriptor' });
export type TechniqueDescriptor = z.infer<typeof TechniqueDescriptor>;
