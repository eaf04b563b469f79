import { z } from 'zod';
import { TechniqueSpec } from './technique.ts';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 as 64 lower-case hexadecimal digits');

export const BackendName = z.enum(['reference', 'native', 'webgpu']).meta({ id: 'BackendName' });
export type BackendName = z.infer<typeof BackendName>;

/** Text by name and hash; the hash is part of the spec, so that other data is another run. */
export const DataRef = z.object({ name: z.string().min(1), sha256: Sha256 }).meta({ id: 'DataRef' });
export type DataRef = z.infer<typeof DataRef>;

export const TokenizerSpec = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('byte') }),
  /** Our byte-pair tokenizer, trained on the training split of the subject's data. */
  z.object({ kind: z.literal('byte-pair'), vocabularySize: z.number().int().min(257).max(65_536) }),
]);
export type TokenizerSpec = z.infer<typeof TokenizerSpec>;

/**
 * A decoder as the recipes describe it, before any technique changes it; in the style of ModernBERT an encoder, which learns to fill in masked
 * tokens where the others learn to predict the next one.
 */
export const DecoderArchitecture = z
  .object({
    style: z.enum(['gpt2', 'llama', 'modernbert']),
    layers: z.number().int().min(1).max(64),
    hiddenSize: z.number().int().min(8).max(4096),
    heads: z.number().int().min(1).max(64),
    feedForwardSize: z.number().int().min(8).max(16_384),
    contextLength: z.number().int().min(8).max(4096),
  })
  .meta({ id: 'DecoderArchitecture' });
export type DecoderArchitecture = z.infer<typeof DecoderArchitecture>;

/**
 * A multi-layer perceptron that names the class of an example: `inputs` numbers through hidden layers with an activation behind each, then
 * one logit a class.
 */
export const PerceptronArchitecture = z
  .object({
    inputs: z.number().int().min(1).max(65_536),
    hiddenSizes: z.array(z.number().int().min(1).max(16_384)).min(1).max(64),
    classes: z.number().int().min(2).max(65_536),
    activation: z.enum(['relu', 'gelu-tanh']),
  })
  .meta({ id: 'PerceptronArchitecture' });
export type PerceptronArchitecture = z.infer<typeof PerceptronArchitecture>;

const Share = z.number().min(0).max(1);
const Momentum = z.number().min(0).lt(1);

/** How the learning rate goes on after its rise; `final` is the rate at the end as a share of the highest. */
export const ScheduleSpec = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('constant') }),
    z.object({ kind: z.literal('cosine'), final: Share }),
    z.object({ kind: z.literal('linear'), final: Share }),
    /** Stays at the highest rate and falls in the last `decay` share of the steps. */
    z.object({
      kind: z.literal('warmup-stable-decay'),
      decay: Share,
      shape: z.enum(['linear', 'cosine', 'one-minus-square-root']),
      final: Share,
    }),
  ])
  .meta({ id: 'ScheduleSpec' });
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;

/**
 * Weight decay is decoupled for AdamW, Lion and Adafactor, and added to the gradient for the others. Adafactor's rate is a share of a
 * parameter's own size.
 */
export const OptimiserSpec = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('adamw'), beta1: Momentum, beta2: Momentum, epsilon: z.number().positive() }),
    z.object({ kind: z.literal('adam'), beta1: Momentum, beta2: Momentum, epsilon: z.number().positive() }),
    z.object({ kind: z.literal('lion'), beta1: Momentum, beta2: Momentum }),
    z.object({ kind: z.literal('sgd'), momentum: Momentum, nesterov: z.boolean() }),
    /** Forgets by step^decay; scales an update down whose root mean square is above the threshold. */
    z.object({ kind: z.literal('adafactor'), decay: z.number().min(-2).lt(0), threshold: z.number().min(1) }),
    z.object({ kind: z.literal('adagrad'), epsilon: z.number().positive() }),
    z.object({
      kind: z.literal('rmsprop'),
      alpha: Momentum,
      momentum: Momentum,
      centered: z.boolean(),
      epsilon: z.number().positive(),
    }),
  ])
  .meta({ id: 'OptimiserSpec' });
export type OptimiserSpec = z.infer<typeof OptimiserSpec>;

/** What is optional came later than the first specs. Left out it means what they did, and their hashes stay. */
export const TrainingSpec = z
  .object({
    /** Predictions that are learned from: tokens of a text, examples of a classifier. */
    tokens: z.number().int().min(1),
    batchSize: z.number().int().min(1).max(1024),
    learningRate: z.number().positive().max(10),
    /** Share of the steps in which the rate rises linearly. */
    warmup: Share,
    weightDecay: z.number().min(0).max(1),
    /** Largest global gradient norm; null: no clipping. */
    gradientClip: z.number().positive().nullable(),
    /** A cosine to a tenth of the rate where it is left out. */
    schedule: ScheduleSpec.optional(),
    /** AdamW (0.9, 0.95, 1e-8) where it is left out. */
    optimiser: OptimiserSpec.optional(),
    /** Windows (or examples) of a batch that are computed at once, their gradients added up; all of them where it is left out. */
    microBatchSize: z.number().int().min(1).max(1024).optional(),
  })
  .meta({ id: 'TrainingSpec' });
export type TrainingSpec = z.infer<typeof TrainingSpec>;

/**
 * A second stage of training: the model goes on from the weights that the recipe's training left, on another text in the tokens of the
 * first, with a fresh optimiser and the recipe's rise, schedule and batch. What acts in training acts in both stages.
 */
