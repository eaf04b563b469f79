import type { Backend } from '../backend.ts';
import { ensure, KernelError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { backendOf, ensureDtype, ensureShape } from './operands.ts';

/** Clipping by global norm inside the optimiser's own pass: saves one pass over the gradients. */
export interface Clipping {
  /** From globalNorm over the same gradients. */
  readonly norm: Tensor;
  readonly maxNorm: number;
}

/** Checks the parameter lists of a step and gives their backend. */
export function backendOfStep(
  op: string,
  parameters: readonly Tensor[],
  lists: Readonly<Record<string, readonly Tensor[]>>,
): Backend {
  const [first] = parameters;
  if (first === undefined)
    throw new KernelError('invalid-argument', `${op}: at least one parameter is needed, found none`);
  for (const name in lists) {
    const list = lists[name]!;
    ensure(
      list.length === parameters.length,
      'size-mismatch',
      () => `${op}: ${parameters.length} parameters need as many ${name}, found ${list.length}`,
    );
    for (let index = 0; index < list.length; index++) {
      const parameter = parameters[index]!;
      const member = list[index]!;
      ensureDtype(op, 'parameter', parameter, 'f32');
      ensureDtype(op, name, member, 'f32');
      ensureShape(op, name, member, parameter.shape);
      backendOf(op, first, parameter, member);
    }
  }
  return first.backend;
}

/** A weight decay for each parameter: one for all, or a list. */
export function decayOf(op: string, weightDecay: number | readonly number[], index: number, count: number): number {
  if (typeof weightDecay === 'number') return weightDecay;
  ensure(
    weightDecay.length === count,
    'size-mismatch',
    () => `${op}: ${count} parameters need as many weight decays, found ${weightDecay.length}`,
  );
  return weightDecay[index]!;
}
