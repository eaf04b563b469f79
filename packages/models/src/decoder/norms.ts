import { dynamicTanh, layerNorm, rmsNorm } from '@claimbench/kernels';
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
export const layerNormKind: NormKind<{ eps: number; bias: boolean }> = {
  kind: 'layer-norm',
  options: z.strictObject({ eps: z.number().positive(), bias: z.boolean() }),
  parameters: (size, options) => (options.bias ? [weight(size), bias(size)] : [weight(size)]),
  forward: (x, parameters, options) => layerNorm(x, parameters.weight, parameters.bias, options.eps),
};

/** `x / sqrt(mean(x^2) + eps) * weight` over the last dimension (Zhang and Sennrich 2019). */
export const rmsNormKind: NormKind<{ eps: number }> = {
  kind: 'rms-norm',
  options: z.strictObject({ eps: z.number().positive() }),
  parameters: (size) => [weight(size)],
  forward: (x, parameters, options) => rmsNorm(x, parameters.weight, options.eps),
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

/** The identity. */
export const noNormKind: NormKind<Record<never, never>> = {
  kind: 'none',
  options: z.strictObject({}),
  parameters: () => [],
  forward: (x) => x,
};

registerNorm(layerNormKind);
registerNorm(rmsNormKind);
registerNorm(dynamicTanhKind);
registerNorm(noNormKind);
