import type {
  BackendName,
  BackendOption,
  ComparisonRequest,
  SubjectOption,
  TechniqueDescriptor,
} from '@claimbench/contracts';
import { canonicalJson } from '@claimbench/contracts';
import { parameterText } from '../experiments/comparison.ts';
import {
  type Json,
  type ParameterField,
  parameterFields,
  printValue,
  readValue,
  readValues,
} from './parameter-fields.ts';

/** One parameter in the form: a single value, or the values of a grid. */
export interface Setting {
  vary: boolean;
  value: string;
  /** Grid of numbers, lists or JSON. */
  values: string;
  /** Grid of a choice, each as JSON. */
  chosen: string[];
}

export interface TechniqueValues {
  /** Id of the technique. */
  technique: string;
  settings: Record<string, Setting>;
}

/** What the form holds while it is edited: text, until it is read. */
export interface ExperimentValues {
  title: string;
  claim: string | null;
  techniques: TechniqueValues[];
  withBaseline: boolean;
  /** "recipe:name" or "checkpoint:name". */
  subject: string;
  data: string;
  items: string;
  seeds: string;
  backend: BackendName;
  reuse: boolean;
  /** Overrides of the recipe; empty: as the recipe says. */
  tokens: string;
  learningRate: string;
}

export interface FormCatalogue {
  techniques: readonly TechniqueDescriptor[];
  subjects: readonly SubjectOption[];
  /** The first that is available here is chosen first. */
  backends: readonly Pick<BackendOption, 'name' | 'unavailable'>[];
}

/** A problem at a field, by the field's path in the form. */
export interface FormProblem {
  path: string;
  message: string;
}

export const subjectKey = (subject: { kind: string; name: string }) => `${subject.kind}:${subject.name}`;

/** The technique with its defaults; the first parameter with proposed values is varied over them. */
export function newTechnique(technique: TechniqueDescriptor): TechniqueValues {
  const fields = parameterFields(technique);
  const varied = fields.find((field) => field.proposed.length > 1)?.name;
  return {
    technique: technique.id,
    settings: Object.fromEntries(fields.map((field) => [field.name, newSetting(field, field.name === varied)])),
  };
}

function newSetting(field: ParameterField, vary: boolean): Setting {
  const single = field.default ?? field.options[0];
  return {
    vary,
    value: single === undefined ? '' : printValue(field, single),
    values: field.kind === 'choice' ? '' : printValues(field, field.proposed),
    chosen: field.kind === 'choice' ? field.proposed.map((value) => printValue(field, value)) : [],
  };
}

function printValues(field: ParameterField, values: readonly Json[]): string {
  return values.map((value) => printValue(field, value)).join(field.kind === 'number' ? ', ' : '\n');
}

/** An empty form on the first subject that is ready. */
export function emptyForm({ subjects, backends }: FormCatalogue, claim: string | null): ExperimentValues {
  const subject = subjects.find((one) => one.unavailable === null) ?? subjects[0];
  return {
    title: '',
    claim,
    techniques: [],
    withBaseline: true,
    subject: subject ? subjectKey(subject) : '',
    data: subject?.data[0] ?? '',
    items: '400',
    seeds: '3',
    backend: backends.find((one) => one.unavailable === null)?.name ?? 'native',
    reuse: true,
    tokens: '',
    learningRate: '',
  };
}

/** The form that sends `request` again: what "clone and edit" starts from. */
export function formOf(request: ComparisonRequest, { techniques }: FormCatalogue): ExperimentValues {
  const text = (value: number | undefined) => (value === undefined ? '' : String(value));
  return {
    title: request.title,
    claim: request.claim,
    techniques: request.techniques.flatMap(({ id, parameters, grid }) => {
      const technique = techniques.find((one) => one.id === id);
      if (!technique) return [];
      const settings = parameterFields(technique).map((field): [string, Setting] => {
        const fresh = newSetting(field, false);
        const values = grid[field.name];
        if (values) {
          return [
            field.name,
            field.kind === 'choice'
              ? { ...fresh, vary: true, chosen: values.map((value) => printValue(field, value)) }
              : { ...fresh, vary: true, values: printValues(field, values) },
          ];
        }
        const value = parameters[field.name];
        return [field.name, value === undefined ? fresh : { ...fresh, value: printValue(field, value) }];
      });
      return [{ technique: id, settings: Object.fromEntries(settings) }];
    }),
    withBaseline: request.withBaseline,
    subject: subjectKey(request.subject),
    data: request.data,
    items: String(request.items),
    seeds: String(request.seeds),
    backend: request.backend,
    reuse: request.reuse,
    tokens: text(request.training.tokens),
    learningRate: text(request.training.learningRate),
  };
}

