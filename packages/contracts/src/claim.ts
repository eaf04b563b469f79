import { z } from 'zod';

export const Family = z
  .enum(['norm', 'quantization', 'pruning', 'layer-skipping', 'adjacent', 'out-of-scope'])
  .meta({ id: 'Family' });
export type Family = z.infer<typeof Family>;

/** Kinds of claims; each fixes the contrast and the template of its verdict (docs/method.md section 1). */
export const ClaimKind = z.enum([
  'superiority',
  'no-loss',
  'equivalence',
  'ordering',
  'frontier',
  'trend',
  'interaction',
  'threshold',
  'gap-closure',
  'stability',
  'dispersion',
  'contrast-within',
  'share-or-shape',
  'association',
  'law',
  'identity',
  'theorem',
  'count',
  'speed',
  'time-to-target',
  'construction',
  'generality',
  'level',
  'context',
]);
export type ClaimKind = z.infer<typeof ClaimKind>;

export const Scale = z.enum(['quick', 'standard', 'full']).meta({ id: 'Scale' });
export type Scale = z.infer<typeof Scale>;

export const Testability = z.object({
  at: z.enum(['quick', 'standard', 'full', 'not-here']),
  /** How it is tested, or why it cannot be tested here. */
  reason: z.string().min(1),
  needs: z.array(z.string()),
});

/** What the project does about the claim; `outside` and `not testable` always carry their reason: nothing is hidden. */
export const ClaimStatus = z.enum(['verdict', 'implemented', 'planned', 'not-testable-here', 'outside']);
export type ClaimStatus = z.infer<typeof ClaimStatus>;

/** "270.0": number of the paper in the corpus, then the claim's index in that paper. */
export const ClaimId = z.string().regex(/^\d+\.\d+$/, 'expected a claim id like 270.0');

export const Claim = z
  .object({
    id: ClaimId,
    /** The claim in our own words. */
    statement: z.string().min(1),
    metric: z.string().min(1),
    /** null where the claim carries no number. */
    unit: z.string().nullable(),
    direction: z.enum(['lower-better', 'higher-better', 'equal', 'qualitative']),
    subject: z.string(),
    condition: z.string(),
    claimedValue: z.number().nullable(),
    baseline: z.string(),
    /** Where in the paper it stands, if known. */
    location: z.string().nullable(),
    /** null for claims of papers outside the four families. */
    kind: ClaimKind.nullable(),
    testability: Testability.nullable(),
    /** Once our outcome speaks against the claim: what was checked before we believed it. */
    doubt: z.string().min(1).nullable().default(null),
  })
  .meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;

export const Paper = z
  .object({
    number: z.number().int().nonnegative(),
    slug: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    title: z.string().min(1),
    family: Family,
    /** What the paper does, in our own words. */
    technique: z.string(),
    scaledDownTest: z.string().nullable(),
    needsTraining: z.boolean().nullable(),
    modality: z.string().nullable(),
    difficulty: z.number().int().nullable(),
    links: z.object({ paper: z.url().nullable(), code: z.url().nullable() }),
    claims: z.array(Claim).min(1),
  })
  .meta({ id: 'Paper' });
export type Paper = z.infer<typeof Paper>;
