import { add, type Backend, embedding, keep, slice, Tensor } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import type { AttentionCache } from './attention-cache.ts';
import { type DecoderConfig, parseDecoderConfig } from './config.ts';
import { DecoderLayer } from './decoder-layer.ts';
import { Hooks } from './hooks.ts';
import { initialValues } from './initial-values.ts';
import { checkLayerPlan, fullPlan, type LayerPlan } from './layer-plan.ts';
import { DenseLinear, type Linear } from './linear.ts';
import { bindNorm, type Norm } from './norm.ts';
import { checkParameterValues } from './parameter-values.ts';
import './norms.ts';
import { linearSpecs, namesOutside, normName, parameterSpecs } from './parameter-specs.ts';
import type { ParameterValues } from './parameters.ts';

/** Computes with the parts of a decoder, as its layers see them. */
export interface DecoderParts {
  readonly config: DecoderConfig;
  /** `x` through the linear of that name, with its bias. */
  linear(name: string, x: Tensor): Tensor;
  /** `x` through a norm whose parameters are named `${name}.weight`, …. */
  norm(norm: Norm, name: string, x: Tensor): Tensor;
  hook(place: string, value: Tensor, layer?: number, step?: number): Tensor;
}

/**
 * A decoder language model on a backend: its config, named parameters, linears, layer plan and hooks.
 * It owns its parameters; `dispose` frees them.
 */
export class Decoder implements Disposable {
  readonly backend: Backend;
  readonly config: DecoderConfig;
  readonly hooks = new Hooks();
  readonly #parameters = new Map<string, Tensor>();
  readonly #linears = new Map<string, Linear>();
  readonly #layers: readonly DecoderLayer[];
  readonly #embeddingNorm: Norm;
  readonly #finalNorm: Norm;
  readonly #parts: DecoderParts;
  #plan: LayerPlan;

  private constructor(backend: Backend, config: DecoderConfig, values: (name: string) => ParameterValues) {
    this.backend = backend;
    this.config = parseDecoderConfig(config);
    for (const { name } of parameterSpecs(this.config)) {
      const { data, shape } = values(name);
      this.#parameters.set(name, keep(Tensor.from(backend, data, shape)));
    }
    for (const { name } of linearSpecs(this.config)) {
      this.#linears.set(name, new DenseLinear(this.parameter(`${name}.weight`)));
    }
    if (this.config.tiedEmbeddings) {
      this.#linears.set('lm_head', new DenseLinear(this.parameter('embed_tokens.weight')));
    }
    this.#plan = fullPlan(this.config.layers);
    this.#embeddingNorm = bindNorm(this.config.norms.embedding);
    this.#finalNorm = bindNorm(this.config.norms.final);
    this.#layers = Array.from({ length: this.config.layers }, (_, layer) => new DecoderLayer(this.config, layer));
    this.#parts = this.#makeParts();
  }

  /** First values from Philox, keyed by seed, stream 1 and each parameter's name: what two configs share starts equal. */
  static initialise(backend: Backend, config: DecoderConfig, seed: number): Decoder {
    const specs = new Map(parameterSpecs(config).map((spec) => [spec.name, spec]));
    return new Decoder(backend, config, (name) => {
      const spec = specs.get(name)!;
      return { shape: spec.shape, data: initialValues(spec, seed) };
    });
  }

  /** From a checkpoint's values. Throws `bad-checkpoint` when one is missing, too many, or misshapen. */
  static fromValues(backend: Backend, config: DecoderConfig, values: ReadonlyMap<string, ParameterValues>): Decoder {
    checkParameterValues(config, values);
    return new Decoder(backend, config, (name) => values.get(name)!);
  }

  /** All parameters by name (`layers.0.self_attn.q_proj.weight`), those of replaced linears left out. */
  get parameters(): ReadonlyMap<string, Tensor> {
    return this.#parameters;
  }