/** Reads the form into a request, or says what is wrong at which field. */
export function readForm(
  values: ExperimentValues,
  catalogue: FormCatalogue,
): { request: ComparisonRequest; problems: [] } | { request: null; problems: FormProblem[] } {
  const problems: FormProblem[] = [];
  const report = (path: string, message: string) => {
    problems.push({ path, message });
  };
  const number = (path: string, text: string, rule: { low: number; high: number; whole: boolean }): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const fits = value >= rule.low && value <= rule.high && (!rule.whole || Number.isInteger(value));
    if (!fits) report(path, `Expected ${rule.whole ? 'a whole number' : 'a number'} from ${rule.low} to ${rule.high}`);
    return value;
  };

  const techniques = values.techniques.map((one, index) => {
    const technique = catalogue.techniques.find((t) => t.id === one.technique);
    const parameters: Record<string, Json> = {};
    const grid: Record<string, Json[]> = {};
    if (!technique) report(`techniques.${index}.technique`, 'This technique is not known here');
    for (const field of technique ? parameterFields(technique) : []) {
      const setting = one.settings[field.name];
      if (!setting) continue;
      const path = `techniques.${index}.settings.${field.name}`;
      if (setting.vary) {
        const read = readValues(field, setting.values, setting.chosen);
        if (read.error === null) grid[field.name] = read.value;
        else report(path, read.error);
      } else {
        const read = readValue(field, setting.value);
        if (read.error !== null) report(path, read.error);
        else if (!isDefault(field, read.value)) parameters[field.name] = read.value;
      }
    }
    return { id: one.technique, parameters, grid };
  });
  if (techniques.length === 0) report('techniques', 'Choose at least one technique');

  const subject = catalogue.subjects.find((one) => subjectKey(one) === values.subject);
  if (!subject) report('subject', 'Choose a subject');
  else if (subject.unavailable !== null) report('subject', subject.unavailable);
  if (values.data === '') report('data', 'Choose a data set');

  const seeds = number('seeds', values.seeds, { low: 1, high: 64, whole: true });
  const items = number('items', values.items, { low: 10, high: 5000, whole: true });
  const training: ComparisonRequest['training'] = {};
  if (values.tokens.trim() !== '') {
    training.tokens = number('tokens', values.tokens, { low: 1, high: 1e12, whole: true });
  }
  if (values.learningRate.trim() !== '') {
    training.learningRate = number('learningRate', values.learningRate, { low: 1e-9, high: 10, whole: false });
  }
  const title = values.title.trim() || automaticTitle(values, catalogue);
  if (title.length > 200) report('title', 'At most 200 characters');

  if (problems.length > 0 || !subject) return { request: null, problems };
  return {
    problems: [],
    request: {
      kind: 'comparison',
      title,
      claim: values.claim,
      subject: { kind: subject.kind, name: subject.name },
      training,
      data: values.data,
      items,
      techniques,
      withBaseline: values.withBaseline,
      seeds,
      backend: values.backend,
      reuse: values.reuse,
    },
  };
}

/** What equals the default is left out: the request says what was chosen. */
function isDefault(field: ParameterField, value: Json): boolean {
  return field.default !== undefined && canonicalJson(value) === canonicalJson(field.default);
}

/** "Round to nearest: bits 8, 6, 4 on node-small": what an experiment is called that nobody named. */
export function automaticTitle(values: ExperimentValues, { techniques, subjects }: FormCatalogue): string {
  const parts = values.techniques.map((one) => {
    const technique = techniques.find((t) => t.id === one.technique);
    if (!technique) return one.technique;
    const varied = parameterFields(technique).flatMap((field) => {
      const setting = one.settings[field.name];
      if (!setting?.vary) return [];
      const read = readValues(field, setting.values, setting.chosen);
      return read.error === null ? [`${field.title.toLowerCase()} ${read.value.map(parameterText).join(', ')}`] : [];
    });
    return varied.length > 0 ? `${technique.title}: ${varied.join('; ')}` : technique.title;
  });
  const subject = subjects.find((one) => subjectKey(one) === values.subject)?.name;
  const title = `${parts.join(' and ')}${subject ? ` on ${subject}` : ''}`;
  return title.length > 200 ? `${title.slice(0, 199)}…` : title;
}

/** Codes of a refusal that belong to one field though they name none. */
const FIELD_OF_CODE: Record<string, string> = {
  'unknown-subject': 'subject',
  'unknown-data-set': 'data',
  'backend-unavailable': 'backend',
};

/**
 * Where the API's answer belongs in the form. Paths of the request become paths of the form; a bare parameter's name belongs to
 * the first technique that has it. What fits no field is left to the summary beside the plan.
 */
export function formProblems(
  values: ExperimentValues,
  refusal: { code: string | null; detail: string; fields: readonly FormProblem[] },
): FormProblem[] {
  const found = refusal.fields.flatMap(({ path, message }) => {
    const place = formPath(path, values);
    return place === null ? [] : [{ path: place, message }];
  });
  if (found.length > 0) return found;
  const place = refusal.code === null ? undefined : FIELD_OF_CODE[refusal.code];
  return place === undefined ? [] : [{ path: place, message: refusal.detail }];
}

const PLAIN = new Set(['title', 'subject', 'data', 'items', 'seeds', 'backend', 'techniques']);

export function formPath(path: string, values: ExperimentValues): string | null {
  const segments = path.split('.');
  const [first = '', second = '', third = '', fourth = ''] = segments;
  if (first === 'techniques' && /^\d+$/.test(second)) {
    return third === 'parameters' || third === 'grid'
      ? `techniques.${second}.settings.${fourth}`
      : `techniques.${second}.technique`;
  }
  if (first === 'training') return second === 'learningRate' ? 'learningRate' : 'tokens';
  if (PLAIN.has(first)) return first;
  const index = values.techniques.findIndex((one) => Object.hasOwn(one.settings, first));
  return index < 0 ? null : `techniques.${index}.settings.${first}`;
}
