import { activationSparseLinearWebGpu } from '../ops/activation_sparse_linear/webgpu.ts';
import { adafactorWebGpu } from '../ops/adafactor/webgpu.ts';
import { adagradWebGpu } from '../ops/adagrad/webgpu.ts';
import { adamWebGpu } from '../ops/adam/webgpu.ts';
import { addWebGpu } from '../ops/add/webgpu.ts';
import { argmaxWebGpu } from '../ops/argmax/webgpu.ts';
import { attentionWebGpu } from '../ops/attention/webgpu.ts';
import { avgPool2dWebGpu } from '../ops/avg_pool2d/webgpu.ts';
import { batchNormWebGpu } from '../ops/batch_norm/webgpu.ts';
import { concatWebGpu } from '../ops/concat/webgpu.ts';
import { conv2dWebGpu } from '../ops/conv2d/webgpu.ts';
import { copyWebGpu } from '../ops/copy/webgpu.ts';
import { crossEntropyWebGpu } from '../ops/cross_entropy/webgpu.ts';
import { cumsumWebGpu } from '../ops/cumsum/webgpu.ts';
import { divWebGpu } from '../ops/div/webgpu.ts';
import { dropoutWebGpu } from '../ops/dropout/webgpu.ts';
import { dynamicTanhWebGpu } from '../ops/dynamic_tanh/webgpu.ts';
import { eluWebGpu } from '../ops/elu/webgpu.ts';
import { embeddingWebGpu } from '../ops/embedding/webgpu.ts';
import { expWebGpu } from '../ops/exp/webgpu.ts';
import { fakeQuantizeWebGpu } from '../ops/fake_quantize/webgpu.ts';
import { fillWebGpu } from '../ops/fill/webgpu.ts';
import { gatherWebGpu } from '../ops/gather/webgpu.ts';
import { gegluWebGpu } from '../ops/geglu/webgpu.ts';
import { geluWebGpu } from '../ops/gelu/webgpu.ts';
import { globalNormWebGpu } from '../ops/global_norm/webgpu.ts';
import { gluWebGpu } from '../ops/glu/webgpu.ts';
import { groupNormWebGpu } from '../ops/group_norm/webgpu.ts';
import { hadamardWebGpu } from '../ops/hadamard/webgpu.ts';
import { integerLinearWebGpu } from '../ops/integer_linear/webgpu.ts';
import { interleavedLinearWebGpu } from '../ops/interleaved_linear/webgpu.ts';
import { klDivWebGpu } from '../ops/kl_div/webgpu.ts';
import { layerNormWebGpu } from '../ops/layer_norm/webgpu.ts';
import { leakyReluWebGpu } from '../ops/leaky_relu/webgpu.ts';
import { linearWebGpu } from '../ops/linear/webgpu.ts';
import { lionWebGpu } from '../ops/lion/webgpu.ts';
import { localResponseNormWebGpu } from '../ops/local_response_norm/webgpu.ts';
import { logSoftmaxWebGpu } from '../ops/log_softmax/webgpu.ts';
import { logsumexpWebGpu } from '../ops/logsumexp/webgpu.ts';
import { matmulWebGpu } from '../ops/matmul/webgpu.ts';
import { maxWebGpu } from '../ops/max/webgpu.ts';
import { maxPool2dWebGpu } from '../ops/max_pool2d/webgpu.ts';
import { minWebGpu } from '../ops/min/webgpu.ts';
import { mulWebGpu } from '../ops/mul/webgpu.ts';
import { pNormalizeWebGpu } from '../ops/p_normalize/webgpu.ts';
import { packedRowsWebGpu } from '../ops/packed_rows/webgpu.ts';
import { pointwiseNormWebGpu } from '../ops/pointwise_norm/webgpu.ts';
import { powerNormWebGpu } from '../ops/power_norm/webgpu.ts';
import { quantizedLinearWebGpu } from '../ops/quantized_linear/webgpu.ts';
import { regluWebGpu } from '../ops/reglu/webgpu.ts';
import { reluWebGpu } from '../ops/relu/webgpu.ts';
import { reluSquaredWebGpu } from '../ops/relu_squared/webgpu.ts';
import { rmsNormWebGpu } from '../ops/rms_norm/webgpu.ts';
import { rmspropWebGpu } from '../ops/rmsprop/webgpu.ts';
import { rotaryWebGpu } from '../ops/rotary/webgpu.ts';
import { scaleWebGpu } from '../ops/scale/webgpu.ts';
import { sgdWebGpu } from '../ops/sgd/webgpu.ts';
import { sigmoidWebGpu } from '../ops/sigmoid/webgpu.ts';
import { siluWebGpu } from '../ops/silu/webgpu.ts';
import { sliceWebGpu } from '../ops/slice/webgpu.ts';
import { softmaxWebGpu } from '../ops/softmax/webgpu.ts';
import { softplusWebGpu } from '../ops/softplus/webgpu.ts';
import { sparseLinearWebGpu } from '../ops/sparse_linear/webgpu.ts';
import { subWebGpu } from '../ops/sub/webgpu.ts';
import { sumWebGpu } from '../ops/sum/webgpu.ts';
import { swigluWebGpu } from '../ops/swiglu/webgpu.ts';
import { tanhWebGpu } from '../ops/tanh/webgpu.ts';
import { topKWebGpu } from '../ops/top_k/webgpu.ts';
import { transposeWebGpu } from '../ops/transpose/webgpu.ts';
import { varWebGpu } from '../ops/var/webgpu.ts';
import type { WebGpuKernel, WebGpuKernels } from './kernel.ts';

