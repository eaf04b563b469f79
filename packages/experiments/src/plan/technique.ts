import {
  AppError,
  canonicalJson,
  isEncoderSubject,
  NO_TECHNIQUE,
  type RunSpec,
  type TechniqueDescriptor,
  type TechniqueSpec,
} from '@claimbench/contracts';
import {
  byteTokenizer,
  type DecoderConfig,
  decoderConfig,
  type FeedForwardConfig,
  parseFeedForwardConfig,
} from '@claimbench/models';
import * as techniques from '@claimbench/techniques';
import { type ResolvedTechnique, TechniqueError } from '@claimbench/techniques';

/** Every technique with what forms, lists and protocols need to know of it. */
export function techniqueDescriptors(): TechniqueDescriptor[] {
  return techniques.techniqueDescriptors();
}

/**
 * The technique of a spec, parameters checked and defaults filled in. Throws AppError `unknown-technique` or
 * `invalid-parameters`, the latter naming every field.
 */
export function resolveTechnique(spec: TechniqueSpec): ResolvedTechnique {
  return withAppErrors(() => techniques.resolveTechnique(spec));
}

/** The spec with every default written out, so that equal settings have equal hashes. */
export function completeSpec(resolved: ResolvedTechnique): TechniqueSpec {
  return { id: resolved.id, parameters: { ...resolved.parameters } };
}

/** What a recipe is trained with where this technique is to act: the technique itself, the part of it that training reads, or none. */
export function trainedWith(resolved: ResolvedTechnique): TechniqueSpec {
  switch (resolved.seam) {
    case 'architecture':
      return completeSpec(resolved);
    case 'training':
      return { id: resolved.id, parameters: { ...resolved.trainedWith } };
    case 'checkpoint':
    case 'inference':
      return resolved.startsFrom ? trainedWith(resolved.startsFrom) : NO_TECHNIQUE;
  }
}

/** True when a run of this technique trains its own subject; else it starts from a trained base or a checkpoint. */
export function trainsItsSubject(resolved: ResolvedTechnique): boolean {
  return canonicalJson(completeSpec(resolved)) === canonicalJson(trainedWith(resolved));
}

/** The decoder or encoder that a recipe's architecture and tokenizer describe, before any technique. */
export function decoderOf(subject: RunSpec['subject'] & { kind: 'recipe' }): DecoderConfig {
  const { architecture, tokenizer } = subject;
  const vocabularySize = tokenizer.kind === 'byte' ? byteTokenizer().vocabularySize : tokenizer.vocabularySize;
  return decoderConfig(architecture, vocabularySize);
}

/** The network that a classifier's architecture describes, before any technique. */
export function perceptronOf({ architecture }: RunSpec['subject'] & { kind: 'classifier' }): FeedForwardConfig {
  const { inputs, hiddenSizes, classes, activation } = architecture;
  return parseFeedForwardConfig({ sizes: [inputs, ...hiddenSizes, classes], activation });
}

/** Throws AppError `technique-does-not-fit` where the technique cannot act on the subject, before anything runs. */
export function checkFit(resolved: ResolvedTechnique, subject: RunSpec['subject']): void {
  if (subject.kind === 'checkpoint') {
    const inTraining = 'startsFrom' in resolved ? resolved.startsFrom : resolved;
    if (inTraining === null) return;
    throw new AppError(
      'technique-does-not-fit',
      `${inTraining.title} changes the ${inTraining.seam} and needs it done here, but ${subject.name} is a trained checkpoint: choose a recipe`,
    );
  }
  if (subject.kind === 'recipe' && subject.fineTuning && resolved.seam === 'checkpoint' && resolved.trainings > 0) {
    throw new AppError(
      'technique-does-not-fit',
      `${resolved.title} takes training on one text once more, and ${subject.name} is trained on two`,
    );
  }
  withAppErrors(() =>
    subject.kind === 'classifier'
      ? techniques.checkPerceptronFit(resolved, perceptronOf(subject))
      : techniques.checkFit(resolved, decoderOf(subject)),
  );
}

/** Throws AppError `technique-does-not-fit` where a run is to be timed that cannot be, before anything runs. */
export function checkTiming({ technique, timing, subject }: Pick<RunSpec, 'technique' | 'timing' | 'subject'>): void {
  if (!timing) return;
  if (subject.kind === 'classifier') doesNotFit(`only decoders are timed; ${subject.name} is a classifier`);
  if (isEncoderSubject(subject)) doesNotFit(`only decoders are timed; ${subject.name} is an encoder`);
  const own = resolveTechnique(technique);
  const against = resolveTechnique(timing.against);
  for (const resolved of [own, against]) checkFit(resolved, subject);
  if (timing.of !== undefined && subject.kind === 'checkpoint') {
    doesNotFit(`${subject.name} was trained elsewhere: no recipe says what its training takes`);
  }
  if (timing.of !== undefined && subject.kind === 'recipe' && subject.fineTuning) {
    doesNotFit(`${subject.name} is trained on two texts in turn: only the steps of a training on one are timed`);
  }
  switch (timing.of) {
    case undefined:
      if (
        'startsFrom' in against &&
        against.startsFrom &&
        canonicalJson(trainedWith(own)) !== canonicalJson(trainedWith(against))
      ) {
        doesNotFit(
          `what is timed starts from one trained model: ${against.label} starts from another one than ${own.label}`,
        );
      }
      for (const { seam, title } of [own, against]) {
        if (seam !== 'architecture') continue;
        doesNotFit(`${title} changes the architecture and is trained anew: it is not timed against a trained model`);
      }
      break;
    case 'training':
      for (const resolved of [own, against]) refuseUntrained(resolved);
      break;
    case 'making':
      if (own.seam !== 'checkpoint') {
        doesNotFit(`${own.title} makes no model of a trained one: timed is what changing its weights takes`);
      }
      refuseUntrained(against);
      break;
  }
}

/** Training is timed of models that are trained in a way of their own, or without a technique. */
function refuseUntrained({ id, seam, title }: ResolvedTechnique): void {
  if (seam === 'architecture' || seam === 'training' || id === NO_TECHNIQUE.id) return;
  doesNotFit(`${title} acts on a trained model: it has no training that could be timed`);
}

function doesNotFit(message: string): never {
  throw new AppError('technique-does-not-fit', message);
}

function withAppErrors<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof TechniqueError)) throw error;
    throw new AppError(error.code, error.message, { errors: [...error.errors], cause: error });
  }
}
