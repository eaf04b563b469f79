import type { Backend } from '../backend.ts';
import type { RandomStream } from '../random/random.ts';
import { sizeOfShape, Tensor } from '../tensor.ts';
import { type Bound, type Denormals, smallestNormal } from './bounds.ts';

/** One conformance case of an op: its inputs, what is computed, and how close every backend has to come. */
export interface OpCase {
  readonly name: string;
  readonly forward: Bound;
  readonly gradient: Bound;
  /** Bounds of single gradients, by input, where they differ from `gradient`: sums over all rows, for one. */
  readonly gradients?: Readonly<Record<string, Bound>>;
  /** Why the gradient is not the derivative, where it is meant not to be or there is none. */
  readonly notTheDerivative?: string;
  /** Makes the inputs and gives the computation, which may be run several times. */
  readonly build: (inputs: Inputs) => () => Tensor;
}

/**
 * Makes a case's inputs: the same values on every backend, but that one that flushes denormals is given zeros in their place. Float
 * inputs are differentiated unless they are `constant`.
 */
export class Inputs {
  readonly backend: Backend;
  readonly #stream: RandomStream;
  readonly #denormals: Denormals;
  readonly all: Tensor[] = [];
  readonly differentiated: { readonly name: string; readonly tensor: Tensor }[] = [];
  /** Whether a value was asked for that is denormal in float32. */
  heldDenormals = false;

  constructor(backend: Backend, stream: RandomStream, denormals: Denormals = 'kept') {
    this.backend = backend;
    this.#stream = stream;
    this.#denormals = denormals;
  }

  /** Normally distributed. */
  normal(name: string, shape: readonly number[], mean = 0, deviation = 1): Tensor {
    return this.#differentiate(
      name,
      this.constant(shape, () => mean + deviation * this.#stream.nextNormal()),
    );
  }

  /** Uniform in [from, to). */
  uniform(name: string, shape: readonly number[], from: number, to: number): Tensor {
    return this.#differentiate(
      name,
      this.constant(shape, () => from + (to - from) * this.#stream.nextUniform()),
    );
  }

  given(name: string, values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
    return this.#differentiate(
      name,
      this.constant(shape, (i) => values[i]!),
    );
  }

  /** Floats without a gradient. */
  constant(shape: readonly number[], valueAt: (index: number) => number): Tensor {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return this.#hold(
      Tensor.from(
        this.backend,
        Float32Array.from({ length: size }, (_, i) => this.#given(valueAt(i))),
        shape,
      ),
    );
  }

  /** Floats without a gradient, normally distributed. */
  constantNormal(shape: readonly number[], mean = 0, deviation = 1): Tensor {
    return this.constant(shape, () => mean + deviation * this.#stream.nextNormal());
  }

  /** Integers in 0 .. below - 1. */
  ids(shape: readonly number[], below: number): Tensor {
    return this.integers(
      Array.from({ length: sizeOfShape(shape) }, () => this.#stream.nextBelow(below)),
      shape,
    );
  }

  integers(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
    return this.#hold(Tensor.from(this.backend, Int32Array.from(values), shape));
  }

  bytes(values: Uint8Array, shape: readonly number[]): Tensor {
    return this.#hold(Tensor.from(this.backend, values, shape));
  }

  /** Integers for the case itself, such as codes to pack. */
  drawBelow(bound: number): number {
    return this.#stream.nextBelow(bound);
  }

  #differentiate(name: string, tensor: Tensor): Tensor {
    this.differentiated.push({ name, tensor });
    return tensor;
  }

  #given(value: number): number {
    if (value === 0 || !(Math.abs(value) < smallestNormal)) return value;
    this.heldDenormals = true;
    return this.#denormals === 'flushed' ? 0 * value : value;
  }

  #hold(tensor: Tensor): Tensor {
    this.all.push(tensor);
    return tensor;
  }
}
