import type { TokenStream } from '../data/token-stream.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import type { StepOptions } from './optimise.ts';
import { type TrainingRecipe, trainingSteps } from './recipe.ts';
import { learningRateAt } from './schedule.ts';
import { isPoint, type TrainingOptions, type TrainingResult, train } from './train.ts';
import type { StepSeries } from './training-state.ts';

/** One text that a model is trained on, and how. */
export interface TrainingStage {
  readonly stream: TokenStream;
  readonly recipe: TrainingRecipe;
  /** Its windows are drawn from the stream of that name under stream 2; from stream 2 itself where it is left out. */
  readonly order?: string;
}

/**
 * Trains a decoder in place on one text after the other. Every stage goes on from the weights that the one before left, with an optimiser, a
 * warm-up and a schedule of its own. Steps and tokens are counted through all stages, in points, divergence and what `options` are told;
 * so one thing put in the place of ordinary training acts in all of them. A stage that diverges is the last one. Loss at the end and unigram
 * entropy are those of the last stage that was trained. Throws as `train` does, and `bad-checkpoint` for a state of other stages.
 */
export async function trainInStages(
  decoder: Decoder,
  stages: readonly [TrainingStage, ...TrainingStage[]],
  options: TrainingOptions,
): Promise<TrainingResult> {
  const { contextLength: time } = decoder.config;
  const { resume, onPoint, pointEvery } = options;
  /** Of all stages before the present one. */
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  let tokens = 0;
  let saved = resume?.before === undefined ? resume : undefined;
  let result: TrainingResult | undefined;
  for (const { stream, recipe, order } of stages) {
    const stepsBefore = losses.length;
    const tokensBefore = tokens;
    const steps = trainingSteps(recipe, time);
    const counted: TrainingOptions['onPoint'] = (point) =>
      onPoint?.({ ...point, step: stepsBefore + point.step, tokens: tokensBefore + point.tokens });
    tokens += steps * recipe.batchSize * time;

    if (resume?.before !== undefined && stepsBefore < resume.before.losses.length) {
      const series = stageOf(resume.before, stepsBefore, steps);
      series.losses.forEach((trainingLoss, index) => {
        const step = index + 1;
        if (!isPoint(step, steps, pointEvery)) return;
        counted({
          step,
          tokens: step * recipe.batchSize * time,
          trainingLoss,
          gradientNorm: series.gradientNorms[index]!,
          learningRate: learningRateAt(recipe, index, steps),
        });
      });
      losses.push(...series.losses);
      gradientNorms.push(...series.gradientNorms);
      if (losses.length === resume.before.losses.length) saved = resume;
      continue;
    }
    const { diverged, ...trained } = await train(decoder, stream, recipe, {
      ...options,
      ...countedThrough(options, { losses, gradientNorms }),
      onPoint: counted,
      order,
      resume: saved,
    });
    saved = undefined;
    losses.push(...trained.losses);
    gradientNorms.push(...trained.gradientNorms);
    result = {
      ...trained,
      steps: losses.length,
      tokens: tokensBefore + trained.tokens,
      losses: [...losses],
      gradientNorms: [...gradientNorms],
      diverged: diverged && {
        ...diverged,
        step: stepsBefore + diverged.step,
        message:
          stepsBefore === 0 ? diverged.message : `behind step ${stepsBefore}, on another text: ${diverged.message}`,
      },
    };
    if (diverged) break;
  }
  if (result === undefined) {
    throw new ModelError('bad-checkpoint', `training state: it stands behind all ${stages.length} stages`);
  }
  return result;
}

/** The steps of one stage out of those before a state. */
function stageOf({ losses, gradientNorms }: StepSeries, start: number, steps: number): StepSeries {
  const end = start + steps;
  if (end > losses.length) {
    throw new ModelError(
      'bad-checkpoint',
      `training state: a stage ends at step ${end}, and the stages before the state at step ${losses.length}`,
    );
  }
  return { losses: losses.slice(start, end), gradientNorms: gradientNorms.slice(start, end) };
}

/** What is told of steps and states, with the stages before counted. */
function countedThrough(
  { loss, afterStep, checkpoint }: TrainingOptions,
  before: { readonly losses: readonly number[]; readonly gradientNorms: readonly number[] },
): Pick<StepOptions, 'loss' | 'afterStep' | 'checkpoint'> {
  const stepsBefore = before.losses.length;
  if (stepsBefore === 0) return {};
  const series: StepSeries = {
    losses: Float32Array.from(before.losses),
    gradientNorms: Float32Array.from(before.gradientNorms),
  };
  return {
    ...(loss && { loss: (decoder, ids, targets, step) => loss(decoder, ids, targets, stepsBefore + step) }),
    ...(afterStep && { afterStep: (decoder, step) => afterStep(decoder, stepsBefore + step) }),
    ...(checkpoint && {
      checkpoint: {
        due: (step) => checkpoint.due(stepsBefore + step),
        save: (state) => checkpoint.save({ ...state, before: series }),
      },
    }),
  };
}
