import type { ReferenceKernel, ReferenceKernels } from '../reference/operands.ts';
import { activationSparseLinearKernels } from './activation_sparse_linear/op.ts';
import { activationSparseLinearReference } from './activation_sparse_linear/reference.ts';
import { adafactorKernels } from './adafactor/op.ts';
import { adafactorReference } from './adafactor/reference.ts';
import { adagradKernels } from './adagrad/op.ts';
import { adagradReference } from './adagrad/reference.ts';
import { adamKernels } from './adam/op.ts';
import { adamReference } from './adam/reference.ts';
import { adamWKernels } from './adamw/op.ts';
import { addKernels } from './add/op.ts';
import { addReference } from './add/reference.ts';
import { argmaxKernels } from './argmax/op.ts';
import { argmaxReference } from './argmax/reference.ts';
import { attentionKernels } from './attention/op.ts';
import { attentionReference } from './attention/reference.ts';
import { avgPool1dKernels } from './avg_pool1d/op.ts';
import { avgPool2dKernels } from './avg_pool2d/op.ts';
import { avgPool2dReference } from './avg_pool2d/reference.ts';
import { batchNormKernels } from './batch_norm/op.ts';
import { batchNormReference } from './batch_norm/reference.ts';
import { concatKernels } from './concat/op.ts';
import { concatReference } from './concat/reference.ts';
import { conv1dKernels } from './conv1d/op.ts';
import { conv2dKernels } from './conv2d/op.ts';
import { conv2dReference } from './conv2d/reference.ts';
import { copyKernels } from './copy/op.ts';
import { copyReference } from './copy/reference.ts';
import { crossEntropyKernels } from './cross_entropy/op.ts';
import { crossEntropyReference } from './cross_entropy/reference.ts';
import { cumsumKernels } from './cumsum/op.ts';
import { cumsumReference } from './cumsum/reference.ts';
import { divKernels } from './div/op.ts';
import { divReference } from './div/reference.ts';
import { dropPathKernels } from './drop_path/op.ts';
import { dropoutKernels } from './dropout/op.ts';
import { dropoutReference } from './dropout/reference.ts';
import { dynamicTanhKernels } from './dynamic_tanh/op.ts';
import { dynamicTanhReference } from './dynamic_tanh/reference.ts';
import { eluKernels } from './elu/op.ts';
import { eluReference } from './elu/reference.ts';
import { embeddingKernels } from './embedding/op.ts';
import { embeddingReference } from './embedding/reference.ts';
import { expKernels } from './exp/op.ts';
import { expReference } from './exp/reference.ts';
import { fakeQuantizeKernels } from './fake_quantize/op.ts';
import { fakeQuantizeReference } from './fake_quantize/reference.ts';
import { fillKernels } from './fill/op.ts';
import { fillReference } from './fill/reference.ts';
import { gatherKernels } from './gather/op.ts';
import { gatherReference } from './gather/reference.ts';
import { gatherRowsKernels } from './gather_rows/op.ts';
import { gegluKernels } from './geglu/op.ts';
import { gegluReference } from './geglu/reference.ts';
import { geluKernels } from './gelu/op.ts';
import { geluReference } from './gelu/reference.ts';
import { globalNormKernels } from './global_norm/op.ts';
import { globalNormReference } from './global_norm/reference.ts';
import { gluKernels } from './glu/op.ts';
import { gluReference } from './glu/reference.ts';
import { groupNormKernels } from './group_norm/op.ts';
import { groupNormReference } from './group_norm/reference.ts';
import { hadamardKernels } from './hadamard/op.ts';
import { hadamardReference } from './hadamard/reference.ts';
import { instanceNormKernels } from './instance_norm/op.ts';
import { integerLinearKernels } from './integer_linear/op.ts';
import { integerLinearReference } from './integer_linear/reference.ts';
import { interleavedLinearKernels } from './interleaved_linear/op.ts';
import { interleavedLinearReference } from './interleaved_linear/reference.ts';
import { klDivKernels } from './kl_div/op.ts';
import { klDivReference } from './kl_div/reference.ts';
import { l2NormalizeKernels } from './l2_normalize/op.ts';
import { layerNormKernels } from './layer_norm/op.ts';
import { layerNormReference } from './layer_norm/reference.ts';
import { leakyReluKernels } from './leaky_relu/op.ts';
import { leakyReluReference } from './leaky_relu/reference.ts';
import { linearKernels } from './linear/op.ts';
import { linearReference } from './linear/reference.ts';
import { lionKernels } from './lion/op.ts';
import { lionReference } from './lion/reference.ts';
import { localResponseNormKernels } from './local_response_norm/op.ts';
import { localResponseNormReference } from './local_response_norm/reference.ts';
import { logSoftmaxKernels } from './log_softmax/op.ts';
import { logSoftmaxReference } from './log_softmax/reference.ts';
import { logsumexpKernels } from './logsumexp/op.ts';
import { logsumexpReference } from './logsumexp/reference.ts';
import { matmulKernels } from './matmul/op.ts';
import { matmulReference } from './matmul/reference.ts';
import { maxKernels } from './max/op.ts';
import { maxReference } from './max/reference.ts';
import { maxPool1dKernels } from './max_pool1d/op.ts';
import { maxPool2dKernels } from './max_pool2d/op.ts';
import { maxPool2dReference } from './max_pool2d/reference.ts';
import { meanKernels } from './mean/op.ts';
import { minKernels } from './min/op.ts';
import { minReference } from './min/reference.ts';
import { mulKernels } from './mul/op.ts';
import { mulReference } from './mul/reference.ts';
import { pNormalizeKernels } from './p_normalize/op.ts';
import { pNormalizeReference } from './p_normalize/reference.ts';
import { packedRowsKernels } from './packed_rows/op.ts';
import { packedRowsReference } from './packed_rows/reference.ts';
import { pointwiseNormKernels } from './pointwise_norm/op.ts';
import { pointwiseNormReference } from './pointwise_norm/reference.ts';
import { powerNormKernels } from './power_norm/op.ts';
import { powerNormReference } from './power_norm/reference.ts';
import { quantizedLinearKernels } from './quantized_linear/op.ts';
import { quantizedLinearReference } from './quantized_linear/reference.ts';
import { regluKernels } from './reglu/op.ts';
import { regluReference } from './reglu/reference.ts';
import { reluKernels } from './relu/op.ts';
import { reluReference } from './relu/reference.ts';
import { reluSquaredKernels } from './relu_squared/op.ts';
import { reluSquaredReference } from './relu_squared/reference.ts';
import { rmsNormKernels } from './rms_norm/op.ts';
import { rmsNormReference } from './rms_norm/reference.ts';
import { rmspropKernels } from './rmsprop/op.ts';
import { rmspropReference } from './rmsprop/reference.ts';
import { rotaryKernels } from './rotary/op.ts';
import { rotaryReference } from './rotary/reference.ts';
import { scaleKernels } from './scale/op.ts';
import { scaleReference } from './scale/reference.ts';
import { scaleNormKernels } from './scale_norm/op.ts';
import { scatterAddKernels } from './scatter_add/op.ts';
import { sgdKernels } from './sgd/op.ts';
import { sgdReference } from './sgd/reference.ts';
import { sigmoidKernels } from './sigmoid/op.ts';
import { sigmoidReference } from './sigmoid/reference.ts';
import type { KernelSignature } from './signature.ts';
import { siluKernels } from './silu/op.ts';
import { siluReference } from './silu/reference.ts';
import { sliceKernels } from './slice/op.ts';
import { sliceReference } from './slice/reference.ts';
import { softmaxKernels } from './softmax/op.ts';
import { softmaxReference } from './softmax/reference.ts';
import { softplusKernels } from './softplus/op.ts';
import { softplusReference } from './softplus/reference.ts';
import { sparseLinearKernels } from './sparse_linear/op.ts';
import { sparseLinearReference } from './sparse_linear/reference.ts';
import { subKernels } from './sub/op.ts';
import { subReference } from './sub/reference.ts';
import { sumKernels } from './sum/op.ts';
import { sumReference } from './sum/reference.ts';
import { swigluKernels } from './swiglu/op.ts';
import { swigluReference } from './swiglu/reference.ts';
import { tanhKernels } from './tanh/op.ts';
import { tanhReference } from './tanh/reference.ts';
import { topKKernels } from './top_k/op.ts';
import { topKReference } from './top_k/reference.ts';
import { transposeKernels } from './transpose/op.ts';
import { transposeReference } from './transpose/reference.ts';
import { varKernels } from './var/op.ts';
import { varReference } from './var/reference.ts';
import { weightNormKernels } from './weight_norm/op.ts';

