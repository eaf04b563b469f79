import { add, type Backend, scale, slice, sub, type Tensor, tanh } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { Network } from '../network.ts';
import { activated } from './activations.ts';
import type { AttentionCache } from './attention-cache.ts';
import { BitLinear } from './bit-linear.ts';
import { type DecoderConfig, type DecoderConfigInput, isEncoder, parseDecoderConfig } from './config.ts';
import { DecoderLayer, type DecoderParts, type Pass } from './decoder-layer.ts';
import { embedInput } from './embedding.ts';
import { initialValues } from './initial-values.ts';
import { checkLayerPlan, fullPlan, isParallel, type LayerPlan, stepsOf } from './layer-plan.ts';
import { bindNorm, type Norm } from './norm.ts';
import { checkParameterValues } from './parameter-values.ts';
import './norms.ts';
import { linearSpecs, namesOutside, normName, parameterSpecs } from './parameter-specs.ts';
import type { ParameterValues } from './parameters.ts';
import { paddingBias, scoreBias } from './score-bias.ts';

/** What a pass may be given beside its inputs. */
export interface PassOptions {
  /** f32 `[batch, keyTime]`: 1 for keys that count, 0 for padding; with a cache for all keys, the held ones first. */
  readonly mask?: Tensor;
  /** Types of the tokens, i32 `[batch, time]`. */
  readonly types?: Tensor;
  /** What cross-attention reads, `[batch, memoryTime, memorySize]`, and its mask `[batch, memoryTime]`. */
  readonly memory?: Tensor;
  readonly memoryMask?: Tensor;
}

/**
 * A transformer on a backend: its config, named parameters, linears, layer plan and hooks. A decoder language model, or, where the
 * config says so, an encoder or a vision transformer. It owns its parameters; `dispose` frees them.
 */
export class Decoder extends Network {
  #config: DecoderConfig;
  #plan: LayerPlan = [];
  #layers: readonly DecoderLayer[] = [];
  readonly #norms = new Map<string, Norm>();
  readonly #parts: DecoderParts;

  private constructor(backend: Backend, config: DecoderConfig, values: (name: string) => ParameterValues | Tensor) {
    super(backend);
    this.#config = config;
    this.#parts = this.#makeParts();
    this.#build(config, values);
  }

  /**
   * First values from Philox, keyed by seed, stream 1 and each parameter's name: what two configs share starts equal. `shared`:
   * parameters of another model that this one reads and does not own.
   */
  static initialise(
    backend: Backend,
    config: DecoderConfigInput,
    seed: number,
    shared: ReadonlyMap<string, Tensor> = new Map(),
  ): Decoder {
    const parsed = parseDecoderConfig(config);
    const specs = new Map(parameterSpecs(parsed).map((spec) => [spec.name, spec]));
    return new Decoder(backend, parsed, (name) => {
      const spec = specs.get(name)!;
      return shared.get(name) ?? { shape: spec.shape, data: initialValues(spec, seed) };
    });
  }

  /** From a checkpoint's values. Throws `bad-checkpoint` when one is missing, too many, or misshapen. */
  static fromValues(
    backend: Backend,
    config: DecoderConfigInput,
    values: ReadonlyMap<string, ParameterValues>,
    shared: ReadonlyMap<string, Tensor> = new Map(),
  ): Decoder {
    const parsed = parseDecoderConfig(config);
    checkParameterValues(parsed, values);
    return new Decoder(backend, parsed, (name) => shared.get(name) ?? values.get(name)!);
  }

  get config(): DecoderConfig {
    return this.#config;
  }

  /** The order of layers in every pass from now on. */
  get plan(): LayerPlan {
    return this.#plan;
  }

  set plan(plan: LayerPlan) {
    checkLayerPlan(plan, this.config);
    this.#plan = plan;
  }

  /**
   * Turns this decoder into another one in place: layers gone or merged, narrower, with other norms, … Replaced linears go, hooks
   * stay, parameters of another model become its own, the plan becomes the new config's. Throws `bad-checkpoint` when the values do
   * not fit, and changes nothing then.
   */
  rebuild(config: DecoderConfigInput, values: ReadonlyMap<string, ParameterValues>): void {
    const parsed = parseDecoderConfig(config);
    checkParameterValues(parsed, values);
    this.dispose();
    this.#build(parsed, (name) => values.get(name)!);
  }

