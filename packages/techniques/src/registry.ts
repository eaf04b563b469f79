import { type DecoderConfig, type FeedForwardConfig, isEncoder } from '@claimbench/models';
import { afterTraining } from './after-training.ts';
import { dropLayers } from './layer-skipping/drop-layers.ts';
import { dropSublayers } from './layer-skipping/drop-sublayers.ts';
import { layerDrop } from './layer-skipping/layer-drop.ts';
import { layerSkip } from './layer-skipping/layer-skip.ts';
import { layerSkipContinued } from './layer-skipping/layer-skip-continued.ts';
import { painters } from './layer-skipping/painters.ts';
import { parallelLayers } from './layer-skipping/parallel-layers.ts';
import { recurrence } from './layer-skipping/recurrence.ts';
import { selfSpeculative } from './layer-skipping/self-speculative.ts';
import { stochasticDepth } from './layer-skipping/stochastic-depth.ts';
import { wideShallow } from './layer-skipping/wide-shallow.ts';
import { none } from './none.ts';
import { batchNorm } from './norm/batch-norm.ts';
import { dynamicTanh } from './norm/dynamic-tanh.ts';
import { layerNorm } from './norm/layer-norm.ts';
import { layerNormScaling } from './norm/layer-norm-scaling.ts';
import { mixLn } from './norm/mix-ln.ts';
import { noNorm } from './norm/no-norm.ts';
import { periLn } from './norm/peri-ln.ts';
import { preRmsNorm } from './norm/pre-rmsnorm.ts';
import { preRmsNormTraining } from './norm/pre-rmsnorm-training.ts';
import { rmsNorm } from './norm/rms-norm.ts';
import { trainingMode } from './norm/training-mode.ts';
import { angularLayers } from './pruning/angular-layers.ts';
import { attentionDrop } from './pruning/attention-drop.ts';
import { blockInfluence } from './pruning/block-influence.ts';
import { distillation } from './pruning/distillation.ts';
import { erdosRenyi } from './pruning/erdos-renyi.ts';
import { laco } from './pruning/laco.ts';
import { lamp } from './pruning/lamp.ts';
import { laser } from './pruning/laser.ts';
import { laserSearch } from './pruning/laser-search.ts';
import { lowRankAdapters } from './pruning/low-rank-adapters.ts';
import { magnitude } from './pruning/magnitude.ts';
import { partialTraining } from './pruning/partial-training.ts';
import { postTraining } from './pruning/post-training.ts';
import { randomPruning } from './pruning/random-pruning.ts';
import { sliceGpt } from './pruning/slicegpt.ts';
import { sparseGpt } from './pruning/sparsegpt.ts';
import { wanda } from './pruning/wanda.ts';
import { weightRewinding } from './pruning/weight-rewinding.ts';
import { awq } from './quantization/awq.ts';
import { binaryWeights } from './quantization/binary-weights.ts';
import { bitnetBottomUp } from './quantization/bitnet-bottom-up.ts';
import { gptq, qep } from './quantization/gptq.ts';
import { higgs } from './quantization/higgs.ts';
import { higgsDynamic } from './quantization/higgs-dynamic.ts';
import { hqq } from './quantization/hqq.ts';
import { layerwiseBits } from './quantization/layerwise-bits.ts';
import { lowBitTraining } from './quantization/low-bit-training.ts';
import { normalFloat } from './quantization/normal-float.ts';
import { ptqtp } from './quantization/ptqtp.ts';
import { ptqtpPlanes } from './quantization/ptqtp-planes.ts';
import { quantizationAwareTraining } from './quantization/quantization-aware-training.ts';
import { roundToNearest } from './quantization/round-to-nearest.ts';
import { smoothQuant } from './quantization/smoothquant.ts';
import type { ResolvedTechnique, Technique, TechniqueDescription } from './technique.ts';
import { doesNotFit, type ParameterProblem, TechniqueError } from './technique-error.ts';

