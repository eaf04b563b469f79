import { ensure, formatShape, KernelError } from './errors.ts';
import {
  activeRecorder,
  type GradientRule,
  type GradientSink,
  type GradientTarget,
  type Recorder,
  setActiveRecorder,
} from './recording.ts';
import { Storage, scope, Tensor } from './tensor.ts';

/** One op of the forward pass, with what its gradient needs. */
interface TapeEntry {
  readonly output: Tensor;
  readonly inputs: readonly Tensor[];
  /** Buffers that the rule reads; the tape holds them until it has run. */
  readonly saved: readonly Storage[];
  readonly rule: GradientRule;
}

export interface ValueAndGradOptions {
  /** Gradient of what is differentiated with respect to the loss tensor; needed where that has more than one element. */
  readonly cotangent?: Tensor;
  /** One tensor for each parameter, to which its gradient is added in place (gradient accumulation over micro-batches). */
  readonly into?: readonly Tensor[];
}

/**
 * Computes `loss` and its gradient with respect to each parameter (reverse mode). A parameter on which the loss does not depend
 * has gradient zero. Intermediate results are freed as soon as their gradient rule has run; value and gradients belong to
 * the enclosing scope or to the caller.
 */
export function valueAndGrad(
  parameters: readonly Tensor[],
  loss: () => Tensor,
  options: ValueAndGradOptions = {},
): { value: Tensor; gradients: Tensor[] } {
  const tape = new Tape(parameters);
  return scope(() => {
    try {
      const value = tape.watch(loss);
      const gradients = tape.differentiate(value, options);
      return { value, gradients };
    } finally {
      tape.release();
    }
  });
}

/** The same values, through which no gradient flows (straight-through estimators, frozen branches). A view. */
export function stopGradient(input: Tensor): Tensor {
  void input.buffer; // refuses a disposed tensor
  return new Tensor(input.backend, input.shape, input.dtype, input.storage.retain());
}

class Tape implements Recorder {
  readonly #parameters: readonly Tensor[];
  readonly #entries: TapeEntry[] = [];
  /** Tensors that depend on a parameter. */
  readonly #dependent: Set<Tensor>;

  constructor(parameters: readonly Tensor[]) {
    this.#parameters = parameters;
    this.#dependent = new Set(parameters);
    for (const parameter of parameters) {
      ensure(parameter.dtype === 'f32', 'dtype-mismatch', () => `a parameter is f32, found ${parameter.dtype}`);
    }
  }

  watch(loss: () => Tensor): Tensor {
    ensure(
      activeRecorder() === undefined,
      'nested-tape',
      () => 'valueAndGrad inside the loss of another is not supported',
    );
    setActiveRecorder(this);
    try {
      return loss();
    } finally {
      setActiveRecorder(undefined);
    }
  }

  depends(input: Tensor): boolean {
    return this.#dependent.has(input);
  }

  record(output: Tensor, inputs: readonly Tensor[], saved: readonly Tensor[], rule: GradientRule): void {
    this.#dependent.add(output);
    this.#entries.push({ output, inputs, saved: saved.map((tensor) => tensor.storage.retain()), rule });
  }

