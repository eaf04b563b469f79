import type { SubjectOption, TechniqueDescriptor } from '@claimbench/contracts';
import { ComparisonRequest, SubjectSpec, TrainingSpec } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  automaticTitle,
  type ExperimentValues,
  emptyForm,
  type FormCatalogue,
  formOf,
  formPath,
  formProblems,
  newTechnique,
  OPTIMISERS,
  readForm,
  SCHEDULES,
  specOptions,
  specWords,
} from './experiment-form.ts';

const rounding: TechniqueDescriptor = {
  id: 'round-to-nearest',
  title: 'Round to nearest',
  family: 'quantization',
  seam: 'checkpoint',
  summary: '',
  equation: null,
  papers: [],
  parametersSchema: JSON.parse(
    JSON.stringify(
      z.toJSONSchema(
        z.strictObject({
          bits: z.number().int().min(2).max(8).default(4),
          scheme: z.enum(['symmetric', 'affine']).default('symmetric'),
          layers: z.array(z.number().int()).default([]),
        }),
        { io: 'input' },
      ),
    ),
  ),
  grid: { bits: [8, 6, 4, 3, 2], scheme: ['symmetric', 'affine'] },
};
const subject: SubjectOption = {
  kind: 'recipe',
  name: 'node-small',
  title: 'Small',
  description: '',
  parameters: 140_000,
  data: ['node-docs'],
  spec: null,
  unavailable: null,
};
const encoder = SubjectSpec.parse({
  kind: 'recipe',
  name: 'node-small',
  architecture: {
    style: 'modernbert',
    layers: 1,
    hiddenSize: 32,
    heads: 2,
    feedForwardSize: 64,
    contextLength: 32,
  },
  tokenizer: { kind: 'byte' },
  data: { name: 'node-docs', sha256: '0'.repeat(64) },
  training: { tokens: 1, batchSize: 1, learningRate: 1, warmup: 0, weightDecay: 0, gradientClip: null },
});
const catalogue: FormCatalogue = {
  techniques: [rounding],
  subjects: [subject],
  backends: [
    { name: 'webgpu', unavailable: 'no adapter' },
    { name: 'native', unavailable: null },
  ],
};

function filled(change: (values: ExperimentValues) => void = () => {}): ExperimentValues {
  const values = { ...emptyForm(catalogue, null), techniques: [newTechnique(rounding)] };
  change(values);
  return values;
}
const setting = (values: ExperimentValues, name: string) => {
  const found = values.techniques[0]?.settings[name];
  if (!found) throw new Error(`no setting ${name}`);
  return found;
};