/** Every technique that stands by itself, in the order in which lists show them. A new one is added here and nowhere else. */
const SINGLE: readonly Technique[] = [
  none,
  layerNorm,
  rmsNorm,
  batchNorm,
  trainingMode,
  dynamicTanh,
  mixLn,
  periLn,
  preRmsNorm,
  preRmsNormTraining,
  layerNormScaling,
  noNorm,
  roundToNearest,
  awq,
  binaryWeights,
  bitnetBottomUp,
  gptq,
  higgs,
  higgsDynamic,
  hqq,
  layerwiseBits,
  normalFloat,
  ptqtp,
  ptqtpPlanes,
  qep,
  smoothQuant,
  quantizationAwareTraining,
  lowBitTraining,
  magnitude,
  lamp,
  erdosRenyi,
  randomPruning,
  weightRewinding,
  wanda,
  sparseGpt,
  sliceGpt,
  laser,
  laserSearch,
  laco,
  angularLayers,
  blockInfluence,
  attentionDrop,
  postTraining,
  distillation,
  lowRankAdapters,
  partialTraining,
  dropLayers,
  dropSublayers,
  painters,
  recurrence,
  parallelLayers,
  wideShallow,
  layerSkip,
  layerSkipContinued,
  layerDrop,
  stochasticDepth,
  selfSpeculative,
];

const TECHNIQUES: readonly Technique[] = [...SINGLE, afterTraining(SINGLE)];

const byId = new Map(TECHNIQUES.map((technique) => [technique.id, technique]));

export function techniqueIds(): string[] {
  return [...byId.keys()];
}

/** What forms, lists and protocols need to know of every technique. */
export function techniqueDescriptors(): TechniqueDescription[] {
  return TECHNIQUES.map((technique) => technique.describe());
}

/**
 * A technique with its parameters checked and defaults filled in. Throws TechniqueError `unknown-technique`, which lists the known
 * ones, or `invalid-parameters`, which names every bad field.
 */
export function resolveTechnique(spec: { readonly id: string; readonly parameters: unknown }): ResolvedTechnique {
  return find(spec.id).resolve(spec.parameters);
}

/** What is wrong with the parameters of a technique; empty when they can be resolved. Throws `unknown-technique`. */
export function parameterProblems(id: string, parameters: unknown): readonly ParameterProblem[] {
  return find(id).problems(parameters);
}

/** Throws `technique-does-not-fit` where the technique cannot act on a recipe's decoder: before anything runs. */
export function checkFit(technique: ResolvedTechnique, recipe: DecoderConfig): void {
  if (isEncoder(recipe) && !technique.encoders) {
    throw doesNotFit(
      technique.id,
      'it acts on a decoder, which predicts the next token, found an encoder, which fills in masked ones',
    );
  }
  const startsFrom = 'startsFrom' in technique ? technique.startsFrom : null;
  if (startsFrom) checkFit(startsFrom, recipe);
  const config = startsFrom?.seam === 'architecture' ? startsFrom.changeConfig(recipe) : recipe;
  switch (technique.seam) {
    case 'architecture':
      technique.changeConfig(config);
      break;
    case 'checkpoint':
      technique.checkConfig(config);
      break;
    case 'training':
      technique.planLayers(config);
      technique.drafting(config);
      break;
    case 'inference':
      technique.planLayers(config, { seed: 0 });
      technique.drafting(config);
      break;
  }
}

/** As `checkFit`, for a multi-layer perceptron: most techniques need a decoder. */
export function checkPerceptronFit(technique: ResolvedTechnique, config: FeedForwardConfig): void {
  if (technique.perceptron === null) {
    throw doesNotFit(
      technique.id,
      `it acts on a decoder, found a multi-layer perceptron (${config.sizes.join(' to ')} features)`,
    );
  }
  if (technique.seam === 'architecture') technique.perceptron.changeConfig(config);
  if (technique.seam === 'checkpoint') technique.perceptron.checkConfig(config);
}

function find(id: string): Technique {
  const technique = byId.get(id);
  if (technique) return technique;
  throw new TechniqueError('unknown-technique', `unknown technique ${id}; known: ${techniqueIds().join(', ')}`);
}
