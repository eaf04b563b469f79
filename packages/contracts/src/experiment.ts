import { z } from 'zod';
import { ClaimId } from './claim.ts';
import { MetricName } from './outcome.ts';
import { RegisteredProtocol, SubjectTemplate } from './protocol.ts';
import { BackendName, Probes, RunSpec, Sha256, TrainingSpec } from './run-spec.ts';
import { ExperimentState, RunState } from './run-state.ts';
import { TechniqueParameters } from './technique.ts';
import { Interval, Verdict } from './verdict.ts';

/** More runs than this in one experiment are refused with this number. */
export const MAX_RUNS_PER_EXPERIMENT = 2000;

/** A free comparison: every technique over its grid, each point with the same seeds on the same subject. */
export const ComparisonRequest = z
  .object({
    kind: z.literal('comparison'),
    title: z.string().min(1).max(200),
    claim: ClaimId.nullable().default(null),
    subject: SubjectTemplate,
    /** Overrides of the subject's recipe, e.g. fewer tokens. */
    training: TrainingSpec.partial().default({}),
    data: z.string().min(1),
    items: z.number().int().min(10).max(5000).default(400),
    /** Measured beside the loss. */
    probes: Probes.default([]),
    techniques: z
      .array(
        z.object({
          id: z.string(),
          /** Fixed parameters; the rest take their defaults. */
          parameters: TechniqueParameters.default({}),
          /** Parameter -> values; the grid is their product. */
          grid: z.record(z.string(), z.array(z.json()).min(1)).default({}),
        }),
      )
      .min(1)
      .max(20),
    /** Adds the subject without any technique as the first arm. */
    withBaseline: z.boolean().default(true),
    seeds: z.number().int().min(1).max(64).default(3),
    backend: BackendName.default('native'),
    /** Takes outcomes of earlier runs with the same spec hash instead of running them again. */
    reuse: z.boolean().default(true),
  })
  .meta({ id: 'ComparisonRequest' });
export type ComparisonRequest = z.infer<typeof ComparisonRequest>;

/** Registers a claim's protocol and runs it to a verdict. */
export const ProtocolRequest = z
  .object({ kind: z.literal('protocol'), protocolId: z.string(), backend: BackendName.optional() })
  .meta({ id: 'ProtocolRequest' });
export type ProtocolRequest = z.infer<typeof ProtocolRequest>;

export const ExperimentRequest = z
  .discriminatedUnion('kind', [ComparisonRequest, ProtocolRequest])
  .meta({ id: 'ExperimentRequest' });
export type ExperimentRequest = z.infer<typeof ExperimentRequest>;

/** One run as an experiment plans it. Several experiments may point at one run. */
export const PlannedRun = z.object({
  spec: RunSpec,
  specHash: Sha256,
  /** Key inside the experiment: arm, then seed; the same in every stage. */
  arm: z.string(),
  role: z.enum(['base', 'tuning', 'judged', 'control']),
  stage: z.number().int().nonnegative(),
  /** Index of the block; -1 for bases that serve several. */
  block: z.number().int(),
  /** Spec hash of the base whose checkpoint this run loads. */
  base: Sha256.nullable(),
  /** true: never answered from an earlier outcome (bit control). */
  fresh: z.boolean(),
  estimatedSeconds: z.number().positive(),
});
export type PlannedRun = z.infer<typeof PlannedRun>;

/** What a person sees before submitting. */
export const ExperimentPlan = z
  .object({
    runs: z.number().int(),
    bases: z.number().int(),
    reused: z.number().int(),
    /** Sum over the runs, and wall time with the workers that are connected. */
    computeSeconds: z.number(),
    wallSeconds: z.number(),
    arms: z.array(z.object({ arm: z.string(), label: z.string(), runs: z.number().int() })),
    limit: z.number().int(),
    /** Later stages (tuning, further looks) that depend on what is measured: the most that they can add. */
    atMostRuns: z.number().int(),
    notes: z.array(z.string()),
  })
  .meta({ id: 'ExperimentPlan' });
export type ExperimentPlan = z.infer<typeof ExperimentPlan>;

export const RunCounts = z.record(RunState, z.number().int()).meta({ id: 'RunCounts' });

export const SeedReveal = z
  .object({
    /** Index in the server's hash chain; `commitment` = SHA-256(secret) was public before the registration. */
    index: z.number().int(),
    commitment: Sha256,
    secret: Sha256,
    protocolHash: Sha256,
  })
  .meta({ id: 'SeedReveal' });
export type SeedReveal = z.infer<typeof SeedReveal>;

export const ExperimentView = z
  .object({
    id: z.string(),
    title: z.string(),
    state: ExperimentState,
    claim: ClaimId.nullable(),
    request: ExperimentRequest,
    registration: z.object({ registered: RegisteredProtocol, protocolHash: Sha256, reveal: SeedReveal }).nullable(),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    /** What the newest stage's runs are for: to choose learning rates and the number of seeds, or to be judged. */
    phase: z.enum(['tuning', 'judged']),
    counts: RunCounts,
    /** Estimate of the remaining wall time; null when finished. */
    remainingSeconds: z.number().nullable(),
    verdict: Verdict.nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'ExperimentView' });
export type ExperimentView = z.infer<typeof ExperimentView>;

export const ExperimentSummary = ExperimentView.omit({ request: true, registration: true, phase: true, verdict: true })
  .extend({ kind: z.enum(['comparison', 'protocol']), verdictWord: z.string().nullable() })
  .meta({ id: 'ExperimentSummary' });
export type ExperimentSummary = z.infer<typeof ExperimentSummary>;

/** One row of an experiment's comparison: an arm with the mean over its seeds and the paired difference to the baseline arm. */
export const ComparisonRow = z
  .object({
    arm: z.string(),
    label: z.string(),
    technique: z.string(),
    parameters: TechniqueParameters,
    n: z.number().int(),
    failed: z.number().int(),
    metrics: z.record(z.string(), z.object({ mean: z.number(), sd: z.number().nullable() })),
    /** baseline minus arm (lower-better metrics): positive is better than the baseline. */
    difference: z
      .object({ metric: MetricName, effect: z.number(), interval: Interval, n: z.number().int() })
      .nullable(),
  })
  .meta({ id: 'ComparisonRow' });
export type ComparisonRow = z.infer<typeof ComparisonRow>;
