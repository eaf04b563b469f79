import { hashOf, type ProbeSpec, type RunSpec } from '@claimbench/contracts';
import { feedForwardSpecs, parameterSpecs } from '@claimbench/models';
import { decoderOf, perceptronOf, resolveTechnique, trainedWith, trainsItsSubject } from './technique.ts';

/** The hash by which a run is known: of everything that decides its numbers. */
export function specHashOf(spec: RunSpec): Promise<string> {
  return hashOf(spec);
}

/**
 * The run whose checkpoint a post-training run starts from: the same spec without the technique, or with the part of it that training
 * reads. null where the run trains its own subject, or starts from a published checkpoint.
 */
export function baseOf(spec: RunSpec): RunSpec | null {
  const { timing, ...untimed } = spec;
  if (spec.subject.kind === 'checkpoint') return null;
  const technique = resolveTechnique(spec.technique);
  // Passes are timed of one trained model, with the technique and without: none of them is trained in the run.
  const ofTrained = timing !== undefined && timing.of !== 'training';
  if (!ofTrained && trainsItsSubject(technique)) return null;
  return { ...untimed, technique: trainedWith(technique) };
}

/** A subject that is trained here. */
export type TrainedSubject = Exclude<RunSpec['subject'], { kind: 'checkpoint' }>;

/** Number of parameters of a recipe's decoder or classifier before any technique. */
export function parameterCount(subject: TrainedSubject): number {
  const specs =
    subject.kind === 'classifier' ? feedForwardSpecs(perceptronOf(subject)) : parameterSpecs(decoderOf(subject));
  return specs.reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0);
}

/**
 * Parameters x tokens per second of one thread, forward and backward, of small models: a planning figure, measured with
 * `bench/plan-speed.mjs` (processor time of one thread of an AVX-512 server core). A forward pass costs a third. WebGPU's is that of the
 * software driver that every machine has (`--backend webgpu micro-gpt2`); on a graphics processor it is not measured.
 */
const TRAINING_SPEED = { native: 8e9, webgpu: 4e7, reference: 4e7 } as const;
/** Start of a child process, tokenizer, reading the checkpoint. */
const FIXED_SECONDS = 0.4;
/** Where the parameters of a published checkpoint are not known before it is read. */
const CHECKPOINT_PARAMETERS = 300_000;
const CHECKPOINT_WINDOW = 256;

/** Seconds that a run is expected to take on one thread: for plans shown before submitting, never for deciding. */
export function estimateSeconds(spec: RunSpec): number {
  const speed = TRAINING_SPEED[spec.backend];
  const { subject, evaluation } = spec;
  const parameters = subject.kind === 'checkpoint' ? CHECKPOINT_PARAMETERS : parameterCount(subject);
  const window = evaluation.windowTokens ?? windowOf(subject);
  const passes = (evaluation.probes ?? []).reduce((sum, probe) => sum + passesOf(probe), 1);
  const evaluated = (passes * evaluation.items * window * parameters) / speed / 3;
  const recipeTokens = subject.kind === 'checkpoint' ? 0 : tokensOf(subject);
  const trained = baseOf(spec) === null ? (recipeTokens * parameters) / speed : 0;
  const technique = resolveTechnique(spec.technique);
  const tokensTrained =
    technique.seam === 'checkpoint' ? technique.tokensTrained + technique.trainings * recipeTokens : 0;
  const trainedOn = (tokensTrained * parameters) / speed;
  return FIXED_SECONDS + evaluated + trained + trainedOn + timedSeconds(spec);
}

/** Of both stages, where a recipe has a second one. */
function tokensOf(subject: TrainedSubject): number {
  const second = subject.kind === 'recipe' ? (subject.fineTuning?.tokens ?? 0) : 0;
  return subject.training.tokens + second;
}

/** Predictions in an item where the evaluation does not say. */
function windowOf(subject: RunSpec['subject']): number {
  switch (subject.kind) {
    case 'recipe':
      return subject.architecture.contextLength;
    case 'classifier':
      return 1;
    case 'checkpoint':
      return CHECKPOINT_WINDOW;
  }
}

/** A probe reads about as many tokens again: with two models where it compares them, once for each choice. */
function passesOf(probe: ProbeSpec): number {
  switch (probe.kind) {
    case 'answers':
    case 'norm-curves':
      return 1;
    case 'products':
      return 0;
    // A few hundred passes over a few hundred tokens.
    case 'pruning-scores':
      return 10;
    case 'agreement':
    case 'state-errors':
      return 2;
    case 'choices':
      return probe.choices;
  }
}

/** Two comparisons of `rounds` rounds of four samples each; a sample of training has at least one step in it. */
function timedSeconds({ timing, subject, backend }: RunSpec): number {
  if (!timing) return 0;
  const step =
    timing.of !== undefined && subject.kind === 'recipe'
      ? (subject.training.batchSize * subject.architecture.contextLength * parameterCount(subject)) /
        TRAINING_SPEED[backend]
      : 0;
  return 8 * timing.rounds * Math.max(timing.sampleMs / 1000, step);
}
