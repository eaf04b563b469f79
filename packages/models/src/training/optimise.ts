import { add, concat, crossEntropy, globalNorm, scale, scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import { throwIfCancelled } from '../cancelled.ts';
import type { Batch, BatchSource } from '../data/training-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { IGNORED } from '../ignored.ts';
import { ModelError } from '../model-error.ts';
import type { Network } from '../network.ts';
import { type Divergence, divergenceAtStep } from './divergence.ts';
import { createOptimiser, type Optimiser, type OptimiserSpec } from './optimiser.ts';
import { recomputedValueAndGrad } from './recompute.ts';
import { restoreTensors, type TrainingState, valuesOf } from './training-state.ts';

/** An optimiser over a number of steps. */
export interface Optimisation {
  readonly steps: number;
  /** Rate of a step, counted from 0. */
  readonly learningRate: (step: number) => number;
  readonly optimiser: OptimiserSpec;
  /** On parameters of two dimensions and more. */
  readonly weightDecay: number;
  /** Largest global gradient norm; null: no clipping. */
  readonly gradientClip: number | null;
  /** Rows of a batch that are computed at once; the whole batch unless said otherwise. */
  readonly microBatchSize?: number | undefined;
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

export interface StepOptions<Model extends Network = Decoder> {
  readonly onStep?: (point: TrainingPoint) => void;
  readonly signal?: AbortSignal;
  /**
   * In place of the mean cross-entropy; ids and targets are i32 `[batch, time]` (features f32 `[batch, features]` in place of ids where rows
   * are examples), `step` counts from 1; the result is one number.
   */
  readonly loss?: (model: Model, inputs: Tensor, targets: Tensor, step: number) => Tensor;
  /** Called when a step's update has been encoded (to hold a mask, say). Must not wait. */
  readonly afterStep?: (model: Model, step: number) => void;
  /** Puts another gradient in the place of a parameter's, by its name, before norm and clipping: what a mask holds at zero counts in neither. */
  readonly gradient?: (name: string, gradient: Tensor) => Tensor;
  /** Which of `model.trainable` are updated, by name; the others are frozen. All of them unless said otherwise. */
  readonly trains?: (name: string) => boolean;
  /**
   * Layers are computed once more for their gradients, instead of being held in memory: the same bits. Only without a `loss` of one's own.
   */
  readonly recompute?: boolean;
  /**
   * Hands out all that is needed to go on, behind every step but the last for which it is due. Training waits for it; its numbers do
   * not depend on it. With `once` it stops behind the first state.
   */
  readonly checkpoint?: {
    readonly due: (step: number) => boolean;
    readonly save: (state: TrainingState) => void | Promise<void>;
    readonly once?: boolean;
  };
  /**
   * Goes on behind a step that another training, on the same decoder and batches, has saved. What follows has the same bits as if
   * nothing had been cut; the steps before are reported once more, from the state.
   */
  readonly resume?: TrainingState;
}

/** A step's loss, and how its gradients come of it, where that is not the tape of the loss. */
interface Objective<Model extends Network> {
  readonly loss: NonNullable<StepOptions<Model>['loss']>;
  readonly valueAndGrad?: (
    parameters: readonly Tensor[],
    part: Part,
    weighted: (mean: Tensor) => Tensor,
    into: readonly Tensor[] | undefined,
  ) => { value: Tensor; gradients: Tensor[] };
}

/**
 * Trains `decoder.trainable` in place on the loss of the batches' tokens. As `optimiseNetwork`, which says the rest; throws `invalid-config`
 * where layers are to be recomputed for another loss.
 */
export async function optimise(
  decoder: Decoder,
  batches: BatchSource,
  optimisation: Optimisation,
  options: StepOptions = {},
): Promise<Divergence | null> {
  const { recompute = false, loss = ofTokens } = options;
  if (!recompute) return await takeSteps(decoder, batches, optimisation, options, { loss });
  if (options.loss !== undefined) {
    throw new ModelError('invalid-config', 'layers are recomputed for the loss of tokens alone, not for another one');
  }
  return await takeSteps(decoder, batches, optimisation, options, {
    loss,
    valueAndGrad: (parameters, { inputs, targets }, weighted, into) => {
      const head = (stream: Tensor) => weighted(tokenLoss(decoder.logitsOf(decoder.finish(stream)), targets));
      return recomputedValueAndGrad(decoder, parameters, inputs, head, into);
    },
  });
}

const ofTokens: NonNullable<StepOptions['loss']> = (decoder, ids, targets) => tokenLoss(decoder.logits(ids), targets);

/**
 * Trains `model.trainable` in place. The loss of a step is looked at while the next one computes: a loss or gradient that is not
 * finite ends training at most one step after it came, and is reported with the step that it came from. Gives that divergence, or null.
 * A batch that is computed in parts gives the mean over its rows of what the parts give, in loss and gradient. Throws `bad-checkpoint`
 * when a state to go on from is another model's.
 */
export async function optimiseNetwork<Model extends Network>(
  model: Model,
  batches: BatchSource,
  optimisation: Optimisation,
  options: Omit<StepOptions<Model>, 'recompute'> & Required<Pick<StepOptions<Model>, 'loss'>>,
): Promise<Divergence | null> {
  return await takeSteps(model, batches, optimisation, options, options);
}

async function takeSteps<Model extends Network>(
  model: Model,
  batches: BatchSource,
  optimisation: Optimisation,
  options: StepOptions<Model>,
  objective: Objective<Model>,
): Promise<Divergence | null> {
  const { steps } = optimisation;
  const { checkpoint, resume } = options;
  using update = new Update(model, batches, optimisation, options, objective);
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  /** The step last encoded, still computing. */
  let computing: Measurement | undefined;

  const report = (step: number, trainingLoss: number, gradientNorm: number): Divergence | null => {
    losses.push(trainingLoss);
    gradientNorms.push(gradientNorm);
    const tokens = step * batches.batchSize * batches.time;
    const learningRate = optimisation.learningRate(step - 1);
    options.onStep?.({ step, tokens, trainingLoss, gradientNorm, learningRate });
    return divergenceAtStep(step, trainingLoss, gradientNorm);
  };
  const look = async ({ step, values }: Measurement): Promise<Divergence | null> => report(step, ...(await values));

  if (resume !== undefined) {
    await update.restore(resume);
    batches.position = resume.position;
    resume.losses.forEach((loss, index) => {
      report(index + 1, loss, resume.gradientNorms[index]!);
    });
  }
  model.training = true;
  try {
    for (let step = losses.length + 1; step <= steps; step++) {
      throwIfCancelled(options.signal);
      const previous = computing;
      computing = { step, values: update.step(step, batches.next()) };
      const diverged = previous === undefined ? null : await look(previous);
      if (diverged !== null) return diverged;
      if (checkpoint === undefined || step === steps || !checkpoint.due(step)) continue;
      const present: Measurement = computing;
      computing = undefined;
      const failed = await look(present);
      if (failed !== null) return failed;
      const { position } = batches;
      await checkpoint.save({
        ...(await update.state()),
        position,
        losses: Float32Array.from(losses),
        gradientNorms: Float32Array.from(gradientNorms),
      });
      if (checkpoint.once === true) return null;
    }
    return computing === undefined ? null : await look(computing);
  } finally {
    model.training = false;
    // However the loop ended: nothing may still compute when the tensors go. What failed has been thrown already, or is thrown above.
    await computing?.values.catch(() => undefined);
  }
}

/**
 * The steps of a decoder's optimisation, taken as they are asked for: what a step costs can be measured. A step's loss is waited for while the
 * next one computes, as in `optimise`, but nothing is reported, and a loss that is not finite ends nothing. Behind the last step it goes
 * on with the first one's rate, on what has been trained so far.
 */
export class StepwiseOptimisation implements Disposable {
  readonly #decoder: Decoder;
  readonly #batches: BatchSource;
  readonly #steps: number;
  readonly #update: Update<Decoder>;
  #taken = 0;

  constructor(
    decoder: Decoder,
    batches: BatchSource,
    optimisation: Optimisation,
    options: Pick<StepOptions, 'loss' | 'afterStep' | 'gradient' | 'trains'> = {},
  ) {
    this.#decoder = decoder;
    this.#batches = batches;
    this.#steps = optimisation.steps;
    this.#update = new Update(decoder, batches, optimisation, options, { loss: options.loss ?? ofTokens });
  }

  /** Takes `count` steps and waits until all of them are computed. */
  async take(count: number): Promise<void> {
    let computing: Promise<unknown> | undefined;
    this.#decoder.training = true;
    try {
      for (let i = 0; i < count; i++) {
        const previous = computing;
        computing = this.#update.step((this.#taken++ % this.#steps) + 1, this.#batches.next());
        await previous;
      }
      await computing;
    } finally {
      this.#decoder.training = false;
      // Nothing may still compute when the tensors go; what failed is thrown above.
      await computing?.catch(() => undefined);
    }
  }

  [Symbol.dispose](): void {
    this.#update[Symbol.dispose]();
  }
}

interface Measurement {
  readonly step: number;
  readonly values: Promise<readonly [loss: number, gradientNorm: number]>;
}

/** Rows of a batch that are computed at once, on the device. */
interface Part extends Disposable {
  readonly rows: number;
  readonly inputs: Tensor;
  readonly targets: Tensor;
}

/** Encodes steps: gradients of a batch's parts, their norm, the optimiser. Gives loss and gradient norm once they are there. */
class Update<Model extends Network> implements Disposable {
  readonly #model: Model;
  readonly #batches: BatchSource;
  readonly #optimisation: Optimisation;
  readonly #options: StepOptions<Model>;
  readonly #objective: Objective<Model>;
  readonly #names: readonly string[];
  readonly #parameters: readonly Tensor[];
  readonly #optimiser: Optimiser;
  /** Parts of equal size share their tensors. */
  readonly #parts: readonly Part[];

  constructor(
    model: Model,
    batches: BatchSource,
    optimisation: Optimisation,
    options: StepOptions<Model>,
    objective: Objective<Model>,
  ) {
    const { trains = () => true } = options;
    const trained = [...model.trainable].filter(([name]) => trains(name));
    if (trained.length === 0)
      throw new ModelError('invalid-config', 'nothing is to be trained: every parameter is frozen');
    this.#model = model;
    this.#batches = batches;
    this.#optimisation = optimisation;
    this.#options = options;
    this.#objective = objective;
    this.#names = trained.map(([name]) => name);
    this.#parameters = trained.map(([, tensor]) => tensor);
    const weightDecay = this.#parameters.map(({ shape }) => (shape.length > 1 ? optimisation.weightDecay : 0));
    this.#optimiser = createOptimiser(optimisation.optimiser, this.#parameters, weightDecay);
    this.#parts = partsOf(model, batches, optimisation.microBatchSize ?? batches.batchSize);
  }

  async step(step: number, batch: Batch): Promise<readonly [number, number]> {
    const { learningRate, gradientClip } = this.#optimisation;
    using measured = scope(() => {
      const { loss, gradients: found } = this.#lossAndGradients(step, batch);
      const { gradient } = this.#options;
      const gradients = gradient === undefined ? found : found.map((own, index) => gradient(this.#names[index]!, own));
      const norm = globalNorm(gradients);
      const clip = gradientClip === null ? undefined : { norm, maxNorm: gradientClip };
      this.#optimiser.update(gradients, learningRate(step - 1), clip);
      this.#options.afterStep?.(this.#model, step);
      return concat([loss.reshape([1]), norm.reshape([1])], 0);
    });
    const values = await measured.readFloats();
    return [values[0]!, values[1]!];
  }

  async state(): Promise<Pick<TrainingState, 'parameters' | 'memory'>> {
    const parameters = await valuesOf(this.#everyParameter());
    return { parameters, memory: await valuesOf(this.#memory()) };
  }

  async restore(state: TrainingState): Promise<void> {
    restoreTensors(this.#everyParameter(), state.parameters, 'parameter');
    restoreTensors(this.#memory(), state.memory, `memory of ${this.#optimisation.optimiser.kind}`);
    this.#optimiser.steps = state.losses.length;
  }

  /** Frozen ones and remembered statistics as well. */
  #everyParameter(): ReadonlyMap<string, Tensor> {
    return new Map([...this.#model.parameters, ...this.#model.trainable]);
  }

  #memory(): ReadonlyMap<string, Tensor> {
    const slots = [...this.#optimiser.memory].flatMap(([slot, tensors]) =>
      tensors.flatMap((tensor, index): [string, Tensor][] =>
        tensor === undefined ? [] : [[`${slot}.${this.#names[index]}`, tensor]],
      ),
    );
    return new Map(slots);
  }

  #lossAndGradients(step: number, { inputs, targets }: Batch): { loss: Tensor; gradients: Tensor[] } {
    const { batchSize, time, features = time } = this.#batches;
    const { loss: lossOf, valueAndGrad: ownValueAndGrad } = this.#objective;
    let loss: Tensor | undefined;
    let gradients: Tensor[] | undefined;
    let row = 0;
    for (const part of this.#parts) {
      part.inputs.write(inputs.subarray(row * features, (row + part.rows) * features));
      part.targets.write(targets.subarray(row * time, (row + part.rows) * time));
      row += part.rows;
      const share = part.rows / batchSize;
      const weighted = (mean: Tensor) => (share === 1 ? mean : scale(mean, share));
      const found =
        ownValueAndGrad === undefined
          ? valueAndGrad(this.#parameters, () => weighted(lossOf(this.#model, part.inputs, part.targets, step)), {
              into: gradients,
            })
          : ownValueAndGrad(this.#parameters, part, weighted, gradients);
      loss = loss === undefined ? found.value : add(loss, found.value);
      gradients = found.gradients;
    }
    return { loss: loss!, gradients: gradients! };
  }

  [Symbol.dispose](): void {
    this.#optimiser[Symbol.dispose]();
    for (const part of this.#parts) part[Symbol.dispose]();
  }
}

/** Mean cross-entropy of logits `[batch, time, vocabulary]` against targets `[batch, time]` that are not `IGNORED`, in nats/token. */
export function tokenLoss(logits: Tensor, targets: Tensor): Tensor {
  return crossEntropy(logits.reshape([targets.size, -1]), targets.reshape([targets.size]), { ignoreIndex: IGNORED });
}

function partsOf({ backend }: Network, { batchSize, time, features }: BatchSource, largest: number): readonly Part[] {
  const ofRows = new Map<number, Part>();
  return Array.from({ length: Math.ceil(batchSize / largest) }, (_, index) => {
    const rows = Math.min(largest, batchSize - index * largest);
    const known = ofRows.get(rows);
    if (known !== undefined) return known;
    const inputs =
      features === undefined
        ? Tensor.zeros(backend, [rows, time], 'i32')
        : Tensor.zeros(backend, [rows, features], 'f32');
    const targets = Tensor.zeros(backend, [rows, time], 'i32');
    const part: Part = {
      rows,
      inputs,
      targets,
      [Symbol.dispose]() {
        inputs.dispose();
        targets.dispose();
      },
    };
    ofRows.set(rows, part);
    return part;
  });
}