  /**
   * Makes a plan the model itself: what it never runs (layers, or one half of a layer with its norms) is freed and is no part of the
   * model any more, so that counted bytes and parameters fall. What was removed cannot come back.
   */
  keepOnly(plan: LayerPlan): void {
    this.plan = plan;
    this.drop(namesOutside(plan, this.config));
  }

  /**
   * Token ids i32 `[batch, time]` (or images) to logits `[batch, time, vocabulary]`, or `[batch, vocabulary]` where the config reads the
   * first position alone. With a cache the ids follow what it holds. `last`: only of the last so many positions.
   */
  logits(input: Tensor, cache?: AttentionCache, options: PassOptions & { readonly last?: number } = {}): Tensor {
    const hidden = this.hidden(input, cache, options);
    const time = hidden.shape[1]!;
    const { last = time } = options;
    return this.logitsOf(last === time ? hidden : slice(hidden, 1, time - last, last));
  }

  /** As `logits`, stopping after the final norm: `[batch, time, width]`. */
  hidden(input: Tensor, cache?: AttentionCache, options: PassOptions = {}): Tensor {
    const x = this.run(this.embed(input, cache?.length ?? 0, options), this.#plan, { cache, ...options });
    cache?.advance(x.shape[1]!);
    return this.finish(x);
  }

  /** The stream as the first layer takes it; `position`: tokens before the first. */
  embed(input: Tensor, position = 0, options: PassOptions = {}): Tensor {
    const parts = this.#parts;
    const source = { config: this.config, parameter: (name: string) => this.parameter(name), linear: parts.linear };
    const x = embedInput(source, input, position, options.types);
    return parts.hook('embedding.output', parts.norm(this.#norms.get('embedding')!, normName('embedding'), x));
  }

  /**
   * The stream `[batch, time, width]` through a plan's steps, or a part of them: how drafting and verifying share their first layers.
   * The cache is read and extended, but its length stays: call `advance` when the whole pass is done. `firstStep` is the number
   * of the plan's first step in the whole plan (the cache holds keys and values by step).
   */
  run(
    x: Tensor,
    plan: LayerPlan,
    options: PassOptions & { readonly cache?: AttentionCache | undefined; readonly firstStep?: number } = {},
  ): Tensor {
    const { cache, memory, memoryMask, mask } = options;
    const { position: encoding, crossAttention } = this.config;
    const position = cache?.length ?? 0;
    if (crossAttention !== null && memory === undefined) {
      throw new ModelError('shape-mismatch', 'the model has cross-attention: a pass needs the memory that it reads');
    }
    if (cache !== undefined && isEncoder(this.config)) {
      throw new ModelError(
        'cache-mismatch',
        'an encoder sees what follows: it is run on whole windows, without a cache',
      );
    }
    const relative = encoding.kind === 'relative' ? this.parameter('relative_bias.weight') : undefined;
    const pass: Pass = {
      position,
      cache,
      bias: scoreBias(this.config, { position, time: x.shape[1]! }, relative, mask),
      memory,
      memoryBias: memoryMask === undefined ? undefined : paddingBias(memoryMask, memory!.shape[1]!),
    };
    return this.#runPlan(pass, x, plan, options.firstStep ?? 0);
  }

  /**
   * Gives a cache the keys and values that a plan's steps have of the stream `x`, and computes nothing else of them: for tokens that
   * leave before these steps, as `run` for those that do not. Throws `invalid-layer-plan` where steps stand side by side.
   */
  remember(x: Tensor, plan: LayerPlan, cache: AttentionCache, firstStep: number): void {
    const none = { bias: undefined, memory: undefined, memoryBias: undefined };
    const pass: Pass = { position: cache.length, cache, ...none };
    for (const [at, item] of plan.entries()) {
      if (isParallel(item)) throw new ModelError('invalid-layer-plan', 'tokens cannot leave before parallel steps');
      if (item.part !== 'mlp') this.#layers[item.layer]!.remember(this.#parts, pass, x, firstStep + at);
    }
  }

  /** The final norm. */
  finish(x: Tensor): Tensor {
    const normed = this.#parts.norm(this.#norms.get('final')!, normName('final'), x);
    return this.#parts.hook('final.output', normed);
  }

  /** Logits of states behind the final norm. */
  logitsOf(hidden: Tensor): Tensor {
    const { logits } = this.config;
    let x = logits.of === 'first' ? slice(hidden, 1, 0, 1).reshape([hidden.shape[0]!, hidden.shape[2]!]) : hidden;
    if (logits.transform !== null) {
      const dense = activated(this.#parts.linear('lm_head_transform', x), logits.transform.activation);
      x = this.#parts.norm(this.#norms.get('transform')!, 'norms.transform', dense);
    }
    if (this.linears.has('embed_out')) x = this.#parts.linear('embed_out', x);
    if (logits.inputScale !== 1) x = scale(x, logits.inputScale);
    let values = this.#parts.linear('lm_head', x);
    if (logits.softcap !== null) values = scale(tanh(scale(values, 1 / logits.softcap)), logits.softcap);
    return this.#parts.hook('logits', values);
  }

  /**
   * Logits read from the stream behind a layer: through the exit that the config has there, else through the final norm and the
   * logits' head, as early exits without training do.
   */
  exitLogits(layer: number, x: Tensor): Tensor {
    const exit = this.config.exits.findIndex((candidate) => candidate.layer === layer);
    if (exit === -1) return this.logitsOf(this.finish(x));
    const normed = this.#parts.norm(this.#norms.get(`exit ${exit}`)!, `exits.${exit}.norm`, x);
    if (this.config.exits[exit]!.head === 'shared') return this.logitsOf(normed);
    return this.#parts.linear(`exits.${exit}.lm_head`, normed);
  }

  #build(config: DecoderConfig, values: (name: string) => ParameterValues | Tensor): void {
    this.#config = config;
    this.take(
      parameterSpecs(config),
      ({ name }) => values(name),
      linearSpecs(config).map(({ name }) => name),
    );
    if (config.tiedEmbeddings) this.takeLinear('lm_head', 'embed_tokens.weight');
    const { linears } = config;
    if (linears.kind === 'bit') {
      for (const { name } of linearSpecs(config)) {
        if (!name.startsWith('layers.')) continue;
        this.takeLinear(name, `${name}.weight`, (weight) => new BitLinear(weight, linears));
      }
    }
    this.#norms.clear();
    this.#norms.set('embedding', bindNorm(config.norms.embedding));
    this.#norms.set('final', bindNorm(config.norms.final));
    if (config.logits.transform !== null) this.#norms.set('transform', bindNorm(config.logits.transform.norm));
    for (const [exit, { norm }] of config.exits.entries()) this.#norms.set(`exit ${exit}`, bindNorm(norm));
    this.#layers = Array.from({ length: config.layers }, (_, layer) => new DecoderLayer(config, layer));
    this.#plan = config.plan ?? fullPlan(config.layers);
  }

  #runPlan(pass: Pass, input: Tensor, plan: LayerPlan, firstStep: number): Tensor {
    let x = input;
    let step = firstStep;
    for (const item of plan) {
      if (!isParallel(item)) {
        x = this.#layers[item.layer]!.forward(this.#parts, pass, x, item.part, step);
        step += 1;
        continue;
      }
      const from = x;
      const branches = item.parallel.map((branch) => {
        const result = this.#runPlan(pass, from, branch, step);
        step += stepsOf(branch).length;
        return result;
      });
      const total = branches.reduce((sum, branch) => add(sum, branch));
      const { length } = branches;
      if (item.combine === 'mean') x = scale(total, 1 / length);
      else x = length === 1 ? total : sub(total, scale(from, length - 1));
    }
    return x;
  }

  #makeParts(): DecoderParts {
    const decoder = this;
    return {
      get config() {
        return decoder.#config;
      },
      linear: (name, x) => this.through(name, x),
      norm: (norm, name, x) => {
        if (norm.isIdentity) return x;
        return this.hook(`${name}.output`, norm.forward(this.hook(`${name}.input`, x), this.group(name), this));
      },
      group: (prefix) => this.group(prefix),
      hook: (place, value, layer, step) => this.hook(place, value, layer, step),
      isHooked: (place) => this.hooks.active && this.hooks.has(place),
      around: (place, input, run, layer, step) => this.around(place, input, run, layer, step),
    };
  }
}
