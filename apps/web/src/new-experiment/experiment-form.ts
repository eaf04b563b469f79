import type {
  BackendName,
  BackendOption,
  ComparisonRequest,
  SubjectOption,
  TechniqueDescriptor,
} from '@claimbench/contracts';
import { canonicalJson, isEncoderSubject } from '@claimbench/contracts';
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
  batchSize: string;
  microBatchSize: string;
  warmup: string;
  weightDecay: string;
  /** "none": no clipping. */
  gradientClip: string;
  /** JSON of the spec: of one that is offered, or of what was cloned. */
  schedule: string;
  optimiser: string;
  /** Measured beside the loss. */
  answers: boolean;
  agreement: boolean;
  stateErrors: boolean;
  normCurves: boolean;
  pruningScores: boolean;
  products: boolean;
  choices: boolean;
  /** Choices of a question, words before them, words of each. */
  choiceCount: string;
  contextWords: string;
  choiceWords: string;
}

type Training = ComparisonRequest['training'];

/** What the form offers; momenta and shapes are those that are usual. */
export const SCHEDULES: readonly NonNullable<Training['schedule']>[] = [
  { kind: 'constant' },
  { kind: 'cosine', final: 0.1 },
  { kind: 'linear', final: 0 },
  { kind: 'warmup-stable-decay', decay: 0.2, shape: 'linear', final: 0 },
];
export const OPTIMISERS: readonly NonNullable<Training['optimiser']>[] = [
  { kind: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8 },
  { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { kind: 'lion', beta1: 0.9, beta2: 0.99 },
  { kind: 'sgd', momentum: 0.9, nesterov: false },
  { kind: 'adafactor', decay: -0.8, threshold: 1 },
  { kind: 'adagrad', epsilon: 1e-10 },
  { kind: 'rmsprop', alpha: 0.99, momentum: 0, centered: false, epsilon: 1e-8 },
];

/** The numbers of a recipe that the form can override, and what each may be. */
const NUMBERS = {
  tokens: { low: 1, high: 1e12, whole: true },
  learningRate: { low: 1e-9, high: 10, whole: false },
  batchSize: { low: 1, high: 1024, whole: true },
  microBatchSize: { low: 1, high: 1024, whole: true },
  warmup: { low: 0, high: 1, whole: false },
  weightDecay: { low: 0, high: 1, whole: false },
} as const;
const NUMBER_NAMES = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];

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

/** Whether a subject fills in masked tokens. */
export const isEncoder = ({ spec }: SubjectOption): boolean => spec !== null && isEncoderSubject(spec);

/** Probes look into decoders. */
export const isProbed = (subject: SubjectOption): boolean => subject.kind !== 'classifier' && !isEncoder(subject);

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
    batchSize: '',
    microBatchSize: '',
    warmup: '',
    weightDecay: '',
    gradientClip: '',
    schedule: '',
    optimiser: '',
    answers: false,
    agreement: false,
    stateErrors: false,
    normCurves: false,
    pruningScores: false,
    products: false,
    choices: false,
    choiceCount: '4',
    contextWords: '8',
    choiceWords: '3',
  };
}

/** The form that sends `request` again: what "clone and edit" starts from. */
export function formOf(request: ComparisonRequest, { techniques }: FormCatalogue): ExperimentValues {
  const text = (value: number | undefined) => (value === undefined ? '' : String(value));
  const { training } = request;
  const asked = request.probes.find((probe) => probe.kind === 'choices');
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
    tokens: text(training.tokens),
    learningRate: text(training.learningRate),
    batchSize: text(training.batchSize),
    microBatchSize: text(training.microBatchSize),
    warmup: text(training.warmup),
    weightDecay: text(training.weightDecay),
    gradientClip: training.gradientClip === null ? 'none' : text(training.gradientClip),
    schedule: training.schedule ? canonicalJson(training.schedule) : '',
    optimiser: training.optimiser ? canonicalJson(training.optimiser) : '',
    answers: request.probes.some(({ kind }) => kind === 'answers'),
    agreement: request.probes.some(({ kind }) => kind === 'agreement'),
    stateErrors: request.probes.some(({ kind }) => kind === 'state-errors'),
    normCurves: request.probes.some(({ kind }) => kind === 'norm-curves'),
    pruningScores: request.probes.some(({ kind }) => kind === 'pruning-scores'),
    products: request.probes.some(({ kind }) => kind === 'products'),
    choices: asked !== undefined,
    choiceCount: text(asked?.choices ?? 4),
    contextWords: text(asked?.contextWords ?? 8),
    choiceWords: text(asked?.choiceWords ?? 3),
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
  const number: ReadNumber = (path, text, rule) => {
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
  const training: Training = {};
  for (const name of NUMBER_NAMES) {
    if (values[name].trim() !== '') training[name] = number(name, values[name], NUMBERS[name]);
  }
  const clip = values.gradientClip.trim();
  if (clip === 'none') training.gradientClip = null;
  else if (clip !== '') training.gradientClip = number('gradientClip', clip, { low: 1e-9, high: 1e9, whole: false });
  const schedule = specOf(SCHEDULES, values.schedule);
  if (schedule) training.schedule = schedule;
  const optimiser = specOf(OPTIMISERS, values.optimiser);
  if (optimiser) training.optimiser = optimiser;
  const probes = subject && isProbed(subject) ? probesOf(values, number) : [];
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
      probes,
      techniques,
      withBaseline: values.withBaseline,
      seeds,
      backend: values.backend,
      reuse: values.reuse,
    },
  };
}

