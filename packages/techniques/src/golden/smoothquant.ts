import { absmaxQuantize, smoothingScales } from '../quantization/smoothquant.ts';
import { Findings, type GoldenCheck, largest } from './finding.ts';

/** Scales of two linears behind one norm, what they make of norm and weights, the rounding of weights and of activations, and the smoothed, rounded product. */
export const smoothQuantCheck: GoldenCheck = (golden) => {
  const { shape, data } = golden.array('inputs', 'W');
  const [, outSize, inSize] = shape as [number, number, number];
  const bits = golden.number('params', 'bits');
  const weights = Float32Array.from(data);
  const x = golden.floats('inputs', 'X');
  const largestInputs = new Float32Array(inSize);
  x.forEach((value, i) => {
    largestInputs[i % inSize] = Math.max(largestInputs[i % inSize]!, Math.abs(value));
  });
  const scales = smoothingScales(largestInputs, [weights], golden.number('params', 'alpha'));
  const over = (values: Float32Array) => values.map((value, i) => value / scales[i % inSize]!);
  const smoothed = weights.map((w, i) => w * scales[i % inSize]!);
  const inputs = over(x);
  const first = smoothed.subarray(0, outSize * inSize);
  const perChannel = absmaxQuantize(first, inSize, bits);
  const perToken = absmaxQuantize(inputs, inSize, bits);
  const product = Float32Array.from({ length: (x.length / inSize) * outSize }, (_, i) => {
    const [token, out] = [Math.floor(i / outSize) * inSize, (i % outSize) * inSize];
    let sum = 0;
    for (let j = 0; j < inSize; j++) sum += perToken[token + j]! * perChannel[out + j]!;
    return sum;
  });
  return new Findings(golden)
    .close('scales', scales, 1e-5 * largest(scales))
    .close('gamma_new', over(golden.floats('inputs', 'gamma')), 1e-5)
    .close('beta_new', over(golden.floats('inputs', 'beta')), 1e-5)
    .close('W_new', smoothed, 1e-5 * largest(smoothed))
    .close('w_per_channel', absmaxQuantize(weights.subarray(0, outSize * inSize), inSize, bits), 1e-5)
    .close('x_per_token', absmaxQuantize(x, inSize, bits), 1e-5)
    .close('y_smoothed_quantized', product, 1e-4 * largest(product)).list;
};