describe('the form of a new experiment', () => {
  it('offers the technique’s own grid first, and reads into a request that the contract accepts', () => {
    const { request } = readForm(filled(), catalogue);
    expect(ComparisonRequest.parse(request)).toEqual(request);
    expect(request).toMatchObject({
      subject: { kind: 'recipe', name: 'node-small' },
      data: 'node-docs',
      seeds: 3,
      techniques: [{ id: 'round-to-nearest', parameters: {}, grid: { bits: [8, 6, 4, 3, 2] } }],
    });
    expect(request?.title).toBe('Round to nearest: bits 8, 6, 4, 3, 2 on node-small');
  });
  it('says at which field something is wrong', () => {
    const values = filled((v) => {
      setting(v, 'bits').values = '8, 1';
      v.seeds = '0';
      v.subject = '';
    });
    const { request, problems } = readForm(values, catalogue);
    expect(request).toBeNull();
    expect(problems.map((problem) => problem.path)).toEqual(['techniques.0.settings.bits', 'subject', 'seeds']);
    expect(readForm(emptyForm(catalogue, null), catalogue).problems.map((p) => p.path)).toEqual(['techniques']);
  });
  it('refuses a subject that is not there, with its reason', () => {
    const missing = { ...subject, unavailable: 'stories260K is not in any data folder' };
    expect(readForm(filled(), { ...catalogue, subjects: [missing] }).problems).toEqual([
      { path: 'subject', message: 'stories260K is not in any data folder' },
    ]);
  });
  it('clones what was submitted without changing it', () => {
    const values = filled((v) => {
      Object.assign(setting(v, 'scheme'), { vary: true, chosen: ['"affine"'] });
      Object.assign(setting(v, 'layers'), { vary: true, values: '0, 1\n2' });
      v.techniques.push({ ...newTechnique(rounding) });
      v.tokens = '20000';
      v.claim = '229.4';
      v.title = 'Mine';
    });
    const { request } = readForm(values, catalogue);
    if (!request) throw new Error('expected a request');
    expect(readForm(formOf(request, catalogue), catalogue).request).toEqual(request);
    expect(request.techniques[0]?.grid).toEqual({ bits: [8, 6, 4, 3, 2], scheme: ['affine'], layers: [[0, 1], [2]] });
  });
  it('reads what is changed in the recipe, and what is measured beside the loss', () => {
    const values = filled((v) => {
      Object.assign(v, { batchSize: '8', microBatchSize: '4', warmup: '0', weightDecay: '0.5', gradientClip: 'none' });
      v.schedule = specOptions(SCHEDULES, '')[3]!.json;
      v.optimiser = specOptions(OPTIMISERS, '')[3]!.json;
      Object.assign(v, {
        answers: true,
        agreement: true,
        stateErrors: true,
        normCurves: true,
        pruningScores: true,
        products: true,
        choices: true,
        choiceCount: '3',
      });
    });
    const { request } = readForm(values, catalogue);
    if (!request) throw new Error('expected a request');
    expect(request.training).toEqual({
      batchSize: 8,
      microBatchSize: 4,
      warmup: 0,
      weightDecay: 0.5,
      gradientClip: null,
      schedule: { kind: 'warmup-stable-decay', decay: 0.2, shape: 'linear', final: 0 },
      optimiser: { kind: 'sgd', momentum: 0.9, nesterov: false },
    });
    expect(request.probes).toEqual([
      { kind: 'answers' },
      { kind: 'agreement' },
      { kind: 'state-errors' },
      { kind: 'norm-curves' },
      { kind: 'pruning-scores' },
      { kind: 'products' },
      { kind: 'choices', choices: 3, contextWords: 8, choiceWords: 3 },
    ]);
    // Probes look into decoders: none is asked for of another subject.
    for (const other of [
      { ...subject, kind: 'classifier' as const },
      { ...subject, spec: encoder },
    ]) {
      const choosing = { ...values, subject: `${other.kind}:node-small` };
      expect(readForm(choosing, { ...catalogue, subjects: [other] }).request!.probes).toEqual([]);
    }
    expect(ComparisonRequest.parse(request)).toEqual(request);
    expect(formOf(request, catalogue)).toMatchObject({
      schedule: values.schedule,
      choiceCount: '3',
      agreement: true,
      stateErrors: true,
      normCurves: true,
      pruningScores: true,
      products: true,
    });
    // One that the form does not offer is kept as well.
    const own = { kind: 'cosine' as const, final: 0.25 };
    const cloned = formOf({ ...request, training: { schedule: own } }, catalogue);
    expect(readForm(cloned, catalogue).request?.training).toEqual({ schedule: own });
    expect(specOptions(SCHEDULES, cloned.schedule).at(-1)?.words).toBe('Cosine, final 0.25');
  });
  it('every schedule and optimiser that it offers is one that the contract takes, and has a name', () => {
    for (const schedule of SCHEDULES) expect(TrainingSpec.partial().parse({ schedule })).toEqual({ schedule });
    for (const optimiser of OPTIMISERS) expect(TrainingSpec.partial().parse({ optimiser })).toEqual({ optimiser });
    expect(OPTIMISERS.map(specWords)).toEqual([
      'AdamW, beta1 0.9, beta2 0.95, epsilon 1e-8',
      'Adam, beta1 0.9, beta2 0.999, epsilon 1e-8',
      'Lion, beta1 0.9, beta2 0.99',
      'SGD, momentum 0.9',
      'Adafactor, decay -0.8, threshold 1',
      'Adagrad, epsilon 1e-10',
      'RMSprop, alpha 0.99, momentum 0, epsilon 1e-8',
    ]);
  });
  it('says which number of the recipe or of a question is wrong', () => {
    const values = filled((v) => {
      Object.assign(v, { warmup: '2', gradientClip: 'some', choices: true, choiceCount: '1' });
    });
    expect(readForm(values, catalogue).problems.map(({ path }) => path)).toEqual([
      'warmup',
      'gradientClip',
      'choiceCount',
    ]);
  });
  it('cuts titles that would be too long', () => {
    const values = filled((v) => {
      v.techniques = Array.from({ length: 12 }, () => newTechnique(rounding));
    });
    expect(automaticTitle(values, catalogue).length).toBeLessThanOrEqual(200);
  });
});

describe('a refusal of the API', () => {
  const values = filled();
  it('is shown at the field that it is about', () => {
    expect(formPath('techniques.0.grid.bits.1', values)).toBe('techniques.0.settings.bits');
    expect(formPath('techniques.1.parameters.scheme', values)).toBe('techniques.1.settings.scheme');
    expect(formPath('bits', values)).toBe('techniques.0.settings.bits');
    expect(formPath('subject.name', values)).toBe('subject');
    expect(formPath('training', values)).toBe('tokens');
    expect(formPath('training.warmup', values)).toBe('warmup');
    expect(formPath('training.schedule.final', values)).toBe('schedule');
    expect(formPath('probes', values)).toBe('probes');
    expect(formPath('probes.1.contextWords', values)).toBe('contextWords');
    expect(formPath('nothing.known', values)).toBeNull();
  });
  it('goes by its code when it names no field', () => {
    const refusal = { code: 'unknown-data-set', detail: 'unknown data set x', fields: [] };
    expect(formProblems(values, refusal)).toEqual([{ path: 'data', message: 'unknown data set x' }]);
    expect(formProblems(values, { ...refusal, code: 'too-many-runs' })).toEqual([]);
  });
});