/** Every op with WGSL kernels, by the name of its folder. An op that is not here runs on native and reference only. */
export const webGpuOps: Readonly<Record<string, WebGpuKernels>> = {
  activation_sparse_linear: activationSparseLinearWebGpu,
  adafactor: adafactorWebGpu,
  adagrad: adagradWebGpu,
  adam: adamWebGpu,
  add: addWebGpu,
  argmax: argmaxWebGpu,
  attention: attentionWebGpu,
  avg_pool2d: avgPool2dWebGpu,
  batch_norm: batchNormWebGpu,
  concat: concatWebGpu,
  conv2d: conv2dWebGpu,
  copy: copyWebGpu,
  cross_entropy: crossEntropyWebGpu,
  cumsum: cumsumWebGpu,
  div: divWebGpu,
  dropout: dropoutWebGpu,
  dynamic_tanh: dynamicTanhWebGpu,
  elu: eluWebGpu,
  embedding: embeddingWebGpu,
  exp: expWebGpu,
  fake_quantize: fakeQuantizeWebGpu,
  fill: fillWebGpu,
  gather: gatherWebGpu,
  geglu: gegluWebGpu,
  gelu: geluWebGpu,
  global_norm: globalNormWebGpu,
  glu: gluWebGpu,
  group_norm: groupNormWebGpu,
  hadamard: hadamardWebGpu,
  integer_linear: integerLinearWebGpu,
  interleaved_linear: interleavedLinearWebGpu,
  kl_div: klDivWebGpu,
  layer_norm: layerNormWebGpu,
  leaky_relu: leakyReluWebGpu,
  linear: linearWebGpu,
  lion: lionWebGpu,
  local_response_norm: localResponseNormWebGpu,
  log_softmax: logSoftmaxWebGpu,
  logsumexp: logsumexpWebGpu,
  matmul: matmulWebGpu,
  max: maxWebGpu,
  max_pool2d: maxPool2dWebGpu,
  min: minWebGpu,
  mul: mulWebGpu,
  p_normalize: pNormalizeWebGpu,
  packed_rows: packedRowsWebGpu,
  pointwise_norm: pointwiseNormWebGpu,
  power_norm: powerNormWebGpu,
  quantized_linear: quantizedLinearWebGpu,
  reglu: regluWebGpu,
  relu: reluWebGpu,
  relu_squared: reluSquaredWebGpu,
  rms_norm: rmsNormWebGpu,
  rmsprop: rmspropWebGpu,
  rotary: rotaryWebGpu,
  scale: scaleWebGpu,
  sgd: sgdWebGpu,
  sigmoid: sigmoidWebGpu,
  silu: siluWebGpu,
  slice: sliceWebGpu,
  softmax: softmaxWebGpu,
  softplus: softplusWebGpu,
  sparse_linear: sparseLinearWebGpu,
  sub: subWebGpu,
  sum: sumWebGpu,
  swiglu: swigluWebGpu,
  tanh: tanhWebGpu,
  top_k: topKWebGpu,
  transpose: transposeWebGpu,
  var: varWebGpu,
};

/** The WGSL form of every kernel that has one, by its name. */
export const webGpuKernels: ReadonlyMap<string, WebGpuKernel> = new Map(
  Object.values(webGpuOps).flatMap((kernels) => Object.entries(kernels)),
);