  /** What training updates: the parameters, and what replaced linears train (`<linear>.<name>`). */
  get trainable(): ReadonlyMap<string, Tensor> {
    const all = new Map(this.#parameters);
    for (const [name, linear] of this.#linears) {
      for (const [own, tensor] of linear.trainable) all.set(`${name}.${own}`, tensor);
    }
    return all;
  }

  /** Every linear by name: `layers.N.self_attn.{q,k,v,o}_proj`, `layers.N.mlp.{gate,up,down}_proj`, `lm_head`. */
  get linears(): ReadonlyMap<string, Linear> {
    return this.#linears;
  }

  /** The order of layers in every pass from now on. */
  get plan(): LayerPlan {
    return this.#plan;
  }

  set plan(plan: LayerPlan) {
    checkLayerPlan(plan, this.config.layers);
    this.#plan = plan;
  }

  /** Number of scalars in the dense parameters. */
  get parameterCount(): number {
    return [...this.#parameters.values()].reduce((sum, tensor) => sum + tensor.size, 0);
  }

  /** Bytes of the model as stored: every parameter in f32, replaced linears as they store theirs. */
  get storedBytes(): number {
    let bytes = this.parameterCount * 4;
    for (const linear of this.#linears.values()) if (!(linear instanceof DenseLinear)) bytes += linear.storedBytes;
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
   * Puts another linear in the place of the one named. The decoder owns it from now on; the dense weight it replaces is freed
   * and no parameter any more (an embedding that `lm_head` shared stays). A bias stays a parameter of the decoder.
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

  /**
   * Makes a plan the model itself: what it never runs (layers, or one half of a layer with its norms) is freed and is no part of the
   * model any more, so that counted bytes and parameters fall. What was removed cannot come back.
   */
  keepOnly(plan: LayerPlan): void {
    this.plan = plan;
    for (const name of namesOutside(plan, this.config)) {
      this.#linears.get(name)?.dispose();
      this.#linears.delete(name);
      for (const [parameter, tensor] of [...this.#parameters]) {
        if (!parameter.startsWith(`${name}.`)) continue;
        this.#parameters.delete(parameter);
        tensor.dispose();
      }
    }
  }

  /**
   * Token ids i32 `[batch, time]` to logits `[batch, time, vocabulary]`. With a cache the ids follow what it holds. `last`: only of the
   * last so many tokens.
   */
  logits(ids: Tensor, cache?: AttentionCache, options: { readonly last?: number } = {}): Tensor {
    const hidden = this.hidden(ids, cache);
    const time = ids.shape[1]!;
    const { last = time } = options;
    const logits = this.#parts.linear('lm_head', last === time ? hidden : slice(hidden, 1, time - last, last));
    return this.#parts.hook('logits', logits);
  }

  /** As `logits`, stopping after the final norm: `[batch, time, hiddenSize]`. */
  hidden(ids: Tensor, cache?: AttentionCache): Tensor {
    const parts = this.#parts;
    const position = cache?.length ?? 0;
    let x = this.#embed(ids, position);
    x = parts.hook('embedding.output', parts.norm(this.#embeddingNorm, normName('embedding'), x));
    this.#plan.forEach((planned, step) => {
      x = this.#layers[planned.layer]!.forward(parts, x, planned.part, step, position, cache);
    });
    cache?.advance(ids.shape[1]!);
    return parts.hook('final.output', parts.norm(this.#finalNorm, normName('final'), x));
  }

  dispose(): void {
    for (const linear of this.#linears.values()) linear.dispose();
    for (const tensor of this.#parameters.values()) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #embed(ids: Tensor, position: number): Tensor {
    const time = ids.shape[1];
    if (ids.shape.length !== 2 || time === undefined) {
      throw new ModelError('shape-mismatch', `ids must be [batch, time], found [${ids.shape.join(', ')}]`);
    }
    const x = embedding(ids, this.parameter('embed_tokens.weight'));
    if (this.config.position.kind !== 'learned') return x;
    if (position + time > this.config.contextLength) {
      throw new ModelError(
        'shape-mismatch',
        `learned positions reach to ${this.config.contextLength}, the ids to ${position + time}`,
      );
    }
    return add(x, slice(this.parameter('embed_positions.weight'), 0, position, time));
  }

  #makeParts(): DecoderParts {
    const norms = new Map<string, Readonly<Record<string, Tensor>>>();
    const ofNorm = (name: string): Readonly<Record<string, Tensor>> => {
      const known = norms.get(name);
      if (known !== undefined) return known;
      const prefix = `${name}.`;
      const found = Object.fromEntries(
        [...this.#parameters]
          .filter(([parameter]) => parameter.startsWith(prefix))
          .map(([parameter, tensor]) => [parameter.slice(prefix.length), tensor]),
      );
      norms.set(name, found);
      return found;
    };
    return {
      config: this.config,
      linear: (name, x) =>
        this.linear(name).forward(this.#parts.hook(`${name}.input`, x), this.#parameters.get(`${name}.bias`)),
      norm: (norm, name, x) => (norm.isIdentity ? x : norm.forward(x, ofNorm(name))),
      hook: (place, value, layer, step) =>
        this.hooks.active ? this.hooks.apply(value, { place, layer, step }) : value,
    };
  }
}
