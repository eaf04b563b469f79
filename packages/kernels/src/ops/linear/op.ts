import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [rows, in], weight [out, in], bias [out], residual [rows, out], y [rows, out].
 *
 *     forward    y[r, o]        = sum_i x[r, i] weight[o, i]  + bias[o] + residual[r, o]
 *     backward   dx[r, i]      (+)= sum_o dy[r, o] weight[o, i]
 *                dweight[o, i] (+)= sum_r dy[r, o] x[r, i]
 *                dbias[o]      (+)= sum_r dy[r, o]
 *
 * `in` 0 gives bias + residual; `rows` 0 gives zero weight gradients (or leaves them, where they accumulate). The gradient of
 * residual is dy itself, passed on without a command. Any of dx, dweight, dbias may be absent; x is absent where dweight
 * is, weight where dx is.
 */
export const linearKernels: readonly KernelSignature[] = [
  {
    name: 'linear.forward',
    reads: ['x', 'weight', 'bias?', 'residual?'],
    writes: ['y'],
    scalars: ['rows', 'in', 'out'],
  },
  {
    name: 'linear.backward',
    reads: ['dy', 'x?', 'weight?'],
    writes: ['dx?', 'dweight?', 'dbias?'],
    scalars: ['rows', 'in', 'out', 'accumulateX', 'accumulateWeight', 'accumulateBias'],
  },
];

/**
 * y = x Wᵀ + b (+ residual): x [..., in], weight [out, in], bias [out], residual [..., out] gives [..., out].
 * `residual` saves a pass over memory where a block's output is added to its stream.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, residual?: Tensor): Tensor {
  ensureFloats('linear', { x, weight, bias, residual });
  const backend = backendOf('linear', x, weight, bias, residual);
  const { rows, width } = rowsOf('linear', x);
  ensure(
    weight.shape.length === 2 && weight.shape[1] === width,
    'shape-mismatch',
    () => `linear: weight has shape [out, ${width}], found [${weight.shape.join(', ')}]`,
  );
  const out = weight.shape[0]!;
  const shape = x.shape.with(-1, out);
  ensureShape('linear', 'bias', bias, [out]);
  ensureShape('linear', 'residual', residual, shape);
  const y = Tensor.empty(backend, shape);
  backend.encode(
    'linear.forward',
    [x.buffer, weight.buffer, bufferOrNone(bias), bufferOrNone(residual), y.buffer],
    [rows, width, out],
  );
  if (needsGradient(x, weight, bias, residual)) {
    const savedX = needsGradient(weight) ? x : undefined;
    const savedWeight = needsGradient(x) ? weight : undefined;
    recordGradient(y, [x, weight, bias, residual], [savedX, savedWeight], (dy, sink) => {
      const dx = sink.into(x);
      const dweight = sink.into(weight);
      const dbias = sink.into(bias);
      if (dx.buffer !== 0 || dweight.buffer !== 0 || dbias.buffer !== 0) {
        backend.encode(
          'linear.backward',
          [
            dy.buffer,
            savedX === undefined ? 0 : savedX.storage.id,
            savedWeight === undefined ? 0 : savedWeight.storage.id,
            dx.buffer,
            dweight.buffer,
            dbias.buffer,
          ],
          [rows, width, out, dx.accumulate, dweight.accumulate, dbias.accumulate],
        );
      }
      if (residual !== undefined) sink.pass(residual, dy);
    });
  }
  return y;
}
