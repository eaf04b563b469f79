import { z } from 'zod';
import { ClaimId, ClaimKind, Scale } from './claim.ts';
import { MetricName } from './outcome.ts';
import { BackendName, EvaluationSpec, SubjectSpec, TimingSpec } from './run-spec.ts';
import { TechniqueSpec } from './technique.ts';

/**
 * A protocol says how a claim is tested at one scale. It is data beside its paper, is registered (frozen and hashed) before
 * its seeds are revealed, and is all that a verdict needs besides the runs' outcomes. See docs/method.md.
 */

/** Subjects and evaluations of a protocol name data without its hash; the hash is filled in when the protocol is registered. */
const RecipeTemplate = z.object({ kind: z.literal('recipe'), name: z.string() });
export const SubjectTemplate = z.discriminatedUnion('kind', [
  RecipeTemplate,
  z.object({ kind: z.literal('classifier'), name: z.string() }),
  z.object({ kind: z.literal('checkpoint'), name: z.string() }),
]);
export type SubjectTemplate = z.infer<typeof SubjectTemplate>;

export const Arm = z
  .object({
    id: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
    label: z.string().min(1),
    role: z.enum(['baseline', 'technique', 'rival', 'control']),
    technique: TechniqueSpec,
    /**
     * `shared`: the judged seeds, paired with all other arms. `other`: as many further seeds, for the negative control
     * (baseline against itself). `repeat`: the first judged seed executed a second time, for the bit control.
     */
    seeds: z.enum(['shared', 'other', 'repeat']).default('shared'),
    /** A fixed rate instead of the recipe's or the tuned one: arms of stability claims, one a rate. */
    learningRate: z.number().positive().max(10).nullable().default(null),
    /**
     * Another recipe than the protocol's subject, on the same text in the same windows: arms that compare depths, or lengths of
     * training. Such a protocol has no second subject: the arm has no second size.
     */
    subject: RecipeTemplate.optional(),
  })
  .meta({ id: 'Arm' });
export type Arm = z.infer<typeof Arm>;

/** The smallest effect that counts: a number in the contrast's own unit, or a share of the baseline arm's mean. */
export const Margin = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('absolute'), value: z.number().nonnegative() }),
    z.object({ kind: z.literal('relative'), value: z.number().nonnegative(), of: z.string() }),
  ])
  .meta({ id: 'Margin' });
export type Margin = z.infer<typeof Margin>;

/**
 * What several doses, costs or levels make of one block, where that is not a sum (docs/method.md, "What is measured"):
 * `trend`: least-squares change of the terms' sum over the whole range of their doses; `exponent`: slope of ln metric over ln dose,
 * times the coefficients' sign; `frontier`: mean gap at equal cost over the common range of ln cost, terms above 0 against terms
 * below; `dispersion`: ln (standard deviation of the terms above 0 / of those below) over the same levels.
 */
export const ContrastShape = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('trend') }),
    z.object({ kind: z.literal('exponent') }),
    z.object({ kind: z.literal('frontier'), cost: MetricName }),
    z.object({ kind: z.literal('dispersion') }),
  ])
  .meta({ id: 'ContrastShape' });
export type ContrastShape = z.infer<typeof ContrastShape>;

/**
 * One number per block, oriented so that the claim says it is above 0: the sum of coefficient x metric over arms (`log`: of
 * ln metric, `atanh`: of atanh metric, for correlations). A difference is (baseline 1, technique -1) for a loss; an interaction has
 * four terms; gap closure is (base 1-p, arm -1, reference p). `plus` is added: a statistic against its stated limit is
 * (technique 1) plus -limit. What is optional is left out of a protocol that does not need it, so that its hash stays.
 */
export const Contrast = z
  .object({
    metric: MetricName,
    scale: z.enum(['raw', 'log', 'atanh']).default('raw'),
    shape: ContrastShape.optional(),
    plus: z.number().optional(),
    terms: z
      .array(
        z.object({
          arm: z.string(),
          coefficient: z.number(),
          /** Another metric than the contrast's: two groups inside one model. */
          metric: MetricName.optional(),
          /** For `trend` and `exponent`. */
          dose: z.number().optional(),
        }),
      )
      .min(1),
  })
  .meta({ id: 'Contrast' });
export type Contrast = z.infer<typeof Contrast>;

export const Template = z.enum(['greater', 'not-worse', 'within', 'rate', 'exact', 'count']).meta({ id: 'Template' });
export type Template = z.infer<typeof Template>;

/** The number that a count is held against, to its last printed digit. */
export const CountedClaim = z
  .object({
    claimed: z.number(),
    relation: z.enum(['=', 'about', '<', '<=', '>', '>=', 'up-to', 'at-least']),
    decimals: z.number().int().min(0).max(12),
  })
  .meta({ id: 'CountedClaim' });
