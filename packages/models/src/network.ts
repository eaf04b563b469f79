import { type Backend, keep, Tensor } from '@claimbench/kernels';
import { BitLinear } from './decoder/bit-linear.ts';
import { Hooks } from './decoder/hooks.ts';
import { DenseLinear, type Linear } from './decoder/linear.ts';
import type { ParameterSpec, ParameterValues } from './decoder/parameters.ts';
import { ModelError } from './model-error.ts';

/**
 * What every model is made of: named parameters on a backend, linears that techniques replace, and hooks. It owns its parameters;
 * `dispose` frees them.
 */
export abstract class Network implements Disposable {
  readonly backend: Backend;
  readonly hooks = new Hooks();
  /** Whether passes belong to training: what norms of batch statistics go by. `optimise` sets it while it runs. */
  training = false;
  readonly #parameters = new Map<string, Tensor>();
  readonly #linears = new Map<string, Linear>();
  /** Statistics that passes remember. */
  readonly #remembered = new Set<string>();
  /** Parameters that another model owns. */
  readonly #borrowed = new Set<Tensor>();
  readonly #groups = new Map<string, Readonly<Record<string, Tensor>>>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** All parameters by name (`layers.0.self_attn.q_proj.weight`), those of replaced linears left out. */
  get parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /** What training updates: the parameters but for remembered statistics, and what replaced linears train (`<linear>.<name>`). */
  get trainable(): ReadonlyMap<string, Tensor> {
    const all = new Map([...this.#parameters].filter(([name]) => !this.#remembered.has(name)));
    for (const [name, linear] of this.#linears) {
      for (const [own, tensor] of linear.trainable) all.set(`${name}.${own}`, tensor);
    }
    return all;
  }

  /** Every linear by name. */
  get linears(): ReadonlyMap<string, Linear> {
    return this.#linears;
  }

  /** Number of scalars in the dense parameters. */
  get parameterCount(): number {
    return [...this.#parameters.values()].reduce((sum, tensor) => sum + tensor.size, 0);
  }

  /** Bytes of the model as stored: every parameter in f32, linears that are not dense as they store theirs. */
  get storedBytes(): number {
    let bytes = this.parameterCount * 4;
    for (const linear of this.#linears.values()) {
      if (linear instanceof DenseLinear) continue;
      bytes += linear.storedBytes;
      // Its weight is a parameter while it is trained; what is stored are its codes.
      if (linear instanceof BitLinear) bytes -= linear.weight.size * 4;
    }
    return bytes;
  }

  /** Throws `unknown-name`. */
  parameter(name: string): Tensor {
    const tensor = this.#parameters.get(name);
    if (tensor === undefined) throw new ModelError('unknown-name', `the model has no parameter '${name}'`);
    return tensor;
  }

  linear(name: string): Linear {
    const linear = this.#linears.get(name);
    if (linear === undefined) throw new ModelError('unknown-name', `the model has no linear '${name}'`);
    return linear;
  }

  async readParameter(name: string): Promise<Float32Array> {
    return await this.parameter(name).readFloats();
  }

  /** The weight `[out, in]` that a linear computes with, dense or not. Throws `unknown-name`, also for a linear that has none to show. */
  async readWeight(name: string): Promise<Float32Array> {
    const linear = this.linear(name);
    if (linear.readWeight !== undefined) return await linear.readWeight();
    throw new ModelError('unknown-name', `'${name}' keeps its weight in a form that cannot be read as a dense one`);
  }

  writeParameter(name: string, values: Float32Array): void {
    this.parameter(name).write(values);
  }

  /** Copies of all parameters, in their fixed order: what a checkpoint stores. */
  async readParameters(): Promise<Map<string, ParameterValues>> {
    const values = new Map<string, ParameterValues>();
    for (const [name, tensor] of this.#parameters) {
      values.set(name, { shape: tensor.shape, data: await tensor.readFloats() });
    }
    return values;
  }

  /**
   * Puts another linear in the place of the one named. The model owns it from now on; the dense weight it replaces is freed and no
   * parameter any more (an embedding that `lm_head` shared stays). A bias stays a parameter of the model.
   */
  replaceLinear(name: string, replacement: Linear): void {
    const present = this.linear(name);
    if (replacement.inSize !== present.inSize || replacement.outSize !== present.outSize) {
      throw new ModelError(
        'shape-mismatch',
        `'${name}' maps ${present.inSize} to ${present.outSize} features, its replacement ${replacement.inSize} to ${replacement.outSize}`,
      );
    }
    this.#linears.set(name, replacement);
    if (replacement === present) return;
    present.dispose();
    const weight = this.#parameters.get(`${name}.weight`);
    this.#parameters.delete(`${name}.weight`);
    weight?.dispose();
  }

  dispose(): void {
    for (const linear of this.#linears.values()) linear.dispose();
    for (const tensor of this.#parameters.values()) if (!this.#borrowed.has(tensor)) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Takes parameters in the order of their specs; what was there is forgotten (dispose it first). A linear reads its weight by its own
   * name. A tensor in place of values belongs to another model, which outlives this one.
   */
  protected take(
    specs: readonly ParameterSpec[],
    valuesOf: (spec: ParameterSpec) => ParameterValues | Tensor,
    linears: Iterable<string>,
  ): void {
    this.#parameters.clear();
    this.#linears.clear();
    this.#groups.clear();
    this.#borrowed.clear();
    this.#remembered.clear();
    for (const spec of specs) {
      const values = valuesOf(spec);
      if (values instanceof Tensor) this.#borrowed.add(values);
      if (spec.remembered) this.#remembered.add(spec.name);
      const tensor = values instanceof Tensor ? values : keep(Tensor.from(this.backend, values.data, values.shape));
      this.#parameters.set(spec.name, tensor);
    }
    for (const name of linears) this.takeLinear(name, `${name}.weight`);
  }

  /** A linear on a parameter of another name, which others may read as well. */
  protected takeLinear(
    name: string,
    parameter: string,
    make: (weight: Tensor) => Linear = (weight) => new DenseLinear(weight),
  ): void {
    this.#linears.set(name, make(this.parameter(parameter)));
  }

  /** Frees the linears and parameters named, and the parameters below those names: they are no part of the model any more. */
  protected drop(names: Iterable<string>): void {
    for (const name of names) {
      this.#linears.get(name)?.dispose();
      this.#linears.delete(name);
      for (const [parameter, tensor] of [...this.#parameters]) {
        if (parameter !== name && !parameter.startsWith(`${name}.`)) continue;
        this.#parameters.delete(parameter);
        if (!this.#borrowed.has(tensor)) tensor.dispose();
      }
    }
    this.#groups.clear();
  }

  /** The parameters whose names start with `${prefix}.`, under the rest of their names. */
  protected group(prefix: string): Readonly<Record<string, Tensor>> {
    const known = this.#groups.get(prefix);
    if (known !== undefined) return known;
    const start = `${prefix}.`;
    const found = Object.fromEntries(
      [...this.#parameters]
        .filter(([parameter]) => parameter.startsWith(start))
        .map(([parameter, tensor]) => [parameter.slice(start.length), tensor]),
    );
    this.#groups.set(prefix, found);
    return found;
  }

  /** `x` through the linear of that name, with its bias. */
  protected through(name: string, x: Tensor): Tensor {
    const y = this.linear(name).forward(this.hook(`${name}.input`, x), this.#parameters.get(`${name}.bias`));
    return this.hook(`${name}.output`, y);
  }

  protected hook(place: string, value: Tensor, layer?: number, step?: number): Tensor {
    return this.hooks.active ? this.hooks.apply(value, { place, layer, step }) : value;
  }

  /** A computation that hooks may stand around. */
  protected around(
    place: string,
    input: Tensor,
    run: (input: Tensor) => Tensor,
    layer?: number,
    step?: number,
  ): Tensor {
    return this.hooks.active ? this.hooks.run(input, run, { place, layer, step }) : run(input);
  }
}
