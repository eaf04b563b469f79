import { type Outcome, type PlannedRun, Protocol, type RunSpec, type Verdict } from '@claimbench/contracts';
import type { z } from 'zod';
import type { FinishedRun } from '../finished-run.ts';
import type { Resources } from '../resources.ts';
import { trainedSubjects } from '../subjects/subjects.ts';
import { advanceProtocol, type EarlierBlocks } from './advance.ts';
import { registerProtocol } from './register.ts';

/** Protocols run on outcomes that a formula makes: everything of a verdict but the models. */

export const RESOURCES: Resources = {
  subjects: trainedSubjects(),
  dataSets: [
    { name: 'node-docs', title: 'Docs', description: '', sha256: '1'.repeat(64), bytes: 1, unavailable: null },
    { name: 'generated-digits', title: 'Digits', description: '', sha256: '2'.repeat(64), bytes: 1, unavailable: null },
  ],
};
export const SECRET = '5'.repeat(64);

/** Loss in nats per byte of a run; NaN stands for a run that diverged. `luck` is standard normal, the same for equal seeds. */
export type LossModel = (run: { spec: RunSpec; arm: string; luck: number; own: number }) => number;

export const UNIGRAM_ENTROPY = 3.2;

/** A standard normal number from a text: the same text, the same number. */
export function luckOf(text: string): number {
  let hash = 2166136261;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
  const next = () => {
    hash = (hash + 0x6d2b79f5) | 0;
    let t = Math.imul(hash ^ (hash >>> 15), 1 | hash);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
}

export function outcomeOf(run: Pick<PlannedRun, 'spec' | 'specHash' | 'arm'>, model: LossModel): Outcome {
  const { spec, specHash, arm } = run;
  const seed = String(spec.seed);
  const loss = model({ spec, arm, luck: luckOf(`seed ${seed}`), own: luckOf(specHash) });
  if (spec.subject.kind === 'classifier') return classifiedOf(specHash, loss);
  const diverged = Number.isNaN(loss);
  const natsPerByte = diverged ? UNIGRAM_ENTROPY : loss;
  const items = Array.from({ length: 12 }, (_, item) => 0.1 * luckOf(`item ${item}`));
  const centre = items.reduce((total, value) => total + value, 0) / items.length;
  return {
    metrics: { natsPerByte, bitsPerWeight: spec.technique.id === 'round-to-nearest' ? 4.25 : 32 },
    items: diverged ? null : { metric: 'natsPerByte', values: items.map((value) => natsPerByte + value - centre) },
    diverged: diverged ? { step: 7, reason: 'not-finite' } : null,
    timings: { seconds: 1 },
    digest: specHash,
    environment: { backend: 'native' },
  };
}

/** A classifier's outcome: the loss is nats per item, and each of them costs half of the accuracy. */
function classifiedOf(specHash: string, natsPerItem: number): Outcome {
  return {
    metrics: { natsPerItem, top1Accuracy: 1 - natsPerItem / 2 },
    items: null,
    diverged: null,
    timings: { seconds: 1 },
    digest: specHash,
    environment: { backend: 'native' },
  };
}

export interface Story {
  readonly verdict: Verdict;
  /** The planned runs, stage by stage. */
  readonly stages: readonly (readonly PlannedRun[])[];
  readonly finished: readonly FinishedRun[];
}

/** Registers a protocol and runs it to its verdict; `alter` may spoil single runs. */
export async function runProtocol(
  protocol: Protocol,
  model: LossModel,
  alter: (run: FinishedRun) => FinishedRun = (run) => run,
  { secret = SECRET, earlier = [] as readonly EarlierBlocks[] } = {},
): Promise<Story> {
  const { registered, protocolHash } = await registerProtocol(protocol, RESOURCES);
  const finished: FinishedRun[] = [];
  const stages: PlannedRun[][] = [];
  for (let step = 0; step < 12; step++) {
    const advance = await advanceProtocol({ registered, protocolHash, secret, finished, earlier });
    if (advance.kind === 'verdict') return { verdict: advance.verdict, stages, finished };
    stages.push(advance.runs);
    for (const run of advance.runs) {
      const outcome = outcomeOf(run, model);
      finished.push(alter({ ...run, state: 'succeeded', outcome, failure: null }));
    }
  }
  throw new Error('no verdict after 12 stages');
}

const LOSS = { metric: 'natsPerByte' } as const;
type ProtocolInput = z.input<typeof Protocol>;

/** "Four bits per group are better than four bits per tensor", on trained bases: no arm is trained. */
export function postTraining(changes: Partial<ProtocolInput> = {}): Protocol {
  const rtn = (bits: number, granularity: string) => {
    return { id: 'round-to-nearest', parameters: { bits, granularity } };
  };
  const none = { id: 'none', parameters: {} };
  const against = (arm: string, other: string) => ({
    ...LOSS,
    terms: [
      { arm, coefficient: 1 },
      { arm: other, coefficient: -1 },
    ],
  });
  const margin = { kind: 'relative', value: 0.005, of: 'float' } as const;
  return Protocol.parse({
    id: '113.0-quick',
    version: 1,
    claim: '113.0',
    scale: 'quick',
    kind: 'superiority',
    grade: 'scaled-down',
    scope: 'recipe',
    title: 'Groups against one scale',
    reading: 'Weights only.',
    subject: { kind: 'recipe', name: 'tiny-gpt2' },
    secondSubject: { kind: 'recipe', name: 'xs-gpt2' },
    evaluation: { data: 'node-docs', split: 'test', items: 100, windowTokens: null },
    arms: [
      { id: 'float', label: 'f32', role: 'control', technique: none },
      { id: 'tensor', label: '4 bits, tensor', role: 'baseline', technique: rtn(4, 'tensor') },
      { id: 'group', label: '4 bits, groups', role: 'technique', technique: rtn(4, 'group') },
      { id: 'two', label: '2 bits', role: 'control', technique: rtn(2, 'tensor') },
      {
        id: 'tensor-other',
        label: '4 bits, other seeds',
        role: 'control',
        technique: rtn(4, 'tensor'),
        seeds: 'other',
      },
      { id: 'group-repeat', label: 'again', role: 'control', technique: rtn(4, 'group'), seeds: 'repeat' },
    ],
    tuning: null,
    parts: [
      {
        id: 'better',
        statement: 'groups lose less',
        template: 'greater',
        contrast: against('tensor', 'group'),
        margin,
      },
    ],
    quantifier: 'single',
    controls: [
      {
        id: 'two-bits',
        kind: 'positive',
        statement: 'two bits lose more than four',
        part: {
          id: 'two',
          statement: 'two bits lose more',
          template: 'greater',
          contrast: against('two', 'tensor'),
          margin,
        },
      },
      {
        id: 'same',
        kind: 'negative',
        statement: 'four bits against four bits under other seeds',
        part: {
          id: 'same',
          statement: 'no difference',
          template: 'greater',
          contrast: against('tensor-other', 'tensor'),
          margin,
        },
      },
      { id: 'bits', kind: 'bit', statement: 'the same run twice', part: null, arm: 'group-repeat' },
    ],
    plan: { name: 'cheap' },
    expectedSeconds: 100,
    ...changes,
  } satisfies ProtocolInput);
}

/** "RMSNorm is no worse than LayerNorm": both arms are trained, with equal tuning. */
export function trained(changes: Partial<ProtocolInput> = {}): Protocol {
  const terms = (arm: string, other: string) => [
    { arm, coefficient: 1 },
    { arm: other, coefficient: -1 },
  ];
  const layer = { id: 'layer-norm', parameters: {} };
  const margin = { kind: 'relative', value: 0.01, of: 'ln' } as const;
  return Protocol.parse({
    id: '270.0-quick',
    version: 1,
    claim: '270.0',
    scale: 'quick',
    kind: 'no-loss',
    grade: 'scaled-down',
    scope: 'recipe',
    title: 'RMSNorm for LayerNorm',
    reading: 'Trained from scratch.',
    subject: { kind: 'recipe', name: 'tiny-gpt2' },
    evaluation: { data: 'node-docs', split: 'test', items: 100, windowTokens: null },
    arms: [
      { id: 'ln', label: 'LayerNorm', role: 'baseline', technique: layer },
      { id: 'rms', label: 'RMSNorm', role: 'technique', technique: { id: 'rms-norm', parameters: {} } },
      { id: 'none', label: 'No norm', role: 'control', technique: { id: 'no-norm', parameters: {} } },
      { id: 'ln-other', label: 'LayerNorm, other seeds', role: 'control', technique: layer, seeds: 'other' },
      { id: 'ln-repeat', label: 'again', role: 'control', technique: layer, seeds: 'repeat' },
    ],
    tuning: { parameter: 'learningRate', values: [1e-3, 3e-3, 9e-3], seeds: 2 },
    parts: [
      {
        id: 'no-worse',
        statement: 'RMSNorm is no worse',
        template: 'not-worse',
        contrast: { ...LOSS, terms: terms('ln', 'rms') },
        margin,
      },
    ],
    quantifier: 'single',
    controls: [
      {
        id: 'no-norm',
        kind: 'positive',
        statement: 'no norm is worse',
        part: {
          id: 'no-norm',
          statement: 'no norm is worse',
          template: 'greater',
          contrast: { ...LOSS, terms: terms('none', 'ln') },
          margin,
        },
      },
      {
        id: 'same',
        kind: 'negative',
        statement: 'LayerNorm against itself under other seeds',
        part: {
          id: 'same',
          statement: 'no difference',
          template: 'greater',
          contrast: { ...LOSS, terms: terms('ln-other', 'ln') },
          margin,
        },
      },
      { id: 'bits', kind: 'bit', statement: 'the same run twice', part: null, arm: 'ln-repeat' },
    ],
    plan: { name: 'standard' },
    expectedSeconds: 110,
    ...changes,
  } satisfies ProtocolInput);
}
