import { z } from 'zod';
import { ClaimId, ClaimKind } from './claim.ts';
import { Template } from './protocol.ts';
import { BackendName, Sha256 } from './run-spec.ts';

export const VerdictWord = z.enum(['supported', 'contradicted', 'inconclusive']).meta({ id: 'VerdictWord' });
export type VerdictWord = z.infer<typeof VerdictWord>;

/** Ends may be infinite (null): an interval from two blocks says nothing. */
export const Interval = z.tuple([z.number().nullable(), z.number().nullable()]).meta({ id: 'Interval' });
export type Interval = z.infer<typeof Interval>;

export const EvidenceLevel = z
  .enum(['self-reported', 'measured', 'replicated', 'cross-backend'])
  .meta({ id: 'EvidenceLevel' });
export type EvidenceLevel = z.infer<typeof EvidenceLevel>;

/** The result of one part (or one control) of a protocol. */
export const PartResult = z
  .object({
    id: z.string(),
    statement: z.string(),
    template: Template,
    verdict: VerdictWord,
    reason: z.string(),
    /** In `unit`, oriented so that the claim says it is above 0. */
    effect: z.number(),
    interval: Interval,
    level: z.number(),
    margin: z.number(),
    unit: z.string(),
    n: z.number().int(),
    /** Smallest detectable effect (power 0.8); null where it is infinite. */
    mde: z.number().nullable(),
    sdPaired: z.number().nullable(),
    sdUnpaired: z.number().nullable(),
    shareAbove0: z.number(),
    worstBlock: z.number(),
    skewness: z.number().nullable(),
    /** One contrast a block, in the order of the seeds. */
    contrasts: z.array(z.number()),
    /** The paper's number in `unit`, where the protocol gives one. */
    claimed: z.number().optional(),
  })
  .meta({ id: 'PartResult' });
export type PartResult = z.infer<typeof PartResult>;

export const ControlResult = z
  .object({
    id: z.string(),
    kind: z.enum(['positive', 'negative', 'bit']),
    statement: z.string(),
    passed: z.boolean(),
    /** What was seen, in words. */
    finding: z.string(),
    result: PartResult.nullable(),
  })
  .meta({ id: 'ControlResult' });
export type ControlResult = z.infer<typeof ControlResult>;

export const TuningResult = z
  .object({
    arm: z.string(),
    /** Mean validation loss at each value, over the tuning seeds. */
    trials: z.array(z.object({ value: z.number(), loss: z.number() })),
    best: z.number(),
    bestAtEdge: z.boolean(),
  })
  .meta({ id: 'TuningResult' });
export type TuningResult = z.infer<typeof TuningResult>;

export const Verdict = z
  .object({
    claim: ClaimId,
    protocolId: z.string(),
    protocolHash: Sha256,
    ruleVersion: z.number().int(),
    /** What the runs were computed on; verdicts of the first days do not say. */
    backend: BackendName.optional(),
    kind: ClaimKind,
    quantifier: z.string(),
    grade: z.enum(['same-regime', 'scaled-down', 'mechanism-only']),
    scope: z.enum(['recipe', 'checkpoint']),
    verdict: VerdictWord,
    reason: z.string(),
    /** The verdict and its rule in one or two sentences. */
    words: z.string(),
    plan: z.string(),
    look: z.number().int(),
    n: z.number().int(),
    parts: z.array(PartResult),
    premises: z.array(PartResult),
    /** The parts at the second size, where a contradiction was checked there. */
    secondSize: z.object({ subjectLine: z.string(), parts: z.array(PartResult) }).nullable(),
    controls: z.array(ControlResult),
    tuning: z.array(TuningResult),
    /** Guards (docs/method.md) that did not hold; empty for a decided verdict. */
    missingGuards: z.array(z.string()),
    failedRuns: z.record(z.string(), z.number().int()),
    /** What the subject was: "2 layers, d64, 0.14 M parameters, 0.3 M tokens"; with arms of other subjects, from the least to the most. */
    subjectLine: z.string(),
    /** What the subjects of single arms were, by arm; left out where all had the protocol's. */
    armSubjectLines: z.record(z.string(), z.string()).optional(),
    labels: z.array(z.string()),
  })
  .meta({ id: 'Verdict' });
export type Verdict = z.infer<typeof Verdict>;

export const VerdictRecord = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    cause: z.enum(['new-evidence', 'rule-change', 'correction', 'dispute']),
    evidenceLevel: EvidenceLevel,
    experimentId: z.string(),
    verdict: Verdict,
  })
  .meta({ id: 'VerdictRecord' });
export type VerdictRecord = z.infer<typeof VerdictRecord>;

/** One verdict that a change of the rules turned around. */
export const Flip = z
  .object({
    claim: ClaimId,
    protocolId: z.string(),
    experimentId: z.string(),
    from: z.object({ verdict: VerdictWord, reason: z.string(), ruleVersion: z.number().int() }),
    to: z.object({ verdict: VerdictWord, reason: z.string(), ruleVersion: z.number().int() }),
  })
  .meta({ id: 'Flip' });
export type Flip = z.infer<typeof Flip>;

/** What judging old outcomes by new rules brought. */
export const RuleChange = z
  .object({ ruleVersion: z.number().int(), judged: z.number().int(), dryRun: z.boolean(), flips: z.array(Flip) })
  .meta({ id: 'RuleChange' });
export type RuleChange = z.infer<typeof RuleChange>;