interface RegisteredOp {
  /** What a backend must have for the op. */
  readonly kernels: readonly KernelSignature[];
  readonly reference: ReferenceKernels;
}

/** Every op, by the name of its folder. */
export const ops: Readonly<Record<string, RegisteredOp>> = {
  activation_sparse_linear: { kernels: activationSparseLinearKernels, reference: activationSparseLinearReference },
  adafactor: { kernels: adafactorKernels, reference: adafactorReference },
  adagrad: { kernels: adagradKernels, reference: adagradReference },
  adam: { kernels: adamKernels, reference: adamReference },
  adamw: { kernels: adamWKernels, reference: {} },
  add: { kernels: addKernels, reference: addReference },
  argmax: { kernels: argmaxKernels, reference: argmaxReference },
  attention: { kernels: attentionKernels, reference: attentionReference },
  avg_pool1d: { kernels: avgPool1dKernels, reference: {} },
  avg_pool2d: { kernels: avgPool2dKernels, reference: avgPool2dReference },
  batch_norm: { kernels: batchNormKernels, reference: batchNormReference },
  concat: { kernels: concatKernels, reference: concatReference },
  conv1d: { kernels: conv1dKernels, reference: {} },
  conv2d: { kernels: conv2dKernels, reference: conv2dReference },
  copy: { kernels: copyKernels, reference: copyReference },
  cross_entropy: { kernels: crossEntropyKernels, reference: crossEntropyReference },
  cumsum: { kernels: cumsumKernels, reference: cumsumReference },
  div: { kernels: divKernels, reference: divReference },
  drop_path: { kernels: dropPathKernels, reference: {} },
  dropout: { kernels: dropoutKernels, reference: dropoutReference },
  dynamic_tanh: { kernels: dynamicTanhKernels, reference: dynamicTanhReference },
  elu: { kernels: eluKernels, reference: eluReference },
  embedding: { kernels: embeddingKernels, reference: embeddingReference },
  exp: { kernels: expKernels, reference: expReference },
  fake_quantize: { kernels: fakeQuantizeKernels, reference: fakeQuantizeReference },
  fill: { kernels: fillKernels, reference: fillReference },
  gather: { kernels: gatherKernels, reference: gatherReference },
  gather_rows: { kernels: gatherRowsKernels, reference: {} },
  geglu: { kernels: gegluKernels, reference: gegluReference },
  gelu: { kernels: geluKernels, reference: geluReference },
  global_norm: { kernels: globalNormKernels, reference: globalNormReference },
  glu: { kernels: gluKernels, reference: gluReference },
  group_norm: { kernels: groupNormKernels, reference: groupNormReference },
  hadamard: { kernels: hadamardKernels, reference: hadamardReference },
  instance_norm: { kernels: instanceNormKernels, reference: {} },
  integer_linear: { kernels: integerLinearKernels, reference: integerLinearReference },
  interleaved_linear: { kernels: interleavedLinearKernels, reference: interleavedLinearReference },
  kl_div: { kernels: klDivKernels, reference: klDivReference },
  l2_normalize: { kernels: l2NormalizeKernels, reference: {} },
  layer_norm: { kernels: layerNormKernels, reference: layerNormReference },
  leaky_relu: { kernels: leakyReluKernels, reference: leakyReluReference },
  linear: { kernels: linearKernels, reference: linearReference },
  lion: { kernels: lionKernels, reference: lionReference },
  local_response_norm: { kernels: localResponseNormKernels, reference: localResponseNormReference },
  log_softmax: { kernels: logSoftmaxKernels, reference: logSoftmaxReference },
  logsumexp: { kernels: logsumexpKernels, reference: logsumexpReference },
  matmul: { kernels: matmulKernels, reference: matmulReference },
  max: { kernels: maxKernels, reference: maxReference },
  max_pool1d: { kernels: maxPool1dKernels, reference: {} },
  max_pool2d: { kernels: maxPool2dKernels, reference: maxPool2dReference },
  mean: { kernels: meanKernels, reference: {} },
  min: { kernels: minKernels, reference: minReference },
  mul: { kernels: mulKernels, reference: mulReference },
  p_normalize: { kernels: pNormalizeKernels, reference: pNormalizeReference },
  packed_rows: { kernels: packedRowsKernels, reference: packedRowsReference },
  pointwise_norm: { kernels: pointwiseNormKernels, reference: pointwiseNormReference },
  power_norm: { kernels: powerNormKernels, reference: powerNormReference },
  quantized_linear: { kernels: quantizedLinearKernels, reference: quantizedLinearReference },
  reglu: { kernels: regluKernels, reference: regluReference },
  relu: { kernels: reluKernels, reference: reluReference },
  relu_squared: { kernels: reluSquaredKernels, reference: reluSquaredReference },
  rms_norm: { kernels: rmsNormKernels, reference: rmsNormReference },
  rmsprop: { kernels: rmspropKernels, reference: rmspropReference },
  rotary: { kernels: rotaryKernels, reference: rotaryReference },
  scale: { kernels: scaleKernels, reference: scaleReference },
  scale_norm: { kernels: scaleNormKernels, reference: {} },
  scatter_add: { kernels: scatterAddKernels, reference: {} },
  sgd: { kernels: sgdKernels, reference: sgdReference },
  sigmoid: { kernels: sigmoidKernels, reference: sigmoidReference },
  silu: { kernels: siluKernels, reference: siluReference },
  slice: { kernels: sliceKernels, reference: sliceReference },
  softmax: { kernels: softmaxKernels, reference: softmaxReference },
  softplus: { kernels: softplusKernels, reference: softplusReference },
  sparse_linear: { kernels: sparseLinearKernels, reference: sparseLinearReference },
  sub: { kernels: subKernels, reference: subReference },
  sum: { kernels: sumKernels, reference: sumReference },
  swiglu: { kernels: swigluKernels, reference: swigluReference },
  tanh: { kernels: tanhKernels, reference: tanhReference },
  top_k: { kernels: topKKernels, reference: topKReference },
  transpose: { kernels: transposeKernels, reference: transposeReference },
  var: { kernels: varKernels, reference: varReference },
  weight_norm: { kernels: weightNormKernels, reference: {} },
};

/** Signature of every kernel, by its name. */
export const kernelSignatures: ReadonlyMap<string, KernelSignature> = new Map(
  Object.values(ops).flatMap((op) => op.kernels.map((kernel) => [kernel.name, kernel] as const)),
);

/** The plain TypeScript form of every kernel, by its name. */
export const referenceKernels: ReadonlyMap<string, ReferenceKernel> = new Map(
  Object.values(ops).flatMap((op) => Object.entries(op.reference)),
);
