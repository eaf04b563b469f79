import { AppError, type SubjectOption, type SubjectSpec, type SubjectTemplate } from '@claimbench/contracts';
import { registeredData } from '@claimbench/models';
import { parameterCount } from '../plan/run-spec.ts';
import type { Resources } from '../resources.ts';
import { RECIPES, type Recipe } from './recipes.ts';

/** The subjects that are trained here, each with its complete spec. */
export function recipeSubjects(): SubjectOption[] {
  return RECIPES.map((recipe) => {
    const spec = specOf(recipe);
    const parameters = parameterCount(spec);
    const { layers, hiddenSize } = recipe.architecture;
    return {
      kind: 'recipe',
      name: recipe.name,
      title: `${recipe.title} (${layers} layers, d${hiddenSize}, ${millions(parameters)} M parameters)`,
      description: `Trained on ${millions(recipe.training.tokens)} M tokens of ${recipe.data}; ${recipe.purpose}.`,
      parameters,
      data: [recipe.data],
      spec,
      unavailable: null,
    };
  });
}

function specOf(recipe: Recipe): SubjectSpec & { kind: 'recipe' } {
  const { name, architecture, tokenizer, training } = recipe;
  const file = registeredData().find((candidate) => candidate.name === recipe.data);
  if (!file)
    throw new AppError('internal', `the recipe ${name} names the data ${recipe.data}, which is not registered`);
  return { kind: 'recipe', name, architecture, tokenizer, data: { name: file.name, sha256: file.sha256 }, training };
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
  const recipes = subjects.map((subject) => {
    if (subject.kind === 'recipe') return subject;
    throw new RangeError(`the checkpoint ${subject.name} has no range with other subjects`);
  });
  const layers = range(recipes.map(({ architecture }) => architecture.layers));
  const width = range(recipes.map(({ architecture }) => architecture.hiddenSize));
  const size = `${layers} layers, d${width}, ${rangeOfMillions(recipes.map(parameterCount))} M parameters`;
  const data = [...new Set(recipes.map((recipe) => recipe.data.name))].join(' and ');
  return `${size}, ${rangeOfMillions(recipes.map(({ training }) => training.tokens))} M tokens of ${data}`;
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