export type CountedClaim = z.infer<typeof CountedClaim>;

/**
 * One condition of the claim. Template `rate` reads whether runs diverged: its terms are pairs (baseline 1, technique -1),
 * one pair a setting. Template `count` holds the contrast (for `log`: its exponential, a ratio) against `counted`.
 */
export const Part = z
  .object({
    id: z.string(),
    statement: z.string().min(1),
    template: Template,
    contrast: Contrast,
    margin: Margin,
    counted: CountedClaim.nullable().default(null),
    /** The paper's number in the contrast's own unit and direction: drawn beside ours, never judged. */
    claimed: z.number().optional(),
  })
  .meta({ id: 'ProtocolPart' });
export type Part = z.infer<typeof Part>;

/** A comparison whose result is known beforehand; without it a verdict is not believed (guards 1 and 2). */
export const Control = z
  .object({
    id: z.string(),
    kind: z.enum(['positive', 'negative', 'bit']),
    statement: z.string().min(1),
    /** null for the bit control, which compares digests. */
    part: Part.nullable(),
    /** For the bit control: the arm with seeds `repeat`. */
    arm: z.string().nullable().default(null),
  })
  .meta({ id: 'Control' });
export type Control = z.infer<typeof Control>;

/** Equal tuning of all arms (guard 3): every rate x every tuning seed for each arm, best on validation, judged once on test. */
export const Tuning = z
  .object({
    parameter: z.literal('learningRate'),
    values: z.array(z.number().positive()).min(3),
    seeds: z.number().int().min(2),
  })
  .meta({ id: 'Tuning' });
export type Tuning = z.infer<typeof Tuning>;

/** When to look (docs/method.md 2.4): verdicts exist only at these numbers of blocks. */
export const Plan = z
  .discriminatedUnion('name', [
    z.object({ name: z.literal('fixed'), blocks: z.number().int().min(3, 'a verdict needs at least 3 seeds').max(64) }),
    z.object({ name: z.literal('standard') }),
    z.object({ name: z.literal('cheap') }),
    /** One look, at as many blocks as a pilot of three that are never judged says are needed, and no more than `most`. */
    z.object({ name: z.literal('pilot'), most: z.number().int().min(3, 'a verdict needs at least 3 seeds').max(64) }),
  ])
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

export const Protocol = z
  .object({
    id: z.string().regex(/^\d+\.\d+-(quick|standard|full)(-[a-z0-9-]+)?$/),
    version: z.number().int().min(1),
    claim: ClaimId,
    scale: Scale,
    kind: ClaimKind,
    grade: z.enum(['same-regime', 'scaled-down', 'mechanism-only']),
    scope: z.enum(['recipe', 'checkpoint']),
    title: z.string().min(1),
    /** Which reading of the claim this tests, and where the scale differs from the paper's. */
    reading: z.string().min(1),
    subject: SubjectTemplate,
    /**
     * Another size of the same subject. It is run only when the first size contradicts a scaled-down claim: a contradiction
     * needs the same sign at both (docs/method.md, guards).
     */
    secondSubject: SubjectTemplate.nullable().default(null),
    evaluation: EvaluationSpec.omit({ data: true }).extend({ data: z.string() }),
    arms: z.array(Arm).min(2),
    tuning: Tuning.nullable(),
    /** For claims about speed: what every arm is timed against. Left out where nothing is timed. */
    timing: TimingSpec.optional(),
    /** What the claim presupposes (a gap to close, redundant layers): all must be supported, else nothing is judged. */
    premises: z.array(Part).default([]),
    parts: z.array(Part).min(1),
    quantifier: z.enum(['single', 'all', 'any', 'most']),
    controls: z.array(Control).min(1, 'a protocol needs a control'),
    plan: Plan,
    backend: BackendName.default('native'),
    /** Wall time on two cores of the reference machine, for the plan shown before submitting. */
    expectedSeconds: z.number().positive(),
  })
  .meta({ id: 'Protocol' });
export type Protocol = z.infer<typeof Protocol>;

/** What is frozen and hashed at registration: the protocol with everything it names resolved. */
export const RegisteredProtocol = z
  .object({
    ruleVersion: z.number().int(),
    protocol: Protocol,
    subject: SubjectSpec,
    secondSubject: SubjectSpec.nullable(),
    /** The subjects that arms name, by recipe; left out where none does. */
    armSubjects: z.record(z.string(), SubjectSpec).optional(),
    evaluation: EvaluationSpec,
  })
  .meta({ id: 'RegisteredProtocol' });
export type RegisteredProtocol = z.infer<typeof RegisteredProtocol>;
