import {
  AppError,
  type DataRef,
  isEncoderSubject,
  type PerceptronArchitecture,
  type SubjectOption,
  type SubjectSpec,
  type SubjectTemplate,
} from '@claimbench/contracts';
import { registeredData } from '@claimbench/models';
import { parameterCount, type TrainedSubject } from '../plan/run-spec.ts';
import type { Resources } from '../resources.ts';
import { CLASSIFIERS } from './classifiers.ts';
import { RECIPES } from './recipes.ts';

/** The subjects that are trained here, each with its complete spec: decoders, then classifiers. */
export function trainedSubjects(): SubjectOption[] {
  return [...recipeSubjects(), ...classifierSubjects()];
}

/** The decoders that are trained here. */
export function recipeSubjects(): SubjectOption[] {
  return RECIPES.map(({ name, title, purpose, architecture, tokenizer, data, training, fineTuning }) => {
    const spec: RecipeSubject = {
      kind: 'recipe',
      name,
      architecture,
      tokenizer,
      data: dataOf(name, data),
      training,
      ...(fineTuning && { fineTuning: { ...fineTuning, data: dataOf(name, fineTuning.data) } }),
    };
    const { layers, hiddenSize } = architecture;
    return {
      ...trained(
        spec,
        `${title} (${layers} layers, d${hiddenSize}`,
        `tokens of ${data}${thenLine([spec])}; ${purpose}`,
      ),
      // What it was trained on last is what it is judged on first.
      data: fineTuning ? [fineTuning.data, data] : [data],
    };
  });
}

type RecipeSubject = SubjectSpec & { kind: 'recipe' };

function classifierSubjects(): SubjectOption[] {
  return CLASSIFIERS.map(({ name, title, purpose, architecture, data, training }) => {
    const spec: TrainedSubject = { kind: 'classifier', name, architecture, data: dataOf(name, data), training };
    return trained(spec, `${title} (${hiddenLayers(architecture)}`, `examples of ${data}; ${purpose}`);
  });
}

function trained(spec: TrainedSubject, opening: string, seen: string): SubjectOption {
  const parameters = parameterCount(spec);
  return {
    kind: spec.kind,
    name: spec.name,
    title: `${opening}, ${millions(parameters)} M parameters)`,
    description: `Trained on ${millions(spec.training.tokens)} M ${seen}.`,
    parameters,
    data: [spec.data.name],
    spec,
    unavailable: null,
  };
}

function dataOf(subject: string, name: string): DataRef {
  const file = registeredData().find((candidate) => candidate.name === name);
  if (!file) throw new AppError('internal', `the recipe ${subject} names the data ${name}, which is not registered`);
  return { name: file.name, sha256: file.sha256 };
}

/** "hidden layers of 128 and 128": what a perceptron is called by. */
function hiddenLayers({ hiddenSizes }: PerceptronArchitecture): string {
  return `hidden layer${hiddenSizes.length === 1 ? '' : 's'} of ${hiddenSizes.join(' and ')}`;
}

/** The complete spec of a subject that is known by name. Throws AppError `unknown-subject`, listing the known ones. */
export function findSubject(template: SubjectTemplate, resources: Resources): SubjectSpec {
  const sameKind = resources.subjects.filter((subject) => subject.kind === template.kind);
  const option = sameKind.find((subject) => subject.name === template.name);
  if (option?.spec) return option.spec;
  if (option) throw new AppError('unknown-subject', `${template.name} cannot be used here: ${option.unavailable}`);
  const known = sameKind.map((subject) => subject.name).join(', ');
  throw new AppError('unknown-subject', `unknown ${template.kind} ${template.name}; known: ${known}`);
}

/** A data set by name with its hash. Throws AppError `unknown-data-set`, listing the known ones. */
export function findDataSet(name: string, resources: Resources): { name: string; sha256: string } {
  const option = resources.dataSets.find((dataSet) => dataSet.name === name);
  if (option) return { name: option.name, sha256: option.sha256 };
  const known = resources.dataSets.map((dataSet) => dataSet.name).join(', ');
  throw new AppError('unknown-data-set', `unknown data set ${name}; known: ${known}`);
}

/**
 * "2 layers, d64, 0.14 M parameters, 0.3 M tokens of node-docs": what stands beside every verdict. Of several recipes from the least to
 * the most: "4 to 16 layers".
 */
export function subjectLine(...subjects: readonly SubjectSpec[]): string {
  const [only] = subjects;
  if (subjects.length === 1 && only?.kind === 'checkpoint') return `checkpoint ${only.name}`;
  if (subjects.length === 1 && only?.kind === 'classifier') return classifierLine(only);
  const recipes = subjects.map((subject) => {
    if (subject.kind === 'recipe') return subject;
    throw new RangeError(`the ${subject.kind} ${subject.name} has no range with other subjects`);
  });
  const layers = range(recipes.map(({ architecture }) => architecture.layers));
  const width = range(recipes.map(({ architecture }) => architecture.hiddenSize));
  const size = `${layers} layers, d${width}, ${rangeOfMillions(recipes.map(parameterCount))} M parameters`;
  const data = [...new Set(recipes.map((recipe) => recipe.data.name))].join(' and ');
  const tokens = rangeOfMillions(recipes.map(({ training }) => training.tokens));
  const kind = recipes.some(isEncoderSubject) ? 'encoder, ' : '';
  return `${kind}${size}, ${tokens} M tokens of ${data}${thenLine(recipes)}`;
}

/** ", then 0.12 M of generated-stories", where a recipe goes on with a second text. */
function thenLine(recipes: readonly RecipeSubject[]): string {
  const tuned = recipes.flatMap(({ fineTuning }) => fineTuning ?? []);
  if (tuned.length === 0) return '';
  const data = [...new Set(tuned.map((stage) => stage.data.name))].join(' and ');
  return `, then ${rangeOfMillions(tuned.map(({ tokens }) => tokens))} M of ${data}`;
}

function classifierLine(subject: TrainedSubject & { kind: 'classifier' }): string {
  const { architecture, data, training } = subject;
  const size = `${hiddenLayers(architecture)}, ${millions(parameterCount(subject))} M parameters`;
  return `perceptron, ${size}, ${millions(training.tokens)} M examples of ${data.name}`;
}

/** "0.14", or "0.14 to 0.3": millions of several counts. */
export function rangeOfMillions(counts: readonly number[]): string {
  return range(counts, millions);
}

function range(values: readonly number[], write: (value: number) => string = String): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(write);
  return least === most ? least! : `${least} to ${most}`;
}

/** Two significant digits of millions: 0.14, 2, 3.5. */
export function millions(count: number): string {
  return String(Number((count / 1e6).toPrecision(2)));
}
