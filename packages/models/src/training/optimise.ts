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
import type { Batch } from '../data/training-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { type Divergence, divergenceAtStep } from './divergence.ts';

/** AdamW over a number of steps. */
export interface Optimisation {
  readonly steps: number;
  /** Rate of a step, counted from 0. */
  readonly learningRate: (step: number) => number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled, on parameters of two dimensions and more. */
  readonly weightDecay: number;
  /** Largest global gradient norm; null: no clipping. */
  readonly gradientClip: number | null;
}

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

export interface StepOptions {
  readonly onStep?: (point: TrainingPoint) => void;
  readonly signal?: AbortSignal;
  /** In place of the mean cross-entropy; ids and targets are i32 `[batch, time]`, `step` counts from 1; the result is one number. */
  readonly loss?: (decoder: Decoder, ids: Tensor, targets: Tensor, step: number) => Tensor;
  /** Called when a step's update has been encoded (to hold a mask, say). Must not wait. */
  readonly afterStep?: (decoder: Decoder, step: number) => void;
}

/**
 * Trains all of `decoder.trainable` in place on the batches `[batchSize, time]`. The loss of a step is looked at while the next one
 * computes: a loss or gradient that is not finite ends training at most one step after it came, and is reported with
 * the step that it came from. Gives that divergence, or null.
 */
export async function optimise(
  decoder: Decoder,
  batches: { readonly batchSize: number; readonly time: number; readonly next: () => Batch },
  optimisation: Optimisation,
  options: StepOptions = {},
): Promise<Divergence | null> {
  const { batchSize, time } = batches;
  const { steps } = optimisation;
  using update = new Update(decoder, optimisation, options);
  using ids = Tensor.zeros(decoder.backend, [batchSize, time], 'i32');
  using targets = Tensor.zeros(decoder.backend, [batchSize, time], 'i32');
  /** The step last encoded, still computing. */
  let computing: Measurement | undefined;

  const look = async ({ step, values }: Measurement): Promise<Divergence | null> => {
    const [trainingLoss, gradientNorm] = await values;
    const learningRate = optimisation.learningRate(step - 1);
    options.onStep?.({ step, tokens: step * batchSize * time, trainingLoss, gradientNorm, learningRate });
    return divergenceAtStep(step, trainingLoss, gradientNorm);
  };

  decoder.training = true;
  try {
    for (let step = 1; step <= steps; step++) {
      throwIfCancelled(options.signal);
      const batch = batches.next();
      ids.write(batch.inputs);
      targets.write(batch.targets);
      const previous = computing;
      computing = { step, values: update.step(step, ids, targets) };
      const diverged = previous === undefined ? null : await look(previous);
      if (diverged !== null) return diverged;
    }
    return computing === undefined ? null : await look(computing);
  } finally {
    decoder.training = false;
    // However the loop ended: nothing may still compute when the tensors go. What failed has been thrown already, or is thrown above.
    await computing?.values.catch(() => undefined);
  }
}

interface Measurement {
  readonly step: number;
  readonly values: Promise<readonly [loss: number, gradientNorm: number]>;
}

/** The optimiser: encodes a step and gives its loss and gradient norm once they are there. */
class Update implements Disposable {
  readonly #decoder: Decoder;
  readonly #optimisation: Optimisation;
  readonly #options: StepOptions;
  readonly #parameters: readonly Tensor[];
  readonly #weightDecay: readonly number[];
  readonly #state: ReturnType<typeof createAdamWState>;

  constructor(decoder: Decoder, optimisation: Optimisation, options: StepOptions) {
    this.#decoder = decoder;
    this.#optimisation = optimisation;
    this.#options = options;
    this.#parameters = [...decoder.trainable.values()];
    this.#weightDecay = this.#parameters.map(({ shape }) => (shape.length > 1 ? optimisation.weightDecay : 0));
    this.#state = createAdamWState(this.#parameters);
  }

  async step(step: number, ids: Tensor, targets: Tensor): Promise<readonly [number, number]> {
    const { learningRate, beta1, beta2, epsilon, gradientClip } = this.#optimisation;
    using measured = scope(() => {
      const { value, gradients } = valueAndGrad(this.#parameters, () => this.#loss(ids, targets, step));
      const norm = globalNorm(gradients);
      adamW(this.#parameters, gradients, this.#state, {
        learningRate: learningRate(step - 1),
        beta1,
        beta2,
        eps: epsilon,
        weightDecay: this.#weightDecay,
        ...(gradientClip === null ? {} : { clip: { norm, maxNorm: gradientClip } }),
      });
      this.#options.afterStep?.(this.#decoder, step);
      return concat([value.reshape([1]), norm.reshape([1])], 0);
    });
    const values = await measured.readFloats();
    return [values[0]!, values[1]!];
  }

  #loss(ids: Tensor, targets: Tensor, step: number): Tensor {
    if (this.#options.loss !== undefined) return this.#options.loss(this.#decoder, ids, targets, step);
    const logits = this.#decoder.logits(ids);
    return crossEntropy(logits.reshape([targets.size, -1]), targets.reshape([targets.size]));
  }

  [Symbol.dispose](): void {
    for (const tensor of [...this.#state.firstMoments, ...this.#state.secondMoments]) tensor.dispose();
  }
}