/** A select holds the JSON of a spec; what was cloned may be none of those that are offered. Nothing for an empty one. */
function specOf<Spec extends object>(offered: readonly Spec[], json: string): Spec | undefined {
  if (json === '') return undefined;
  return offered.find((spec) => canonicalJson(spec) === json) ?? JSON.parse(json);
}

/** The specs that a select offers, with the one that is chosen, each as JSON and in words. */
export function specOptions(offered: readonly { kind: string }[], chosen: string): { json: string; words: string }[] {
  const all = offered.map((spec) => canonicalJson(spec));
  if (chosen !== '' && !all.includes(chosen)) all.push(chosen);
  return all.map((json) => ({ json, words: specWords(JSON.parse(json)) }));
}

/** "Linear, final 0": a schedule or optimiser in a line. */
export function specWords({ kind, ...rest }: { kind: string; [name: string]: unknown }): string {
  const name =
    { adamw: 'AdamW', rmsprop: 'RMSprop', sgd: 'SGD' }[kind] ??
    `${kind[0]?.toUpperCase()}${kind.slice(1).replaceAll('-', ' ')}`;
  const settings = Object.entries(rest).flatMap(([key, value]) =>
    value === false
      ? []
      : [value === true ? key : `${key} ${typeof value === 'string' ? value.replaceAll('-', ' ') : value}`],
  );
  return [name, ...settings].join(', ');
}

/** What equals the default is left out: the request says what was chosen. */
function isDefault(field: ParameterField, value: Json): boolean {
  return field.default !== undefined && canonicalJson(value) === canonicalJson(field.default);
}

/** Reads a number of the form, and reports the problem where it does not fit. */
type ReadNumber = (path: string, text: string, rule: { low: number; high: number; whole: boolean }) => number;

function probesOf(values: ExperimentValues, number: ReadNumber): ComparisonRequest['probes'] {
  const probes: ComparisonRequest['probes'] = [];
  if (values.answers) probes.push({ kind: 'answers' });
  if (values.agreement) probes.push({ kind: 'agreement' });
  if (values.stateErrors) probes.push({ kind: 'state-errors' });
  if (values.normCurves) probes.push({ kind: 'norm-curves' });
  if (values.pruningScores) probes.push({ kind: 'pruning-scores' });
  if (values.products) probes.push({ kind: 'products' });
  if (values.choices) {
    probes.push({
      kind: 'choices',
      choices: number('choiceCount', values.choiceCount, { low: 2, high: 10, whole: true }),
      contextWords: number('contextWords', values.contextWords, { low: 1, high: 500, whole: true }),
      choiceWords: number('choiceWords', values.choiceWords, { low: 1, high: 100, whole: true }),
    });
  }
  return probes;
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

const OVERRIDES = new Set<string>([...NUMBER_NAMES, 'gradientClip', 'schedule', 'optimiser']);
const PROBE_FIELDS = new Set(['contextWords', 'choiceWords']);
const PLAIN = new Set(['title', 'subject', 'data', 'items', 'seeds', 'backend', 'techniques']);

export function formPath(path: string, values: ExperimentValues): string | null {
  const segments = path.split('.');
  const [first = '', second = '', third = '', fourth = ''] = segments;
  if (first === 'techniques' && /^\d+$/.test(second)) {
    return third === 'parameters' || third === 'grid'
      ? `techniques.${second}.settings.${fourth}`
      : `techniques.${second}.technique`;
  }
  if (first === 'training') return OVERRIDES.has(second) ? second : 'tokens';
  if (first === 'probes') return third === 'choices' ? 'choiceCount' : PROBE_FIELDS.has(third) ? third : 'probes';
  if (PLAIN.has(first)) return first;
  const index = values.techniques.findIndex((one) => Object.hasOwn(one.settings, first));
  return index < 0 ? null : `techniques.${index}.settings.${first}`;
}
