import { createReferenceBackend, gelu, linear, scope, Tensor } from '@claimbench/kernels';
import { bindNorm, type NormSpec } from '@claimbench/models';
import { withoutLastInput, zeroMeanOutputs } from '../norm/pre-rmsnorm.ts';
import { Findings, type GoldenCheck } from './finding.ts';

/** The three norms, the two changes of weights, and `h = x + W2 gelu(W1 norm(x) + b1) + b2` in each of its forms. */
export const preRmsNormCheck: GoldenCheck = async (golden) => {
  const eps = golden.number('params', 'eps');
  const { shape, data } = golden.array('inputs', 'x');
  const [rows, width] = shape as [number, number];
  const [first, firstBias] = [golden.floats('inputs', 'W1'), golden.floats('inputs', 'b1')];
  const second = zeroMeanOutputs(golden.floats('inputs', 'W2'), firstBias.length);
  const secondBias = zeroMeanOutputs(golden.floats('inputs', 'b2'), 1);
  const compressedFirst = withoutLastInput(first, width);
  const x = Float32Array.from(data);
  const centred = x.map((value, i) => {
    const row = x.subarray(i - (i % width), i - (i % width) + width);
    return value - row.reduce((sum, entry) => sum + entry, 0) / width;
  });
  const compressed = centred.filter((_, i) => i % width !== width - 1);
  const backend = createReferenceBackend();
  const normed = async (spec: NormSpec, values: Float32Array, size: number) => {
    using y = scope(() => bindNorm(spec).forward(Tensor.from(backend, values, [rows, size]), {}));
    return await y.readFloats();
  };
  /** The block on rows of `size` features. */
  const block = async (spec: NormSpec, values: Float32Array, size: number, weights: Float32Array) => {
    const branch = await normed(spec, values, size);
    using y = scope(() => {
      const tensor = (entries: Float32Array, extents: number[]) => Tensor.from(backend, entries, extents);
      const inner = linear(tensor(branch, [rows, size]), tensor(weights, [firstBias.length, size]), tensor(firstBias, [firstBias.length]));
      const outer = tensor(second.slice(0, size * firstBias.length), [size, firstBias.length]);
      return linear(gelu(inner, 'erf'), outer, tensor(secondBias.slice(0, size), [size]));
    });
    const added = await y.readFloats();
    return values.map((value, i) => value + added[i]!);
  };
  const layerNorm = { kind: 'layer-norm', eps, weight: false, bias: false };
  const rmsNorm = { kind: 'rms-norm', eps };
  const compressedNorm = { kind: 'compressed-rms-norm', eps };
  try {
    const findings = new Findings(golden)
      .close('W2_zero_mean', second, 1e-5)
      .close('b2_zero_mean', secondBias, 1e-5)
      .close('W1_crms', compressedFirst, 1e-5)
      .close('layer_norm', await normed(layerNorm, x, width), 1e-5)
      .close('rms_norm_of_zero_mean', await normed(rmsNorm, centred, width), 1e-5)
      .close('crms_norm', await normed(compressedNorm, compressed, width - 1), 1e-5)
      .close('block_pre_ln_recentred', await block(layerNorm, centred, width, first), 1e-5)
      .close('block_pre_rms', await block(rmsNorm, centred, width, first), 1e-5)
      .close('block_pre_crms', await block(compressedNorm, compressed, width - 1, compressedFirst), 1e-5);
    return findings.list;
  } finally {
    backend.close();
  }
};
