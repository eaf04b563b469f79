import { add, div, linear, relu, sigmoid, stopGradient, sub, Tensor } from '@claimbench/kernels';
import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import type { ParameterSpec } from './parameters.ts';

/** A router by its kind and that kind's options. The registry checks the options. */
export const RouterSpec = z.looseObject({ kind: z.string().min(1) });
export type RouterSpec = z.infer<typeof RouterSpec>;

/** How one kind of router decides, token by token, how much of a branch counts. Techniques register their own. */
export interface RouterKind<Options = unknown> {
  readonly kind: string;
  /** Options beside `kind`. A strict object: an unknown option is an error. */
  readonly options: z.ZodType<Options>;
  /** Its parameters for a stream of `size` features, with names relative to the router. */
  parameters(size: number, options: Options): readonly ParameterSpec[];
  /** The stream `x [batch, time, size]` to the branch's weight `[batch, time, 1]`. */
  forward(x: Tensor, parameters: Readonly<Record<string, Tensor>>, options: Options): Tensor;
}

/** A router kind bound to checked options. */
export interface Router {
  parameters(size: number): readonly ParameterSpec[];
  forward(x: Tensor, parameters: Readonly<Record<string, Tensor>>): Tensor;
}

const kinds = new Map<string, RouterKind<never>>();

/** Makes a router kind available to every config. Registering the same object again changes nothing; another under a taken name throws. */
export function registerRouter<Options>(kind: RouterKind<Options>): void {
  const present = kinds.get(kind.kind);
  if (present !== undefined && present !== (kind as unknown)) {
    throw new ModelError('invalid-config', `a router kind named '${kind.kind}' is already registered`);
  }
  kinds.set(kind.kind, kind as RouterKind<never>);
}

/** Finds the kind and checks the options. Throws `unknown-name` or `invalid-config`. */
export function bindRouter(spec: RouterSpec): Router {
  const { kind: name, ...given } = spec;
  const kind = kinds.get(name);
  if (kind === undefined) {
    throw new ModelError('unknown-name', `unknown router '${name}'; known: ${[...kinds.keys()].sort().join(', ')}`);
  }
  const checked = kind.options.safeParse(given);
  if (!checked.success) {
    throw new ModelError('invalid-config', `router '${name}': ${z.prettifyError(checked.error)}`);
  }
  const options = checked.data;
  return {
    parameters: (size) => kind.parameters(size, options),
    forward: (x, parameters) => kind.forward(x, parameters, options),
  };
}

const gateParameters = (size: number, { bias }: { bias: number }): readonly ParameterSpec[] => [
  { name: 'weight', shape: [1, size], initial: { kind: 'constant', value: 0 } },
  { name: 'bias', shape: [1], initial: { kind: 'constant', value: bias } },
];

/** `sigmoid(w . x + b)`: a soft gate. `bias` is b's first value; w starts at 0. */
export const sigmoidRouter: RouterKind<{ bias: number }> = {
  kind: 'sigmoid',
  options: z.strictObject({ bias: z.number() }),
  parameters: gateParameters,
  forward: (x, { weight, bias }) => sigmoid(linear(x, weight!, bias)),
};

/**
 * 1 where `sigmoid(w . x + b)` exceeds `threshold`, else 0; the gradient is the sigmoid's (straight-through), as MindSkip's router
 * has it.
 */
export const thresholdRouter: RouterKind<{ bias: number; threshold: number }> = {
  kind: 'threshold',
  options: z.strictObject({ bias: z.number(), threshold: z.number().gt(0).lt(1) }),
  parameters: gateParameters,
  forward(x, { weight, bias }, { threshold }) {
    const soft = sigmoid(linear(x, weight!, bias));
    const constant = (value: number) => Tensor.from(x.backend, Float32Array.of(value), [1]);
    const above = relu(sub(soft, constant(threshold)));
    // above / (above + tiny) is 1 for everything that float32 tells from the threshold, and 0 at 0
    const hard = div(above, add(above, constant(1e-30)));
    return add(soft, stopGradient(sub(hard, soft)));
  },
};

registerRouter(sigmoidRouter);
registerRouter(thresholdRouter);
