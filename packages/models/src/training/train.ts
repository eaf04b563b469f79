import {
  adamW,
  concat,
  createAdamWState,
  crossEntropy,
  globalNorm,
  scope,
  Tensor,
  valueAndGrad,
} from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { TokenStream } from '../data/token-stream.ts';
import { trainingBatches } from '../data/training-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { type Divergence, divergenceAtEnd, divergenceAtStep } from './divergence.ts';
import { ADAMW, learningRateAt, type TrainingRecipe, trainingSteps } from './recipe.ts';

/** What a step measured; `step` counts from 1, `tokens` those seen up to and with it. */
export interface TrainingPoint {
  readonly step: number;
  readonly tokens: number;
  /** Mean nats/token of the step's batch, before its update. */
  readonly trainingLoss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

export interface TrainingOptions {
  /** Decides the data order (stream 2); the first values of the parameters are the decoder's own affair. */
  readonly seed: number;
  /** A point every so many steps, and for the first and the last. */
  readonly pointEvery: number;
  readonly onPoint?: (point: TrainingPoint) => void;
  readonly signal?: AbortSignal;
  /** In place of the mean cross-entropy; ids and targets are i32 `[batch, time]`, the result is one number. */
  readonly loss?: (decoder: Decoder, ids: Tensor, targets: Tensor) => Tensor;
  /** Called when a step's update has been encoded (to hold a mask, say). Must not wait. */
  readonly afterStep?: (decoder: Decoder, step: number) => void;
}

export interface TrainingResult {
  /** Steps taken; fewer than planned only where training diverged. */
  readonly steps: number;
  readonly tokens: number;
  /** Mean of the last tenth of the steps, nats/token; not finite where training ended so. */
  readonly finalLoss: number;
  readonly unigramEntropy: number;
  readonly diverged: Divergence | null;
}

/**
 * Trains all of `decoder.trainable` in place by a recipe. The loss of each step is looked at while the next one computes, so a
 * loss or gradient that is not finite ends training at most one step after it came, and is reported with the step that it
 * came from. Divergence is an outcome; only what the caller did wrong, or cancelled, throws.
 */
export async function train(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  options: TrainingOptions,
): Promise<TrainingResult> {
  checkVocabulary(decoder, stream);
  const { backend, config } = decoder;
  const { batchSize } = recipe;
  const time = config.contextLength;
  const steps = trainingSteps(recipe, time);
  const nextBatch = trainingBatches(stream, options.seed, batchSize, time);
  const update = new Update(decoder, recipe, steps, options);
  using ids = Tensor.zeros(backend, [batchSize, time], 'i32');
  using targets = Tensor.zeros(backend, [batchSize, time], 'i32');
  const losses: number[] = [];
  let diverged: Divergence | null = null;
  /** The step before the one being encoded, still computing. */
  let computing: Measurement | undefined;

  const look = async ({ step, values }: Measurement): Promise<void> => {
    const [trainingLoss, gradientNorm] = (await values) as unknown as [number, number];
    losses.push(trainingLoss);
    diverged = divergenceAtStep(step, trainingLoss, gradientNorm);
    const due = step % options.pointEvery === 0 || step === 1 || step === steps || diverged !== null;
    if (!due) return;
    const learningRate = learningRateAt(recipe, step - 1, steps);
    options.onPoint?.({ step, tokens: step * batchSize * time, trainingLoss, gradientNorm, learningRate });
  };

  try {
    for (let step = 1; step <= steps && diverged === null; step++) {
      throwIfCancelled(options.signal);
      const batch = nextBatch();
      ids.write(batch.inputs);
      targets.write(batch.targets);
      const previous = computing;
      computing = { step, values: update.step(step, ids, targets) };
      if (previous !== undefined) await look(previous);
    }
    if (computing !== undefined && diverged === null) await look(computing);
  } finally {
    // Whatever ended the loop: nothing may still read when the tensors go.
    await computing?.values.catch(() => undefined);
    update.dispose();
  }
  diverged ??= divergenceAtEnd(losses, stream.unigramEntropy);
  return {
    steps: losses.length,
    tokens: losses.length * batchSize * time,
    finalLoss: meanOfLast(losses, Math.ceil(losses.length / 10)),
    unigramEntropy: stream.unigramEntropy,
    diverged,
  };
}

interface Measurement {
  readonly step: number;
  /** Loss and gradient norm. */
  readonly values: Promise<Float32Array>;
}

/** The optimiser's side: encodes one step and gives its loss and gradient norm when they are there. */
class Update implements Disposable {
  readonly #decoder: Decoder;
  readonly #recipe: TrainingRecipe;
  readonly #steps: number;
  readonly #options: TrainingOptions;
  readonly #parameters: readonly Tensor[];
  readonly #weightDecay: readonly number[];
  readonly #state: ReturnType<typeof createAdamWState>;

  constructor(decoder: Decoder, recipe: TrainingRecipe, steps: number, options: TrainingOptions) {
    this.#decoder = decoder;
    this.#recipe = recipe;
    this.#steps = steps;
    this.#options = options;
    this.#parameters = [...decoder.trainable.values()];
    this.#weightDecay = this.#parameters.map(({ shape }) => (shape.length > 1 ? recipe.weightDecay : 0));
    this.#state = createAdamWState(this.#parameters);
  }

  async step(step: number, ids: Tensor, targets: Tensor): Promise<Float32Array> {
    using measured = scope(() => {
      const { value, gradients } = valueAndGrad(this.#parameters, () => this.#loss(ids, targets));
      const norm = globalNorm(gradients);
      const { gradientClip } = this.#recipe;
      adamW(this.#parameters, gradients, this.#state, {
        learningRate: learningRateAt(this.#recipe, step - 1, this.#steps),
        beta1: ADAMW.beta1,
        beta2: ADAMW.beta2,
        eps: ADAMW.epsilon,
        weightDecay: this.#weightDecay,
        ...(gradientClip === null ? {} : { clip: { norm, maxNorm: gradientClip } }),
      });
      this.#options.afterStep?.(this.#decoder, step);
      return concat([value.reshape([1]), norm.reshape([1])], 0);
    });
    return await measured.readFloats();
  }

  #loss(ids: Tensor, targets: Tensor): Tensor {
    if (this.#options.loss !== undefined) return this.#options.loss(this.#decoder, ids, targets);
    const logits = this.#decoder.logits(ids);
    return crossEntropy(logits.reshape([targets.size, -1]), targets.reshape([targets.size]));
  }

  dispose(): void {
    for (const tensor of [...this.#state.firstMoments, ...this.#state.secondMoments]) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkVocabulary(decoder: Decoder, stream: TokenStream): void {
  const { vocabularySize } = decoder.config;
  if (stream.vocabularySize > vocabularySize) {
    throw new ModelError(
      'invalid-config',
      `the tokens come from a vocabulary of ${stream.vocabularySize}, the model has ${vocabularySize}`,
    );
  }
}

function meanOfLast(values: readonly number[], count: number): number {
  const last = values.slice(-count);
  return last.reduce((sum, value) => sum + value, 0) / last.length;
}