export const FineTuningSpec = z
  .object({
    data: DataRef,
    tokens: z.number().int().min(1),
    /** The highest rate as a share of the recipe's: where rates are tuned, one number moves both. */
    rateShare: z.number().positive().max(10),
  })
  .meta({ id: 'FineTuningSpec' });
export type FineTuningSpec = z.infer<typeof FineTuningSpec>;

/**
 * The model that a technique is applied to: a decoder or a classifier, trained by this recipe from the run's seed, or a decoder's checkpoint
 * by name and hash.
 */
export const SubjectSpec = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('recipe'),
      name: z.string().min(1),
      architecture: DecoderArchitecture,
      tokenizer: TokenizerSpec,
      data: DataRef,
      training: TrainingSpec,
      /** Left out where there is no second stage, so that hashes stay. */
      fineTuning: FineTuningSpec.optional(),
    }),
    /** Its documents are examples: what it reads, and the class that it is to name. */
    z.object({
      kind: z.literal('classifier'),
      name: z.string().min(1),
      architecture: PerceptronArchitecture,
      data: DataRef,
      training: TrainingSpec,
    }),
    z.object({ kind: z.literal('checkpoint'), name: z.string().min(1), sha256: Sha256 }),
  ])
  .meta({ id: 'SubjectSpec' });
export type SubjectSpec = z.infer<typeof SubjectSpec>;

/** As much of a subject as says whether it is an encoder. */
export type SubjectKind =
  | { readonly kind: 'recipe'; readonly architecture: Pick<DecoderArchitecture, 'style'> }
  | { readonly kind: 'classifier' | 'checkpoint' };

/** Whether a subject that is trained here fills in masked tokens, where a decoder predicts the next one. */
export function isEncoderSubject(subject: SubjectKind): boolean {
  return subject.kind === 'recipe' && subject.architecture.style === 'modernbert';
}

/** What is measured beside the loss, on the first documents of the evaluation's split: as many as it has items. */
export const ProbeSpec = z
  .discriminatedUnion('kind', [
    /** Answers that are written exactly, in data whose documents are tasks. */
    z.object({ kind: z.literal('answers') }),
    /** Tokens on which the model agrees with the trained one that its technique starts from, and how far its probabilities are. */
    z.object({ kind: z.literal('agreement') }),
    /** Which of several continuations of a document is the likeliest? The wrong ones are from other documents. */
    z.object({
      kind: z.literal('choices'),
      choices: z.number().int().min(2).max(10),
      contextWords: z.number().int().min(1).max(500),
      choiceWords: z.number().int().min(1).max(100),
    }),
    /** How far the residual stream is from that of the trained model that the technique starts from, after the first and the last layer. */
    z.object({ kind: z.literal('state-errors') }),
    /** Is a norm's output over its input rather a tanh than a line? Of the norms of the layers and the final one. */
    z.object({ kind: z.literal('norm-curves') }),
    /** How do LAMP scores, and magnitudes, of weights of all matrices rank with what their removal does to the logits? */
    z.object({ kind: z.literal('pruning-scores') }),
    /** What products with the layers' weights take: counted, not measured. */
    z.object({ kind: z.literal('products') }),
  ])
  .meta({ id: 'ProbeSpec' });
export type ProbeSpec = z.infer<typeof ProbeSpec>;

/** Each kind once. */
export const Probes = z
  .array(ProbeSpec)
  .max(7)
  .refine((probes) => new Set(probes.map(({ kind }) => kind)).size === probes.length, 'a kind of probe stands twice');

export const EvaluationSpec = z
  .object({
    data: DataRef,
    split: z.enum(['validation', 'test']),
    /** Number of windows (one document each where the data has documents) or examples; they are the same for all seeds. */
    items: z.number().int().min(1).max(100_000),
    /** Tokens in one window; null: the subject's context length, or an example as a whole. */
    windowTokens: z.number().int().min(2).max(4096).nullable(),
    /** Came later than the first specs: left out where there are none, so that their hashes stay. */
    probes: Probes.min(1).optional(),
  })
  .meta({ id: 'EvaluationSpec' });
export type EvaluationSpec = z.infer<typeof EvaluationSpec>;

/**
 * Also times what the run's technique does against what another one does, and that one against itself, in one process and turn by
 * turn: a run is a block of a claim about speed (docs/method.md, "Speed").
 */
export const TimingSpec = z
  .object({
    against: TechniqueSpec,
    rounds: z.number().int().min(3).max(99),
    /** A sample is the work done as often as takes this long. */
    sampleMs: z.number().min(1).max(1000),
    /**
     * What is timed. Left out: passes of the trained model, or the writing of texts where the technique is a way of writing; hashes of
     * specs from before there was a choice stay. `training`: steps of training by the recipe. `making`: what making the run's model
     * from the trained one takes, against all steps that the recipe trains with the other technique.
     */
    of: z.enum(['training', 'making']).optional(),
  })
  .meta({ id: 'TimingSpec' });
export type TimingSpec = z.infer<typeof TimingSpec>;

/** Everything that decides a run's numbers. Threads, machine and worker are not part of it: they must not matter. */
export const RunSpec = z
  .object({
    version: z.literal(1),
    subject: SubjectSpec,
    technique: TechniqueSpec,
    evaluation: EvaluationSpec,
    seed: z.number().int().min(0).max(0xffff_ffff),
    backend: BackendName,
    timing: TimingSpec.optional(),
  })
  .meta({ id: 'RunSpec' });
export type RunSpec = z.infer<typeof RunSpec>;

/** The technique that changes nothing: baselines and bases. */
export const NO_TECHNIQUE: TechniqueSpec = { id: 'none', parameters: {} };
