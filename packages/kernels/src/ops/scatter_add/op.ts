import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { addAlong, pickAlong, pickedAxis } from '../gather/op.ts';
import { backendOf, ensureFloats, ensureShape } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `copy.forward`, `gather.backward` and, for the gradient, `gather.forward`. */
export const scatterAddKernels: readonly KernelSignature[] = [];

/**
 * y = x, and y[.., index[.., i, ..], ..] += source[.., i, ..] along an axis, in the order of the index: index i32 and source have one shape, with as
 * many dimensions as x and, but for the axis, no larger extents.
 */
export function scatterAdd(x: Tensor, axis: number, index: Tensor, source: Tensor): Tensor {
  ensureFloats('scatterAdd', { x, source });
  const at = pickedAxis('scatterAdd', 'x', x.shape, axis, index);
  ensureShape('scatterAdd', 'source', source, index.shape);
  const backend = backendOf('scatterAdd', x, index, source);
  const y = Tensor.empty(backend, x.shape);
  backend.encode('copy.forward', [x.buffer, y.buffer], [x.size]);
  addAlong(source.buffer, index.buffer, index.shape, at, x, { buffer: y.buffer, accumulate: 1 });
  if (needsGradient(x, source)) {
    recordGradient(y, [x, source], [index], (dy, sink) => {
      const dsource = sink.into(source);
      if (dsource.buffer !== 0) {
        const target = { backend, buffer: dsource.buffer };
        pickAlong(dy.buffer, x.shape, at, index.storage.id, index.shape, target, dsource.accumulate);
      }
      sink.pass(x, dy);
    });
  }
  return y;
}
