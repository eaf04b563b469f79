import type { SubjectOption, TechniqueDescriptor } from '@claimbench/contracts';
import { ComparisonRequest } from '@claimbench/contracts';
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
  readForm,
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
    expect(formPath('nothing.known', values)).toBeNull();
  });
  it('goes by its code when it names no field', () => {
    const refusal = { code: 'unknown-data-set', detail: 'unknown data set x', fields: [] };
    expect(formProblems(values, refusal)).toEqual([{ path: 'data', message: 'unknown data set x' }]);
    expect(formProblems(values, { ...refusal, code: 'too-many-runs' })).toEqual([]);
  });
});
