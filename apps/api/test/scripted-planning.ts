import {
  AppError,
  type ComparisonRequest,
  hashOf,
  type PlannedRun,
  Protocol,
  type ProtocolRequest,
  RegisteredProtocol,
  type RunSpec,
  type Verdict,
} from '@claimbench/contracts';
import { type Advance, type EarlierBlocks, RULE_VERSION } from '@claimbench/experiments';
import { ExperimentPlanning } from '../src/experiment/experiment.planning.ts';

const DATA = { name: 'node-docs', sha256: 'd'.repeat(64) };

/** A spec that differs from others by its seed and one parameter alone. */
export function specOf(seed: number, technique: string, bits?: number): RunSpec {
  return {
    version: 1,
    subject: {
      kind: 'recipe',
      name: 'tiny-gpt2',
      architecture: { style: 'gpt2', layers: 2, hiddenSize: 64, heads: 4, feedForwardSize: 256, contextLength: 64 },
      tokenizer: { kind: 'byte' },
      data: DATA,
      training: { tokens: 1000, batchSize: 4, learningRate: 0.001, warmup: 0.1, weightDecay: 0, gradientClip: 1 },
    },
    technique: { id: technique, parameters: bits === undefined ? {} : { bits } },
    evaluation: { data: DATA, split: 'validation', items: 10, windowTokens: null },
    seed,
    backend: 'reference',
  };
}

export async function plannedRun(spec: RunSpec, arm: string, more: Partial<PlannedRun> = {}): Promise<PlannedRun> {
  const specHash = await hashOf(spec);
  return {
    spec,
    specHash,
    arm,
    role: 'judged',
    stage: 0,
    block: spec.seed,
    base: null,
    fresh: false,
    estimatedSeconds: 2,
    ...more,
  };
}

/** `count` runs that need nothing; seeds from `first` on. */
export function plainRuns(count: number, first: number): Promise<PlannedRun[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => plannedRun(specOf(first + i, 'none'), 'baseline')));
}

/** One base and one quantized run a width that starts from it. */
export async function baseAndDependents(seed: number, widths: readonly number[]): Promise<PlannedRun[]> {
  const base = await plannedRun(specOf(seed, 'none'), 'base', { role: 'base' });
  const dependents = widths.map((bits) =>
    plannedRun(specOf(seed, 'round-to-nearest', bits), `bits=${bits}`, { base: base.specHash }),
  );
  return [base, ...(await Promise.all(dependents))];
}

export const PROTOCOL = Protocol.parse({
  id: '229.4-quick',
  version: 1,
  claim: '229.4',
  scale: 'quick',
  kind: 'threshold',
  grade: 'scaled-down',
  scope: 'recipe',
  title: 'Rounding holds to 4 bits',
  reading: 'A test of the engine.',
  subject: { kind: 'recipe', name: 'tiny-gpt2' },
  evaluation: { data: 'node-docs', split: 'test', items: 10, windowTokens: null },
  arms: [
    { id: 'full', label: 'Full precision', role: 'baseline', technique: { id: 'none', parameters: {} } },
    { id: 'four', label: '4 bits', role: 'technique', technique: { id: 'round-to-nearest', parameters: { bits: 4 } } },
  ],
  tuning: null,
  parts: [
    {
      id: 'holds',
      statement: '4 bits hold',
      template: 'not-worse',
      contrast: {
        metric: 'natsPerByte',
        terms: [
          { arm: 'full', coefficient: 1 },
          { arm: 'four', coefficient: -1 },
        ],
      },
      margin: { kind: 'absolute', value: 0.1 },
    },
  ],
  quantifier: 'single',
  controls: [{ id: 'bit', kind: 'bit', statement: 'equal digests', part: null, arm: 'full' }],
  plan: { name: 'fixed', blocks: 3 },
  expectedSeconds: 10,
});

/** A verdict whose statistics do not matter here. */
export async function verdictOf(protocolHash: string): Promise<Verdict> {
  return {
    claim: PROTOCOL.claim,
    protocolId: PROTOCOL.id,
    protocolHash,
    ruleVersion: RULE_VERSION,
    kind: PROTOCOL.kind,
    quantifier: PROTOCOL.quantifier,
    grade: PROTOCOL.grade,
    scope: PROTOCOL.scope,
    verdict: 'supported',
    reason: 'within-margin',
    words: 'Supported: the loss grew by less than the margin.',
    plan: 'fixed',
    look: 1,
    n: 3,
    parts: [],
    controls: [],
    tuning: [],
    premises: [],
    secondSize: null,
    missingGuards: [],
    failedRuns: {},
    subjectLine: '2 layers, d64',
    labels: [],
  };
}

/**
 * Plans that a story writes down itself, so that it is about the engine alone: which runs exist, in which order, and what comes
 * after them. Everything else is the real thing.
 */
export class ScriptedPlanning extends ExperimentPlanning {
  /** What the next comparison consists of. */
  runs: PlannedRun[] = [];
  /** Stages of the next protocol; after the last one comes its verdict. */
  stages: PlannedRun[][] = [];
  /** Thrown instead of a verdict. */
  judgementFails: Error | null = null;

  override async comparison(_request: ComparisonRequest) {
    return { runs: this.runs, labels: { baseline: 'Baseline', base: 'Base' } };
  }

  override protocol(id: string): Protocol {
    if (id !== PROTOCOL.id) throw new AppError('unknown-protocol', `There is no protocol ${id}.`);
    return PROTOCOL;
  }

  override async register(request: ProtocolRequest) {
    const registered = RegisteredProtocol.parse({
      ruleVersion: RULE_VERSION,
      protocol: { ...this.protocol(request.protocolId), backend: request.backend ?? 'native' },
      subject: specOf(0, 'none').subject,
      secondSubject: null,
      evaluation: specOf(0, 'none').evaluation,
    });
    return { registered, protocolHash: await hashOf(registered) };
  }

  /** What `advance` was told of earlier registrations, the latest call last. */
  earlier: EarlierBlocks[][] = [];

  override async rejudge({ protocolHash }: Parameters<ExperimentPlanning['rejudge']>[0]): Promise<Verdict> {
    return verdictOf(protocolHash);
  }

  override async advance({
    protocolHash,
    finished,
    earlier,
  }: Parameters<ExperimentPlanning['advance']>[0]): Promise<Advance> {
    this.earlier.push([...(earlier ?? [])]);
    const stage = 1 + Math.max(-1, ...finished.map((run) => run.stage));
    const runs = this.stages[stage];
    if (runs) return { kind: 'runs', stage, runs: runs.map((run) => ({ ...run, stage })) };
    if (this.judgementFails) throw this.judgementFails;
    return { kind: 'verdict', verdict: await verdictOf(protocolHash) };
  }
}
