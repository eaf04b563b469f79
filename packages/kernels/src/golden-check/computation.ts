import { KernelError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Params } from './manifest.ts';

/** The inputs of a case by role. */
export class Inputs {
  readonly #tensors: ReadonlyMap<string, Tensor>;

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
  }

  of(role: string): Tensor {
    const tensor = this.#tensors.get(role);
    if (tensor === undefined) throw new KernelError('invalid-argument', `the golden case has no input ${role}`);
    return tensor;
  }

  ifAny(role: string): Tensor | undefined {
    return this.#tensors.get(role);
  }
}

/** The outputs of a case by role; a single tensor is the first output. */
export type Outputs = Tensor | Readonly<Record<string, Tensor>>;

/** How a golden op is computed here: from the case's inputs and parameters to its outputs; undefined where that use has no implementation. */
export type Computation = (inputs: Inputs, params: Params) => Outputs | undefined;

export type Computations = Readonly<Record<string, Computation>>;

export const unary =
  (op: (x: Tensor) => Tensor): Computation =>
  (inputs) =>
    op(inputs.of('x'));

export const binary =
  (op: (a: Tensor, b: Tensor) => Tensor): Computation =>
  (inputs) =>
    op(inputs.of('a'), inputs.of('b'));
