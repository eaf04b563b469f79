import { z } from 'zod';
import { Claim, ClaimStatus, Paper } from './claim.ts';
import { ExperimentSummary } from './experiment.ts';
import { Protocol } from './protocol.ts';
import { BackendName, SubjectSpec } from './run-spec.ts';
import { VerdictRecord } from './verdict.ts';

export const PaperSummary = Paper.omit({ claims: true, technique: true, scaledDownTest: true })
  .extend({ claimCount: z.number().int(), verdictCount: z.number().int() })
  .meta({ id: 'PaperSummary' });
export type PaperSummary = z.infer<typeof PaperSummary>;

export const ClaimSummary = Claim.extend({
  status: ClaimStatus,
  /** Why it has that status: no claim is hidden without a reason. */
  statusReason: z.string().min(1),
  paper: z.object({ number: z.number().int(), title: z.string(), slug: z.string(), family: Paper.shape.family }),
  protocolIds: z.array(z.string()),
  headline: VerdictRecord.nullable(),
}).meta({ id: 'ClaimSummary' });
export type ClaimSummary = z.infer<typeof ClaimSummary>;

export const ClaimView = z
  .object({
    claim: ClaimSummary,
    paper: Paper.omit({ claims: true }),
    protocols: z.array(Protocol),
    history: z.array(VerdictRecord),
    experiments: z.array(ExperimentSummary),
  })
  .meta({ id: 'ClaimView' });
export type ClaimView = z.infer<typeof ClaimView>;

export const SubjectOption = z
  .object({
    kind: z.enum(['recipe', 'classifier', 'checkpoint']),
    name: z.string(),
    title: z.string(),
    description: z.string(),
    parameters: z.number().int(),
    data: z.array(z.string()),
    spec: SubjectSpec.nullable(),
    /** null: ready; else what is missing and how to get it. */
    unavailable: z.string().nullable(),
  })
  .meta({ id: 'SubjectOption' });
export type SubjectOption = z.infer<typeof SubjectOption>;

export const DataSetOption = z
  .object({
    name: z.string(),
    title: z.string(),
    description: z.string(),
    sha256: z.string(),
    bytes: z.number().int(),
    unavailable: z.string().nullable(),
  })
  .meta({ id: 'DataSetOption' });
export type DataSetOption = z.infer<typeof DataSetOption>;

export const BackendOption = z
  .object({ name: BackendName, title: z.string(), description: z.string(), unavailable: z.string().nullable() })
  .meta({ id: 'BackendOption' });
export type BackendOption = z.infer<typeof BackendOption>;

/** Everything that the form of a new experiment offers. */
export const SystemStatus = z
  .object({
    version: z.string(),
    ruleVersion: z.number().int(),
    database: z.enum(['up', 'down']),
    queue: z.enum(['up', 'down']),
    queueBackend: z.enum(['postgres', 'redis']),
    workers: z.array(
      z.object({
        name: z.string(),
        lastSeen: z.iso.datetime(),
        machine: z.record(z.string(), z.union([z.string(), z.number()])),
        running: z.number().int(),
      }),
    ),
    /** SHA-256 commitments of seeds that are not yet revealed. */
    nextCommitment: z.string(),
  })
  .meta({ id: 'SystemStatus' });
export type SystemStatus = z.infer<typeof SystemStatus>;
