import { adamWKernels } from './adamw/op.ts';
import { addKernels } from './add/op.ts';
import { attentionKernels } from './attention/op.ts';
import { concatKernels } from './concat/op.ts';
import { copyKernels } from './copy/op.ts';
import { crossEntropyKernels } from './cross_entropy/op.ts';
import { divKernels } from './div/op.ts';
import { dynamicTanhKernels } from './dynamic_tanh/op.ts';
import { embeddingKernels } from './embedding/op.ts';
import { fillKernels } from './fill/op.ts';
import { gatherRowsKernels } from './gather_rows/op.ts';
import { geluKernels } from './gelu/op.ts';
import { globalNormKernels } from './global_norm/op.ts';
import { layerNormKernels } from './layer_norm/op.ts';
import { linearKernels } from './linear/op.ts';
import { logSoftmaxKernels } from './log_softmax/op.ts';
import { matmulKernels } from './matmul/op.ts';
import { meanKernels } from './mean/op.ts';
import { mulKernels } from './mul/op.ts';
import { quantizedLinearKernels } from './quantized_linear/op.ts';
import { reluKernels } from './relu/op.ts';
import { rmsNormKernels } from './rms_norm/op.ts';
import { rotaryKernels } from './rotary/op.ts';
import { scaleKernels } from './scale/op.ts';
import { sgdKernels } from './sgd/op.ts';
import { sigmoidKernels } from './sigmoid/op.ts';
import type { KernelSignature } from './signature.ts';
import { siluKernels } from './silu/op.ts';
import { sliceKernels } from './slice/op.ts';
import { softmaxKernels } from './softmax/op.ts';
import { subKernels } from './sub/op.ts';
import { sumKernels } from './sum/op.ts';
import { swigluKernels } from './swiglu/op.ts';
import { tanhKernels } from './tanh/op.ts';
import { transposeKernels } from './transpose/op.ts';

/** Every op, by the name of its folder, with the kernels that a backend must have for it. */
export const ops: Readonly<Record<string, readonly KernelSignature[]>> = {
  adamw: adamWKernels,
  add: addKernels,
  attention: attentionKernels,
  concat: concatKernels,
  copy: copyKernels,
  cross_entropy: crossEntropyKernels,
  div: divKernels,
  dynamic_tanh: dynamicTanhKernels,
  embedding: embeddingKernels,
  fill: fillKernels,
  gather_rows: gatherRowsKernels,
  gelu: geluKernels,
  global_norm: globalNormKernels,
  layer_norm: layerNormKernels,
  linear: linearKernels,
  log_softmax: logSoftmaxKernels,
  matmul: matmulKernels,
  mean: meanKernels,
  mul: mulKernels,
  quantized_linear: quantizedLinearKernels,
  relu: reluKernels,
  rms_norm: rmsNormKernels,
  rotary: rotaryKernels,
  scale: scaleKernels,
  sgd: sgdKernels,
  sigmoid: sigmoidKernels,
  silu: siluKernels,
  slice: sliceKernels,
  softmax: softmaxKernels,
  sub: subKernels,
  sum: sumKernels,
  swiglu: swigluKernels,
  tanh: tanhKernels,
  transpose: transposeKernels,
};

/** Signature of every kernel, by its name. */
export const kernelSignatures: ReadonlyMap<string, KernelSignature> = new Map(
  Object.values(ops).flatMap((kernels) => kernels.map((kernel) => [kernel.name, kernel] as const)),
);
