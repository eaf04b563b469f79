export { type Backend, type BackendDescription, type BufferId, bytesOfElement, type Dtype } from './backend.ts';
export { KernelError, type KernelErrorCode } from './errors.ts';
export {
  bfloat16,
  bfloat16Bits,
  type Float8Format,
  float8,
  float8Bits,
  float16,
  float16Bits,
} from './formats/small_floats.ts';
export {
  cholesky,
  eigh,
  hadamardTransform,
  identity,
  inversePositiveDefinite,
  type Matrix,
  matrix,
  product,
  qr,
  type SingularValues,
  type SymmetricEigen,
  solveTriangular,
  svd,
  transposed,
} from './linalg/index.ts';
export { activationSparseLinear } from './ops/activation_sparse_linear/op.ts';
export {
  type AdafactorMemory,
  type AdafactorOptions,
  type AdafactorState,
  adafactor,
  createAdafactorState,
} from './ops/adafactor/op.ts';
export { type AdagradOptions, type AdagradState, adagrad, createAdagradState } from './ops/adagrad/op.ts';
export { type AdamOptions, type AdamState, adam, createAdamState } from './ops/adam/op.ts';
export { type AdamWOptions, type AdamWState, adamW, createAdamWState } from './ops/adamw/op.ts';
export { add } from './ops/add/op.ts';
export { argmax } from './ops/argmax/op.ts';
export { alibiSlopes } from './ops/attention/alibi.ts';
export { type AttentionOptions, attention } from './ops/attention/op.ts';
export {
  type AttentionPartsOptions,
  attentionInParts,
  attentionProbabilities,
  attentionValues,
} from './ops/attention/parts.ts';
export { type AvgPool1dOptions, avgPool1d } from './ops/avg_pool1d/op.ts';
export { type AvgPool2dOptions, avgPool2d } from './ops/avg_pool2d/op.ts';
export { type BatchNormOptions, batchNorm, type RunningStatistics } from './ops/batch_norm/op.ts';
export { concat, writeSlice } from './ops/concat/op.ts';
export { type Conv1dOptions, conv1d } from './ops/conv1d/op.ts';
export { type Conv2dOptions, conv2d } from './ops/conv2d/op.ts';
export { copy } from './ops/copy/op.ts';
export { type CrossEntropyOptions, crossEntropy } from './ops/cross_entropy/op.ts';
export { cumsum } from './ops/cumsum/op.ts';
export { div } from './ops/div/op.ts';
export { dropPath } from './ops/drop_path/op.ts';
export { type DropoutOptions, dropout } from './ops/dropout/op.ts';
export { dynamicTanh } from './ops/dynamic_tanh/op.ts';
export { elu } from './ops/elu/op.ts';
export { type EmbeddingOptions, embedding } from './ops/embedding/op.ts';
export { exp } from './ops/exp/op.ts';
export { type CodeRange, type FakeQuantizeOptions, fakeQuantize } from './ops/fake_quantize/op.ts';
export { gather } from './ops/gather/op.ts';
export { gatherRows } from './ops/gather_rows/op.ts';
export { geglu } from './ops/geglu/op.ts';
export { gelu } from './ops/gelu/op.ts';
export { clipByGlobalNorm, globalNorm } from './ops/global_norm/op.ts';
export { glu } from './ops/glu/op.ts';
export { groupNorm } from './ops/group_norm/op.ts';
export { type HadamardOptions, hadamard } from './ops/hadamard/op.ts';
export { instanceNorm } from './ops/instance_norm/op.ts';
export { type IntegerRows, integerLinear, quantizeRows } from './ops/integer_linear/op.ts';
export {
  canInterleave,
  type GroupedCodes,
  type InterleavedWeight,
  interleavedLinear,
  interleaveWeight,
} from './ops/interleaved_linear/op.ts';
export { type KlDivOptions, klDiv } from './ops/kl_div/op.ts';
export { l2Normalize } from './ops/l2_normalize/op.ts';
export { layerNorm } from './ops/layer_norm/op.ts';
export { leakyRelu } from './ops/leaky_relu/op.ts';
export { linear } from './ops/linear/op.ts';
export { createLionState, type LionOptions, type LionState, lion } from './ops/lion/op.ts';
export { type LocalResponseNormOptions, localResponseNorm } from './ops/local_response_norm/op.ts';
export { logSoftmax } from './ops/log_softmax/op.ts';
export { logSumExp } from './ops/logsumexp/op.ts';
export { type MatmulOptions, matmul } from './ops/matmul/op.ts';
export { max } from './ops/max/op.ts';
export { maxPool1d } from './ops/max_pool1d/op.ts';
export { maxPool2d } from './ops/max_pool2d/op.ts';
export { mean } from './ops/mean/op.ts';
export { min } from './ops/min/op.ts';
export { mul } from './ops/mul/op.ts';
export type { Clipping } from './ops/optimiser.ts';
export { type PNormalizeOptions, pNormalize } from './ops/p_normalize/op.ts';
export {
  bytesOfPackedRow,
  emptyPackedRows,
  type PackedRows,
  readPackedRows,
  selectPackedRows,
  writePackedRows,
} from './ops/packed_rows/op.ts';
export { derf, elementwiseLayerNorm, type PointwiseNormOptions, pointwiseNorm } from './ops/pointwise_norm/op.ts';
export type { Pool1dOptions, Pool2dOptions } from './ops/pools.ts';
export { createPowerNormState, type PowerNormOptions, type PowerNormState, powerNorm } from './ops/power_norm/op.ts';
export {
  floatValues,
  type ScaleFormat,
  scaleOfByte,
  type WeightFormat,
  type WeightFormatName,
  weightFormats,
} from './ops/quantized_linear/formats.ts';
export { type PackedWeight, quantizedLinear } from './ops/quantized_linear/op.ts';
export {
  bytesOfRow,
  bytesOfTritRow,
  packCodes,
  packTrits,
  tritAt,
  unpackCodes,
} from './ops/quantized_linear/packing.ts';
export { kernelSignatures } from './ops/registry.ts';
export { reglu } from './ops/reglu/op.ts';
export { relu } from './ops/relu/op.ts';
export { reluSquared } from './ops/relu_squared/op.ts';
export { rmsNorm } from './ops/rms_norm/op.ts';
export { createRmspropState, type RmspropOptions, type RmspropState, rmsprop } from './ops/rmsprop/op.ts';
export { type RotaryScaling, rotaryFrequencies } from './ops/rotary/frequencies.ts';
export { type RotaryOptions, rotary } from './ops/rotary/op.ts';
export { scale } from './ops/scale/op.ts';
export { scaleNorm } from './ops/scale_norm/op.ts';
export { scatterAdd } from './ops/scatter_add/op.ts';
export { createSgdState, type SgdOptions, type SgdState, sgd } from './ops/sgd/op.ts';
export { sigmoid } from './ops/sigmoid/op.ts';
export type { KernelSignature } from './ops/signature.ts';
export { silu } from './ops/silu/op.ts';
export { slice } from './ops/slice/op.ts';
export { softmax } from './ops/softmax/op.ts';
export { softplus } from './ops/softplus/op.ts';
export { positionBits, type SparsePattern, type SparseWeight, sparseLinear } from './ops/sparse_linear/op.ts';
export { sub } from './ops/sub/op.ts';
export { type ReductionOptions, sum } from './ops/sum/op.ts';
export { swiglu } from './ops/swiglu/op.ts';
export { tanh } from './ops/tanh/op.ts';
export { type TopK, type TopKOptions, topK } from './ops/top_k/op.ts';
export { transpose } from './ops/transpose/op.ts';
export { type VarianceOptions, variance } from './ops/var/op.ts';
export { weightNorm } from './ops/weight_norm/op.ts';
export { clipByPercentile, clipBySquaredError, type ErrorClip } from './quantization/clipping.ts';
export { roundHalfEven } from './quantization/round_half_even.ts';
export { codeOnGrid, type UniformGrid, valueOnGrid } from './quantization/uniform_grid.ts';
export { type PhiloxCounter, type PhiloxKey, philox4x32 } from './random/philox.ts';
export { RandomStream, randomNormal, randomPermutation, randomUniform } from './random/random.ts';
export { createReferenceBackend, type ReferenceOptions } from './reference/backend.ts';
export { annealed, type RateSchedule, scheduledRate } from './schedules/schedules.ts';
export { stopGradient, type ValueAndGradOptions, valueAndGrad } from './tape.ts';
export { keep, Storage, scope, sizeOfShape, Tensor, type TensorData } from './tensor.ts';
export type { Gpu } from './webgpu/api.ts';
export { createWebGpuBackend, type WebGpuOptions } from './webgpu/create.ts';
