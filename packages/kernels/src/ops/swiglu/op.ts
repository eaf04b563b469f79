import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, ensureShape } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 *     forward    y = gate s up,  s = 1 / (1 + exp(-gate))
 *     backward   dgate (+)= dy up s (1 + gate (1 - s))
 *                dup   (+)= dy gate s
 */
export const swigluKernels: readonly KernelSignature[] = [
  { name: 'swiglu.forward', reads: ['gate', 'up'], writes: ['y'], scalars: ['count'] },
  {
    name: 'swiglu.backward',
    reads: ['dy', 'gate', 'up'],
    writes: ['dgate?', 'dup?'],
    scalars: ['count', 'accumulateGate', 'accumulateUp'],
  },
];

/** silu(gate) times up (Shazeer 2020, eq. 5 without the products). Same shapes. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  ensureFloats('swiglu', { gate, up });
  const backend = backendOf('swiglu', gate, up);
  ensureShape('swiglu', 'up', up, gate.shape);
  const y = Tensor.empty(backend, gate.shape);
  backend.encode('swiglu.forward', [gate.buffer, up.buffer, y.buffer], [y.size]);
  if (needsGradient(gate, up)) {
    recordGradient(y, [gate, up], [gate, up], (dy, sink) => {
      const dgate = sink.into(gate);
      const dup = sink.into(up);
      backend.encode(
        'swiglu.backward',
        [dy.buffer, gate.storage.id, up.storage.id, dgate.buffer, dup.buffer],
        [dy.size, dgate.accumulate, dup.accumulate],
      );
    });
  }
  return y;
}
