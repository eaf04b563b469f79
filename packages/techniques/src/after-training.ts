import { z } from 'zod';
import { type ResolvedAction, type ResolvedTechnique, type Technique, techniqueOf } from './technique.ts';
import { doesNotFit } from './technique-error.ts';

/** A technique by name with parameters; what is left out takes its default. */
const Inner = z.strictObject({
  id: z.string(),
  parameters: z.record(z.string(), z.json()).default({}),
});
type Inner = z.infer<typeof Inner>;

type Issues = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** Which techniques may stand in a field. */
type Place = 'training' | 'after';

/**
 * The technique that joins one of `techniques` that changes a model before or while it is trained with one that acts on a trained model. Its
 * runs start from the model that the first trains alone.
 */
export function afterTraining(techniques: readonly Technique[]): Technique {
  const trains = (technique: Technique) => ['architecture', 'training'].includes(technique.describe().seam);
  const fitting = (place: Place) =>
    techniques.filter((technique) =>
      place === 'training' ? trains(technique) : !trains(technique) && technique.id !== 'none',
    );
  const places = { training: fitting('training'), after: fitting('after') };

  /** What is asked for in a field; undefined where it is refused, with what is wrong reported. */
  function checked(place: Place, { id, parameters }: Inner, issues: Issues): ResolvedTechnique | undefined {
    const technique = places[place].find((candidate) => candidate.id === id);
    if (technique === undefined) {
      const what = place === 'training' ? 'changes a model before or while it is trained' : 'acts on a trained model';
      const message = `expected a technique that ${what} (${places[place].map((known) => known.id).join(', ')}), found ${id}`;
      issues.addIssue({ code: 'custom', path: [place, 'id'], message });
      return undefined;
    }
    const problems = technique.problems(parameters);
    for (const { path, message } of problems) {
      issues.addIssue({
        code: 'custom',
        path: [place, 'parameters', ...path.split('.').filter(Boolean)],
        message,
      });
    }
    return problems.length > 0 ? undefined : technique.resolve(parameters);
  }

  function checkBoth({ training, after }: { readonly training: Inner; readonly after: Inner }, issues: Issues): void {
    const first = checked('training', training, issues);
    const second = checked('after', after, issues);
    if (second?.seam === 'checkpoint' && second.trainings > 0) {
      issues.addIssue({
        code: 'custom',
        path: ['after', 'id'],
        message: `${second.title} takes the recipe's own training once more, which knows nothing of another technique`,
      });
    }
    if (first?.seam !== 'training') return;
    const ofTraining = first.trainedWith;
    const acting = Object.entries(first.parameters).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(ofTraining[name]),
    );
    for (const [name] of acting) {
      issues.addIssue({
        code: 'custom',
        path: ['training', 'parameters', name],
        message: `acts on the trained model, as the other technique does: expected ${JSON.stringify(ofTraining[name])}`,
      });
    }
    if (first.storesWeights && second?.seam === 'checkpoint') {
      issues.addIssue({
        code: 'custom',
        path: ['after', 'id'],
        message: `${second.title} would change weights that ${first.title} leaves on a grid and stores so: expected a technique that changes none`,
      });
    }
  }

  const resolved = (place: Place, { id, parameters }: Inner): ResolvedTechnique =>
    places[place].find((candidate) => candidate.id === id)!.resolve(parameters);

  return techniqueOf(
    {
      id: 'after-training',
      title: 'In training, then afterwards',
      family: 'combined',
      seam: 'checkpoint',
      summary:
        'One technique changes the model before or while it is trained, another acts on what was trained: a layer left out of a model with other norms, say. ' +
        'It starts from the very model that the first technique trains alone.',
      equation: String.raw`\theta^{*} = \mathrm{after}\bigl(\mathrm{train}_{\mathrm{technique}}(\theta_0)\bigr)`,
      papers: [145],
      parameters: z
        .strictObject({
          training: Inner.default({ id: 'mix-ln', parameters: {} }).meta({
            title: 'In training',
            description: 'The technique that changes architecture or training, with its parameters',
          }),
          after: Inner.default({ id: 'round-to-nearest', parameters: {} }).meta({
            title: 'Afterwards',
            description: 'The technique that acts on the trained model, with its parameters',
          }),
        })
        .superRefine(checkBoth),
      grid: {
        training: [
          { id: 'mix-ln', parameters: {} },
          { id: 'peri-ln', parameters: {} },
        ],
        after: [
          { id: 'drop-layers', parameters: { count: 1 } },
          { id: 'round-to-nearest', parameters: { bits: 4 } },
        ],
      },
    },
    ({ training, after }) => {
      const first = resolved('training', training);
      const second = resolved('after', after);
      const complete = ({ id, parameters }: ResolvedTechnique) => ({ id, parameters: { ...parameters } });
      return {
        ...actionAfter(first, second),
        parameters: { training: complete(first), after: complete(second) },
        label: `${first.label}; then ${second.label}`,
      };
    },
  );
}

/** What the second does, on the model that the first trained. Throws RangeError where it acts before training. */
function actionAfter(first: ResolvedTechnique, second: ResolvedTechnique): ResolvedAction {
  switch (second.seam) {
    case 'checkpoint':
      return { ...second, startsFrom: first, perceptron: null };
    case 'inference': {
      const storeWeights = first.seam === 'training' ? first.storeWeights : second.storeWeights;
      return {
        ...second,
        startsFrom: first,
        perceptron: null,
        storeWeights,
        planLayers(config, context) {
          if (config.plan === null) return second.planLayers(config, context);
          throw doesNotFit(
            'after-training',
            `${second.title} says anew which layers run, which ${first.title} has laid down`,
          );
        },
      };
    }
    default:
      throw new RangeError(`${second.id} acts on ${second.seam}, not on a trained model`);
  }
}
