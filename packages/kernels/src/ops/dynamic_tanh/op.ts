import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [rows, width]; alpha [1]; gain, bias [width].
 *
 *     forward    t = tanh(alpha x)     y = gain t + bias
 *     backward   g        = dy gain (1 - t²)
 *                dx     (+)= alpha g
 *                dalpha (+)= sum over rows and width of g x
 *                dgain  (+)= sum over rows of dy t
 *                dbias  (+)= sum over rows of dy
 *
 * An absent gain is 1, an absent bias 0.
 */
export const dynamicTanhKernels: readonly KernelSignature[] = [
  {
    name: 'dynamic_tanh.forward',
    reads: ['x', 'alpha', 'gain?', 'bias?'],
    writes: ['y'],
    scalars: ['rows', 'width'],
  },
  {
    name: 'dynamic_tanh.backward',
    reads: ['dy', 'x', 'alpha', 'gain?'],
    writes: ['dx?', 'dalpha?', 'dgain?', 'dbias?'],
    scalars: ['rows', 'width', 'accumulateX', 'accumulateAlpha', 'accumulateGain', 'accumulateBias'],
  },
];

/** Dynamic tanh, DyT (Zhu et al. 2025, eq. 4): gain tanh(alpha x) + bias. x [..., width], alpha one element, gain and bias [width]. */
export function dynamicTanh(x: Tensor, alpha: Tensor, gain?: Tensor, bias?: Tensor): Tensor {
  ensureFloats('dynamicTanh', { x, alpha, gain, bias });
  const backend = backendOf('dynamicTanh', x, alpha, gain, bias);
  const { rows, width } = rowsOf('dynamicTanh', x);
  ensure(
    alpha.size === 1,
    'shape-mismatch',
    () => `dynamicTanh: alpha has one element, found shape ${formatShape(alpha.shape)}`,
  );
  ensureShape('dynamicTanh', 'gain', gain, [width]);
  ensureShape('dynamicTanh', 'bias', bias, [width]);
  const y = Tensor.empty(backend, x.shape);
  backend.encode(
    'dynamic_tanh.forward',
    [x.buffer, alpha.buffer, bufferOrNone(gain), bufferOrNone(bias), y.buffer],
    [rows, width],
  );
  if (needsGradient(x, alpha, gain, bias)) {
    recordGradient(y, [x, alpha, gain, bias], [x, alpha, gain], (dy, sink) => {
      const dx = sink.into(x);
      const dalpha = sink.into(alpha);
      const dgain = sink.into(gain);
      const dbias = sink.into(bias);
      backend.encode(
        'dynamic_tanh.backward',
        [
          dy.buffer,
          x.storage.id,
          alpha.storage.id,
          savedOrNone(gain),
          dx.buffer,
          dalpha.buffer,
          dgain.buffer,
          dbias.buffer,
        ],
        [rows, width, dx.accumulate, dalpha.accumulate, dgain.accumulate, dbias.accumulate],
      );
    });
  }
  return y;
}
