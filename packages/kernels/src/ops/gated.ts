import { needsGradient, recordGradient } from '../recording.ts';
import { Tensor } from '../tensor.ts';
import { backendOf, ensureFloats, ensureShape } from './operands.ts';
import type { KernelSignature } from './signature.ts';

/**
 * Kernels of a gated unit of an activation f:
 *
 *     <name>.forward     y = f(gate) up
 *     <name>.backward    dgate (+)= dy up f'(gate)
 *                        dup   (+)= dy f(gate)
 */
export function gatedSignatures(name: string): readonly KernelSignature[] {
  return [
    { name: `${name}.forward`, reads: ['gate', 'up'], writes: ['y'], scalars: ['count'] },
    {
      name: `${name}.backward`,
      reads: ['dy', 'gate', 'up'],
      writes: ['dgate?', 'dup?'],
      scalars: ['count', 'accumulateGate', 'accumulateUp'],
    },
  ];
}

/** Both of the same shape. */
export function gated(name: string, gate: Tensor, up: Tensor): Tensor {
  ensureFloats(name, { gate, up });
  const backend = backendOf(name, gate, up);
  ensureShape(name, 'up', up, gate.shape);
  const y = Tensor.empty(backend, gate.shape);
  backend.encode(`${name}.forward`, [gate.buffer, up.buffer, y.buffer], [y.size]);
  if (needsGradient(gate, up)) {
    recordGradient(y, [gate, up], [gate, up], (dy, sink) => {
      const dgate = sink.into(gate);
      const dup = sink.into(up);
      backend.encode(
        `${name}.backward`,
        [dy.buffer, gate.storage.id, up.storage.id, dgate.buffer, dup.buffer],
        [dy.size, dgate.accumulate, dup.accumulate],
      );
    });
  }
  return y;
}