  differentiate(value: Tensor, options: ValueAndGradOptions): Tensor[] {
    const gradients = new Gradients(this.#dependent);
    if (options.into !== undefined) gradients.startFrom(this.#parameters, options.into);
    if (this.#dependent.has(value)) gradients.pass(value, cotangentOf(value, options.cotangent));
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      const gradient = gradients.take(entry.output);
      if (gradient !== undefined) {
        entry.rule(gradient, gradients);
        gradients.finishRule();
        gradient.dispose();
      }
      for (const storage of entry.saved) storage.release();
      if (entry.output !== value && !entry.output.kept) entry.output.dispose();
    }
    return this.#parameters.map((parameter) => gradients.ofParameter(parameter));
  }

  /** Lets go of what is still saved (when the loss threw). */
  release(): void {
    for (const entry of this.#entries) for (const storage of entry.saved) storage.release();
    this.#entries.length = 0;
  }
}

/** Gradients under construction, one for each tensor that still waits for its rule. */
class Gradients implements GradientSink {
  readonly #dependent: ReadonlySet<Tensor>;
  readonly #pending = new Map<Tensor, Tensor>();
  /** Inputs already handed out to the rule that is running. */
  readonly #handedOut = new Set<Tensor>();
  /** An op's input that appears twice gets a buffer of its own the second time: one kernel never writes twice to one place. */
  readonly #repeated: { input: Tensor; gradient: Tensor }[] = [];

  constructor(dependent: ReadonlySet<Tensor>) {
    this.#dependent = dependent;
  }

  startFrom(parameters: readonly Tensor[], into: readonly Tensor[]): void {
    ensure(
      into.length === parameters.length,
      'size-mismatch',
      () => `${parameters.length} parameters need as many gradients, found ${into.length}`,
    );
    parameters.forEach((parameter, index) => {
      const gradient = into[index]!;
      ensureSameShape(parameter, gradient, 'gradient to add to');
      this.#pending.set(parameter, gradient);
    });
  }

  into(input: Tensor | undefined): GradientTarget {
    if (input === undefined || !this.#dependent.has(input)) return noTarget;
    if (this.#handedOut.has(input)) {
      const gradient = Tensor.empty(input.backend, input.shape);
      this.#repeated.push({ input, gradient });
      return { buffer: gradient.buffer, accumulate: 0 };
    }
    this.#handedOut.add(input);
    const pending = this.#pending.get(input);
    if (pending !== undefined) {
      makeSoleOwner(pending);
      return { buffer: pending.buffer, accumulate: 1 };
    }
    const gradient = Tensor.empty(input.backend, input.shape);
    this.#pending.set(input, gradient);
    return { buffer: gradient.buffer, accumulate: 0 };
  }

  pass(input: Tensor, gradient: Tensor): void {
    if (!this.#dependent.has(input)) return;
    const pending = this.#pending.get(input);
    if (pending === undefined) {
      this.#pending.set(input, new Tensor(input.backend, input.shape, 'f32', gradient.storage.retain()));
      return;
    }
    makeSoleOwner(pending);
    input.backend.encode('scale.forward', [gradient.buffer, pending.buffer], [input.size, 1, 1]);
  }

  finishRule(): void {
    this.#handedOut.clear();
    for (const { input, gradient } of this.#repeated) {
      this.pass(input, gradient);
      gradient.dispose();
    }
    this.#repeated.length = 0;
  }

  /** The finished gradient of an op's output; the caller disposes it. */
  take(output: Tensor): Tensor | undefined {
    const gradient = this.#pending.get(output);
    this.#pending.delete(output);
    return gradient;
  }

  ofParameter(parameter: Tensor): Tensor {
    const gradient = this.#pending.get(parameter);
    if (gradient === undefined) return Tensor.zeros(parameter.backend, parameter.shape);
    makeSoleOwner(gradient);
    return gradient;
  }
}

const noTarget: GradientTarget = { buffer: 0, accumulate: 0 };

/** Gradients share buffers where an op passes them on unchanged (add, reshape); who writes to one first makes it its own. */
function makeSoleOwner(gradient: Tensor): void {
  if (gradient.storage.references === 1) return;
  const own = new Storage(gradient.backend, gradient.size * 4);
  gradient.backend.encode('copy.forward', [gradient.buffer, own.id], [gradient.size]);
  gradient.storage.release();
  gradient.storage = own;
}

function cotangentOf(value: Tensor, cotangent: Tensor | undefined): Tensor {
  if (cotangent !== undefined) {
    ensureSameShape(value, cotangent, 'cotangent');
    return cotangent;
  }
  ensure(
    value.size === 1,
    'shape-mismatch',
    () => `a loss of shape ${formatShape(value.shape)} needs a cotangent; without one it has one element`,
  );
  return Tensor.full(value.backend, value.shape, 1);
}

function ensureSameShape(like: Tensor, found: Tensor, what: string): void {
  const same =
    like.shape.length === found.shape.length && like.shape.every((extent, axis) => extent === found.shape[axis]);
  if (!same) {
    throw new KernelError(
      'shape-mismatch',
      `${what}: expected ${formatShape(like.shape)}, found ${formatShape(found.shape)}`,
    );
  }
}
