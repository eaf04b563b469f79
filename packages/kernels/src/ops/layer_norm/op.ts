import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [rows, width]; gain, bias [width]; mean, rstd [rows]. For each row, with the population variance taken about the mean
 * (two passes: E[x²] - E[x]² cancels where the mean is large):
 *
 *     mean = 1/width sum x        rstd = 1 / sqrt(1/width sum (x - mean)² + eps)
 *     xhat = (x - mean) rstd      y = xhat gain + bias
 *
 *     backward   g        = dy gain
 *                dx     (+)= rstd (g - mean(g) - xhat mean(g xhat))
 *                dgain  (+)= sum over rows of dy xhat
 *                dbias  (+)= sum over rows of dy
 *
 * An absent gain is 1, an absent bias 0. mean and rstd are absent where no gradient is wanted.
 */
export const layerNormKernels: readonly KernelSignature[] = [
  {
    name: 'layer_norm.forward',
    reads: ['x', 'gain?', 'bias?'],
    writes: ['y', 'mean?', 'rstd?'],
    scalars: ['rows', 'width', 'eps'],
  },
  {
    name: 'layer_norm.backward',
    reads: ['dy', 'x', 'gain?', 'mean', 'rstd'],
    writes: ['dx?', 'dgain?', 'dbias?'],
    scalars: ['rows', 'width', 'accumulateX', 'accumulateGain', 'accumulateBias'],
  },
];

/** Layer normalisation over the last dimension (Ba et al. 2016, eq. 4). x [..., width], gain and bias [width]. */
export function layerNorm(x: Tensor, gain?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  ensureFloats('layerNorm', { x, gain, bias });
  const backend = backendOf('layerNorm', x, gain, bias);
  const { rows, width } = rowsOf('layerNorm', x);
  ensureShape('layerNorm', 'gain', gain, [width]);
  ensureShape('layerNorm', 'bias', bias, [width]);
  const y = Tensor.empty(backend, x.shape);
  const recorded = needsGradient(x, gain, bias);
  const mean = recorded ? Tensor.empty(backend, [rows]) : undefined;
  const rstd = recorded ? Tensor.empty(backend, [rows]) : undefined;
  backend.encode(
    'layer_norm.forward',
    [x.buffer, bufferOrNone(gain), bufferOrNone(bias), y.buffer, bufferOrNone(mean), bufferOrNone(rstd)],
    [rows, width, eps],
  );
  if (recorded) {
    recordGradient(y, [x, gain, bias], [x, gain, mean, rstd], (dy, sink) => {
      const dx = sink.into(x);
      const dgain = sink.into(gain);
      const dbias = sink.into(bias);
      backend.encode(
        'layer_norm.backward',
        [
          dy.buffer,
          x.storage.id,
          savedOrNone(gain),
          savedOrNone(mean),
          savedOrNone(rstd),
          dx.buffer,
          dgain.buffer,
          dbias.buffer,
        ],
        [rows, width, dx.accumulate, dgain.accumulate, dbias.accumulate],
      );
    });
  }
  return y;
}
