import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [rows, width]; gain [width]; rstd [rows]. For each row:
 *
 *     rstd = 1 / sqrt(1/width sum x² + eps)     y = x rstd (gain + gainOffset)
 *
 *     backward   g       = dy (gain + gainOffset)
 *                dx    (+)= rstd (g - x rstd² mean(g x))
 *                dgain (+)= sum over rows of dy x rstd
 *
 * An absent gain is 1 (and gainOffset does not count then). rstd is absent where no gradient is wanted.
 */
export const rmsNormKernels: readonly KernelSignature[] = [
  {
    name: 'rms_norm.forward',
    reads: ['x', 'gain?'],
    writes: ['y', 'rstd?'],
    scalars: ['rows', 'width', 'eps', 'gainOffset'],
  },
  {
    name: 'rms_norm.backward',
    reads: ['dy', 'x', 'gain?', 'rstd'],
    writes: ['dx?', 'dgain?'],
    scalars: ['rows', 'width', 'gainOffset', 'accumulateX', 'accumulateGain'],
  },
];

/**
 * Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019, eq. 4). x [..., width], gain [width].
 * `gainOffset` 1: the gain is stored minus 1, as Gemma's checkpoints do.
 */
export function rmsNorm(x: Tensor, gain?: Tensor, eps = 1e-5, gainOffset: 0 | 1 = 0): Tensor {
  ensureFloats('rmsNorm', { x, gain });
  const backend = backendOf('rmsNorm', x, gain);
  const { rows, width } = rowsOf('rmsNorm', x);
  ensureShape('rmsNorm', 'gain', gain, [width]);
  const y = Tensor.empty(backend, x.shape);
  const recorded = needsGradient(x, gain);
  const rstd = recorded ? Tensor.empty(backend, [rows]) : undefined;
  backend.encode(
    'rms_norm.forward',
    [x.buffer, bufferOrNone(gain), y.buffer, bufferOrNone(rstd)],
    [rows, width, eps, gainOffset],
  );
  if (recorded) {
    recordGradient(y, [x, gain], [x, gain, rstd], (dy, sink) => {
      const dx = sink.into(x);
      const dgain = sink.into(gain);
      backend.encode(
        'rms_norm.backward',
        [dy.buffer, x.storage.id, savedOrNone(gain), savedOrNone(rstd), dx.buffer, dgain.buffer],
        [rows, width, gainOffset, dx.accumulate, dgain.accumulate],
      );
    });
  }
  return y;
}
