export type { Checkpoint } from './checkpoints/checkpoint.ts';
export { bigIntegersOf, type ElementType, floatsOf, numbersOf } from './checkpoints/element-types.ts';
export { BLOCK_TYPES, type BlockType, blockTypeNamed, decodeBlocks } from './checkpoints/gguf/block-types.ts';
export { ENCODED_TYPES, encodeBlocks } from './checkpoints/gguf/encode-blocks.ts';
export { readGgufModel, writeGgufModel } from './checkpoints/gguf/model.ts';
export { type GgufFile, type GgufTensor, ggufValues, readGguf } from './checkpoints/gguf/read.ts';
export type { GgufValue } from './checkpoints/gguf/values.ts';
export { ggufVocabulary, readGgufTokenizer } from './checkpoints/gguf/vocabulary.ts';
export { type GgufTensorToStore, writeGguf } from './checkpoints/gguf/write.ts';
export { readLlama2c } from './checkpoints/llama2c.ts';
export { readJsonTensor, readMinGpt } from './checkpoints/mingpt.ts';
export {
  decodeClassifier,
  decodeModel,
  encodeClassifier,
  encodeModel,
  ModelProvenance,
  type StoredClassifier,
  type StoredModel,
} from './checkpoints/model-file.ts';
export { readStateDict } from './checkpoints/pytorch/state-dict.ts';
export {
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  type TensorToStore,
  writeSafetensors,
} from './checkpoints/safetensors.ts';
export { joinShards, shardsOf } from './checkpoints/sharded.ts';
export {
  type EncoderDecoderCheckpoint,
  isEncoderDecoder,
  readEncoderDecoder,
} from './checkpoints/transformers/encoder-decoder.ts';
export { readTransformers, renameTensors, transformersConfig } from './checkpoints/transformers/read.ts';
export { calibrationWindows, type TokenWindows } from './data/calibration-windows.ts';
export { type Split, type TextDataSet, type TextDescription, textDataSet } from './data/data-set.ts';
export { digitLikelihoods } from './data/digit-glyphs.ts';
export { proseOfDocComments } from './data/doc-comments.ts';
export { type DocumentRule, documentsOf } from './data/documents.ts';
export { checkExamples, type ExampleShape, type Examples, exampleBatches, examplesOf } from './data/examples.ts';
export { GENERATED_TEXTS, type GeneratedText, generateText } from './data/generated.ts';
export {
  NODE_DOCS,
  REGISTERED_FILES,
  type RegisteredFile,
  type RegisteredName,
  registeredData,
} from './data/registry.ts';
export { decodeUtf8 } from './data/text-encoding.ts';
export { type TokenStream, tokenStream } from './data/token-stream.ts';
export { type Batch, type BatchSource, trainingBatches } from './data/training-windows.ts';
export {
  type DecoderArchitecture,
  decoderConfig,
  normsAt,
  postNorm,
  preNorm,
  sandwichNorm,
} from './decoder/architectures.ts';
export { type AttendOptions, attend } from './decoder/attend.ts';
export type { AttentionCache } from './decoder/attention-cache.ts';
export { BitLinear, type BitLinearOptions, largestOfRows } from './decoder/bit-linear.ts';
export {
  type Activation,
  DecoderConfig,
  type DecoderConfigInput,
  isEncoder,
  type LayerNormPlace,
  maskTokenOf,
  NORM_PLACES,
  type NormPlace,
  normAt,
  parseDecoderConfig,
  replaceNorms,
} from './decoder/config.ts';
export { Decoder, type PassOptions } from './decoder/decoder.ts';
export { EncoderDecoder } from './decoder/encoder-decoder.ts';
export { type AroundHook, type Hook, type HookContext, Hooks } from './decoder/hooks.ts';
export { computeOnIntegers, IntegerBlockLinear, type IntegerBlocks } from './decoder/integer-block-linear.ts';
export { KeyValueCache } from './decoder/key-value-cache.ts';
export {
  checkLayerPlan,
  dropFromPlan,
  fullPlan,
  isParallel,
  LayerPlan,
  type LayerStep,
  type ParallelSteps,
  parallelInPlan,
  repeatInPlan,
  stepsOf,
  subLayerEvaluations,
} from './decoder/layer-plan.ts';
export { type LayerOverride, type LayerShape, layerShape } from './decoder/layer-shape.ts';
export { DenseLinear, type Linear, type ProductCount } from './decoder/linear.ts';
export { LowRankLinear } from './decoder/low-rank-linear.ts';
export {
  bindNorm,
  NO_NORM,
  type Norm,
  type NormContext,
  type NormKind,
  NormSpec,
  normKinds,
  registerNorm,
} from './decoder/norm.ts';
export {
  ATTENTION_LINEARS,
  type LinearSpec,
  linearSpecs,
  MLP_LINEARS,
  normName,
  parameterSpecs,
} from './decoder/parameter-specs.ts';
export type { InitialValues, ParameterSpec, ParameterValues } from './decoder/parameters.ts';
export { frequenciesOf, type Rotary } from './decoder/positions.ts';
export { bindRouter, type Router, type RouterKind, RouterSpec, registerRouter } from './decoder/router.ts';
export { type BeamOptions, type BeamText, beamSearch } from './decoding/beam-search.ts';
export { createCache, type KeyValueCacheOptions } from './decoding/caches.ts';
export {
  type EarlyExitOptions,
  type EarlyExitText,
  type ExitRule,
  generateWithExits,
} from './decoding/early-exit.ts';
export { type GenerationOptions, generate, generateGreedy } from './decoding/generate.ts';
export { drawToken, GREEDY, nextTokenProbabilities, type SamplingOptions } from './decoding/sampling.ts';
export { type EarlyExit, generateSelfSpeculatively, type SelfSpeculativeText } from './decoding/self-speculative.ts';
export {
  checkGuesses,
  type Draft,
  type Guess,
  generateSpeculatively,
  type SpeculativeOptions,
  type SpeculativeText,
} from './decoding/speculative.ts';
export { type Agreement, compareWithReference } from './evaluation/agreement.ts';
export { type AnswerResult, answerExactly } from './evaluation/answers.ts';
export { type ClassificationResult, classify, classifyByFrequency } from './evaluation/classify.ts';
export { type ContinuationPlan, continuationQuestions } from './evaluation/continuation-questions.ts';
export { type EvaluationResult, evaluate, evaluateUnigram } from './evaluation/evaluate.ts';
export { type EvaluationItem, evaluationItems, type ItemPlan, itemsOfWhole, maskedItems } from './evaluation/items.ts';
export {
  answerQuestions,
  LENGTH_NORMALISATIONS,
  type LengthNormalisation,
  MultipleChoiceQuestion,
  type MultipleChoiceResult,
  parseQuestions,
} from './evaluation/multiple-choice.ts';
export { type EvaluationOptions, firstItems } from './evaluation/passes.ts';
export { scoredLogits } from './evaluation/scored-logits.ts';
export { standardErrorOfRatio } from './evaluation/standard-error.ts';
export { ModelError, type ModelErrorCode } from './model-error.ts';
export { Network } from './network.ts';
export { namedStream, RANDOM_STREAMS } from './random-streams.ts';
export { batchesOf, captureStates, capturing } from './states/capture.ts';
export { type Diagnosis, diagnose, lossInWindows } from './states/diagnose.ts';
export { fitTanh, type NormCurve, normCurves } from './states/norm-curves.ts';
export { type ResidualStates, visitResidualStates } from './states/residual-states.ts';
export { angularDistance, ascending, cosineOfRow, cosines, Mean } from './states/similarity.ts';
export { compareStates, type StateErrors } from './states/state-errors.ts';
export { bytePairTokenizer, type Merge } from './tokenizers/byte-pair.ts';
export { trainBytePair } from './tokenizers/byte-pair-trainer.ts';
export { byteTokenizer } from './tokenizers/byte-tokenizer.ts';
export { huggingFaceTokenizer } from './tokenizers/huggingface-tokenizer.ts';
export { llama2cTokenizer, parseLlama2cTokenizer } from './tokenizers/llama2c-tokenizer.ts';
export type { Tokenizer, TokenizerJson } from './tokenizers/tokenizer.ts';
export { tokenizerFromJson } from './tokenizers/tokenizer-json.ts';
export { hiddenDistillationLoss, logitDistillationLoss, mixedLoss } from './training/distillation.ts';
export type { Divergence } from './training/divergence.ts';
export { exitLoss } from './training/exit-loss.ts';
export { dropLayersInTraining, type LayerDropout, type LayerDropoutAtWork } from './training/layer-dropout.ts';
export { addLora, type FrozenWeight, isAdapter, LoraLinear, type LoraOptions } from './training/lora.ts';
export {
  type Optimisation,
  optimise,
  optimiseNetwork,
  type StepOptions,
  StepwiseOptimisation,
  type TrainingPoint,
  tokenLoss,
} from './training/optimise.ts';
export type { OptimiserSpec } from './training/optimiser.ts';
export {
  QuantizedTrainingLinear,
  quantizedBytes,
  trainQuantized,
  type WeightQuantizer,
} from './training/quantized-training.ts';
export { ADAMW, type TrainingRecipe, trainingSteps } from './training/recipe.ts';
export { DEFAULT_SCHEDULE, type LearningRateSchedule, learningRateAt } from './training/schedule.ts';
export { type TrainingStage, trainInStages } from './training/stages.ts';
export { scaleGradient, straightThrough } from './training/straight-through.ts';
export { stateAfter, type TrainingOptions, type TrainingResult, train, trainStepwise } from './training/train.ts';
export { type ClassifierTrainingOptions, trainClassifier } from './training/train-classifier.ts';
export { decodeTrainingState, encodeTrainingState, type TrainingState } from './training/training-state.ts';
export { windowsOf, windowWeight } from './vision/convolution.ts';
export {
  FeedForward,
  FeedForwardConfig,
  type FeedForwardConfigInput,
  feedForwardSpecs,
  parseFeedForwardConfig,
} from './vision/feed-forward.ts';
export { type IdxArray, readIdx } from './vision/idx.ts';
export { ResidualNetwork, ResidualNetworkConfig } from './vision/residual-network.ts';
