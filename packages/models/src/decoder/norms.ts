import { batchNorm, concat, dynamicTanh, layerNorm, mean, rmsNorm, scale, slice, sub, sum } from '@claimbench/kernels';
import { z } from 'zod';
import { type NormKind, registerNorm } from './norm.ts';
import type { ParameterSpec } from './parameters.ts';

const weight = (size: number): ParameterSpec => ({
  name: 'weight',
  shape: [size],
  initial: { kind: 'constant', value: 1 },
});
const bias = (size: number): ParameterSpec => ({
  name: 'bias',
  shape: [size],
  initial: { kind: 'constant', value: 0 },
});

/** `(x - mean) / sqrt(variance + eps) * weight + bias` over the last dimension, population variance (Ba et al. 2016). */
export const layerNormKind: NormKind<{ eps: number; bias: boolean; weight: boolean }> = {
  kind: 'layer-norm',
  /** Without `weight` the gain is 1 (OLMo). */
  options: z.strictObject({ eps: z.number().positive(), bias: z.boolean(), weight: z.boolean().default(true) }),
  parameters: (size, options) => [...(options.weight ? [weight(size)] : []), ...(options.bias ? [bias(size)] : [])],
  forward: (x, parameters, options) => layerNorm(x, parameters.weight, parameters.bias, options.eps),
};

/**
 * `x / sqrt(mean(x^2) + eps) * weight` over the last dimension (Zhang and Sennrich 2019). `weightOffset` 1: the weight is stored minus 1
 * and starts at 0 (Gemma).
 */
export const rmsNormKind: NormKind<{ eps: number; weightOffset: 0 | 1 }> = {
  kind: 'rms-norm',
  options: z.strictObject({
    eps: z.number().positive(),
    weightOffset: z.union([z.literal(0), z.literal(1)]).default(0),
  }),
  parameters: (size, options) => [{ ...weight(size), initial: { kind: 'constant', value: 1 - options.weightOffset } }],
  forward: (x, parameters, options) => rmsNorm(x, parameters.weight, options.eps, options.weightOffset),
};

/** `weight * tanh(alpha x) + bias`, alpha one learned scalar (Zhu et al. 2025). */
export const dynamicTanhKind: NormKind<{ alphaInit: number }> = {
  kind: 'dynamic-tanh',
  options: z.strictObject({ alphaInit: z.number() }),
  parameters: (size, options) => [
    { name: 'alpha', shape: [1], initial: { kind: 'constant', value: options.alphaInit } },
    weight(size),
    bias(size),
  ],
  forward: (x, { alpha, weight: gain, bias: shift }) => dynamicTanh(x, alpha!, gain!, shift!),
};

/**
 * `(x - mean) / sqrt(variance + eps) * weight + bias`, mean and variance of each feature over all rows (batch and positions) in training,
 * remembered ones else (Ioffe and Szegedy 2015). `momentum` is a batch's share in what is remembered. `statistics` says what is used outside
 * of training: those that were remembered, or the batch's own.
 */
export const batchNormKind: NormKind<{ eps: number; momentum: number; statistics: 'remembered' | 'batch' }> = {
  kind: 'batch-norm',
  options: z.strictObject({
    eps: z.number().positive(),
    momentum: z.number().gt(0).max(1),
    statistics: z.enum(['remembered', 'batch']).default('remembered'),
  }),
  parameters: (size) => [
    weight(size),
    bias(size),
    { name: 'running_mean', shape: [size], initial: { kind: 'constant', value: 0 }, remembered: true },
    { name: 'running_variance', shape: [size], initial: { kind: 'constant', value: 1 }, remembered: true },
  ],
  forward(x, parameters, { eps, momentum, statistics }, { training }) {
    const { weight: gain, bias: shift, running_mean: mean, running_variance: variance } = parameters;
    const rows = x.reshape([-1, x.shape.at(-1)!]);
    const running = { mean: mean!, variance: variance! };
    if (!training && statistics === 'batch')
      return batchNorm(rows, gain!, shift!, { training: true, eps }).reshape(x.shape);
    return batchNorm(rows, gain!, shift!, { training, running, momentum, eps }).reshape(x.shape);
  },
};

/**
 * `x / sqrt((sum x^2 + (sum x)^2) / (size + 1) + eps)`: RMSNorm of a vector of mean 0 whose last entry, minus the sum of the others, is
 * not stored (Pre-CRMSNorm, Jiang et al. 2023, equation 8). It has no gain: whoever reads it carries that in its weights.
 */
export const compressedRmsNormKind: NormKind<{ eps: number }> = {
  kind: 'compressed-rms-norm',
  options: z.strictObject({ eps: z.number().positive() }),
  parameters: () => [],
  forward(x, _, { eps }) {
    const missing = scale(sum(x, { axes: [-1], keepDims: true }), -1);
    const whole = rmsNorm(concat([x, missing], -1), undefined, eps);
    return slice(whole, -1, 0, x.shape.at(-1)!);
  },
};

/** `x - mean(x)`: the part of LayerNorm that RMSNorm leaves out. No parameters. */
export const centringKind: NormKind<Record<never, never>> = {
  kind: 'centring',
  options: z.strictObject({}),
  parameters: () => [],
  forward: (x) => sub(x, mean(x, { axes: [-1], keepDims: true })),
};

/** The identity. */
export const noNormKind: NormKind<Record<never, never>> = {
  kind: 'none',
  options: z.strictObject({}),
  parameters: () => [],
  forward: (x) => x,
};

registerNorm(batchNormKind);
registerNorm(centringKind);
registerNorm(compressedRmsNormKind);
registerNorm(layerNormKind);
registerNorm(rmsNormKind);
registerNorm(dynamicTanhKind);
registerNorm(noNormKind);
