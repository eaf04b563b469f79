import type { Tensor } from '@claimbench/kernels';
import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import type { ParameterSpec } from './parameters.ts';

/** A norm by its kind and that kind's options (`{ kind: 'rms-norm', eps: 1e-5 }`). The registry checks the options. */
export const NormSpec = z.looseObject({ kind: z.string().min(1) });
export type NormSpec = z.infer<typeof NormSpec>;
export const NO_NORM: NormSpec = { kind: 'none' };

/** What a norm may know of the pass that it is in. */
export interface NormContext {
  /** Statistics of the batch are used and remembered; else those that were remembered. */
  readonly training: boolean;
}

/** How one kind of norm is described, initialised and computed. Techniques register their own. */
export interface NormKind<Options = unknown> {
  readonly kind: string;
  /** Options beside `kind`. A strict object: an unknown option is an error. */
  readonly options: z.ZodType<Options>;
  /** Its parameters for vectors of `size` elements, with names relative to the norm (`weight`, `bias`, `alpha`). */
  parameters(size: number, options: Options): readonly ParameterSpec[];
  /** `x [..., size]` to the same shape; `parameters` holds the tensors under their relative names. */
  forward(x: Tensor, parameters: Readonly<Record<string, Tensor>>, options: Options, context: NormContext): Tensor;
}

/** A norm kind bound to checked options. */
export interface Norm {
  readonly kind: string;
  readonly isIdentity: boolean;
  parameters(size: number): readonly ParameterSpec[];
  /** Without a context, as outside of training. */
  forward(x: Tensor, parameters: Readonly<Record<string, Tensor>>, context?: NormContext): Tensor;
}

const kinds = new Map<string, NormKind<never>>();

/** Makes a norm kind available to every config. Registering the same object again changes nothing; another one under a taken name throws. */
export function registerNorm<Options>(kind: NormKind<Options>): void {
  const present = kinds.get(kind.kind);
  if (present !== undefined && present !== (kind as unknown)) {
    throw new ModelError('invalid-config', `a norm kind named '${kind.kind}' is already registered`);
  }
  kinds.set(kind.kind, kind as NormKind<never>);
}

export function normKinds(): readonly string[] {
  return [...kinds.keys()].sort();
}

/** Finds the kind and checks the options. Throws `unknown-norm` or `invalid-config`. */
export function bindNorm(spec: NormSpec): Norm {
  const { kind: name, ...given } = spec;
  const kind = kinds.get(name);
  if (kind === undefined) {
    throw new ModelError('unknown-norm', `unknown norm '${name}'; known: ${normKinds().join(', ')}`);
  }
  const checked = kind.options.safeParse(given);
  if (!checked.success) {
    throw new ModelError('invalid-config', `norm '${name}': ${z.prettifyError(checked.error)}`);
  }
  const options = checked.data;
  return {
    kind: name,
    isIdentity: name === 'none',
    parameters: (size) => kind.parameters(size, options),
    forward: (x, parameters, context = { training: false }) => kind.forward(x, parameters, options, context),
  };
}
