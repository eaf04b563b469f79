import {
  add,
  alibiSlopes,
  attentionProbabilities,
  attentionValues,
  type Backend,
  mul,
  relu,
  rotary,
  scale,
  sub,
  Tensor,
} from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { activated, gated } from './activations.ts';
import { type AttendOptions, attend } from './attend.ts';
import type { AttentionCache } from './attention-cache.ts';
import { type DecoderConfig, LAYER_NORM_PLACES, type LayerNormPlace, normAt } from './config.ts';
import type { LayerStep } from './layer-plan.ts';
import { type LayerShape, layerShape } from './layer-shape.ts';
import { bindNorm, type Norm } from './norm.ts';
import { normName } from './parameter-specs.ts';
import { frequenciesOf } from './positions.ts';
import { bindRouter, type Router } from './router.ts';

/** Computes with the parts of a decoder, as its layers see them. */
export interface DecoderParts {
  readonly config: DecoderConfig;
  /** `x` through the linear of that name, with its bias. */
  linear(name: string, x: Tensor): Tensor;
  /** `x` through a norm whose parameters are named `${name}.weight`, …. */
  norm(norm: Norm, name: string, x: Tensor): Tensor;
  /** The parameters whose names start with `${prefix}.`, under the rest of their names. */
  group(prefix: string): Readonly<Record<string, Tensor>>;
  hook(place: string, value: Tensor, layer?: number, step?: number): Tensor;
  /** Whether a hook waits for the value of a place. */
  isHooked(place: string): boolean;
  /** A computation that hooks may stand around. */
  around(place: string, input: Tensor, run: (input: Tensor) => Tensor, layer: number, step: number): Tensor;
}

/** What is the same for all layers of one pass. */
export interface Pass {
  /** Number of tokens before the first of the stream. */
  readonly position: number;
  readonly cache: AttentionCache | undefined;
  /** Added to the scores of self-attention, broadcast to `[batch, heads, time, keyTime]`. */
  readonly bias: Tensor | undefined;
  /** What cross-attention reads, `[batch, memoryTime, memorySize]`. */
  readonly memory: Tensor | undefined;
  /** Added to the scores of cross-attention. */
  readonly memoryBias: Tensor | undefined;
}

type Part = LayerStep['part'];

/** One layer's way of computing: attention and MLP around the residual stream `x [batch, time, width]`. Holds no weights. */
export class DecoderLayer {
  readonly #layer: number;
  readonly #shape: LayerShape;
  readonly #norms: Readonly<Record<LayerNormPlace, Norm>>;
  readonly #names: Readonly<Record<LayerNormPlace, string>>;
  readonly #routers: ReadonlyMap<Part, Router>;
  readonly #rotaryFrequencies: readonly number[];
  readonly #alibiSlopes: Float32Array | undefined;

  constructor(config: DecoderConfig, layer: number) {
    this.#layer = layer;
    this.#shape = layerShape(config, layer);
    const at = <Value>(make: (place: LayerNormPlace) => Value) =>
      Object.fromEntries(LAYER_NORM_PLACES.map((place) => [place, make(place)])) as Record<LayerNormPlace, Value>;
    this.#norms = at((place) => bindNorm(normAt(config, layer, place)));
    this.#names = at((place) => normName(place, layer));
    const routers = config.routers.filter(({ layers }) => layers.includes(layer));
    this.#routers = new Map(routers.map(({ part, router }) => [part, bindRouter(router)]));
    const { position, heads } = this.#shape;
    this.#rotaryFrequencies = position.kind === 'rotary' ? frequenciesOf(position) : [];
    this.#alibiSlopes =
      position.kind === 'alibi' ? Float32Array.from(alibiSlopes(heads), (slope) => slope * position.factor) : undefined;
  }

  /** `step` tells the cache and the hooks which run of the layer this is. */
  forward(parts: DecoderParts, pass: Pass, input: Tensor, part: Part, step: number): Tensor {
    const place = `layers.${this.#layer}`;
    const run = (x: Tensor) => this.#run(parts, pass, x, part, step);
    const routed = (x: Tensor) => {
      const router = this.#routers.get('layer');
      if (router === undefined) return run(x);
      return add(x, mul(sub(run(x), x), this.#route(parts, router, 'layer', x)));
    };
    return parts.around(place, input, routed, this.#layer, step);
  }

  /**
   * Only the keys and values that the layer has of `input`, into the cache: what later tokens attend to where these ones leave before the
   * layer (state propagation, Schuster et al. 2022, section 3.2).
   */
  remember(parts: DecoderParts, pass: Pass, input: Tensor, step: number): void {
    const { key, value } = this.#keysValues(parts, pass, this.#norm(parts, 'attentionInput', input), step);
    pass.cache?.append(step, key, value);
  }

  #run(parts: DecoderParts, pass: Pass, input: Tensor, part: Part, step: number): Tensor {
    const { form, sharedInput, source } = parts.config.residual;
    const x = this.#hook(parts, 'input', input, step);
    const parallel = form === 'parallel';
    let sum = x;
    let normed: Tensor | undefined;
    if (part !== 'mlp') {
      normed = this.#norm(parts, 'attentionInput', x);
      const branch = this.#branch(parts, 'self_attn', normed, step, (seen) =>
        this.#norm(parts, 'attentionOutput', this.#selfAttention(parts, pass, seen, step)),
      );
      sum = this.#join(parts, 'attention', source === 'normed' ? normed : x, x, branch);
      sum = this.#norm(parts, 'attentionResidual', sum);
      if (parts.config.crossAttention !== null) sum = this.#cross(parts, pass, sum, step);
    }
    if (part !== 'attention') {
      const stream = parallel ? x : sum;
      const seen = sharedInput
        ? (normed ?? this.#norm(parts, 'attentionInput', x))
        : this.#norm(parts, 'mlpInput', stream);
      const branch = this.#branch(parts, 'mlp', seen, step, (value) =>
        this.#norm(parts, 'mlpOutput', this.#mlp(parts, value)),
      );
      const base = source === 'normed' && !parallel ? seen : sum;
      // in the parallel form the first of the two sums has scaled the stream already
      sum = this.#join(parts, 'mlp', base, stream, branch, parallel && part === 'layer');
      sum = this.#norm(parts, 'mlpResidual', sum);
    }
    return this.#hook(parts, 'output', sum, step);
  }

  #cross(parts: DecoderParts, pass: Pass, x: Tensor, step: number): Tensor {
    const branch = this.#branch(parts, 'cross_attn', this.#norm(parts, 'crossInput', x), step, (seen) =>
      this.#norm(parts, 'crossOutput', this.#crossAttention(parts, pass, seen)),
    );
    return this.#norm(parts, 'crossResidual', this.#join(parts, 'cross', x, x, branch));
  }

  /** A branch between its two hooks, with what stands around it. */
  #branch(parts: DecoderParts, name: string, normed: Tensor, step: number, run: (x: Tensor) => Tensor): Tensor {
    const input = this.#hook(parts, `${name}.input`, normed, step);
    const place = `layers.${this.#layer}.${name}`;
    const output = parts.around(place, input, run, this.#layer, step);
    return this.#hook(parts, `${name}.output`, output, step);
  }

  /** The sum of stream and branch, each with its factors. `stream` is what the branch's router sees. */
  #join(
    parts: DecoderParts,
    part: 'attention' | 'cross' | 'mlp',
    base: Tensor,
    stream: Tensor,
    branch: Tensor,
    isScaled = false,
  ): Tensor {
    const { streamScale, gate } = parts.config.residual;
    const factor = part === 'mlp' ? this.#shape.mlpScale : part === 'attention' ? this.#shape.attentionScale : 1;
    let added = scaled(branch, factor);
    if (gate.kind !== 'none') added = mul(added, parts.group(`layers.${this.#layer}.gates`)[part]!);
    const router = part === 'cross' ? undefined : this.#routers.get(part);
    if (router !== undefined && part !== 'cross') added = mul(added, this.#route(parts, router, part, stream));
    const kept = this.#shape.shortcuts && part !== 'cross' ? this.#shortcut(parts, part, base) : base;
    return add(isScaled ? kept : scaled(kept, streamScale), added);
  }

  #shortcut(parts: DecoderParts, part: 'attention' | 'mlp', base: Tensor): Tensor {
    return parts.linear(`layers.${this.#layer}.${part}_shortcut`, base);
  }

  #route(parts: DecoderParts, router: Router, part: Part, stream: Tensor): Tensor {
    return router.forward(stream, parts.group(`layers.${this.#layer}.routers.${part}`));
  }

  #selfAttention(parts: DecoderParts, pass: Pass, input: Tensor, step: number): Tensor {
    const query = this.#turned(this.#heads(parts, 'self_attn.q_proj', 'query', input, this.#shape.heads), pass);
    const read = {
      query: this.#hook(parts, 'self_attn.query', query, step),
      ...this.#keysValues(parts, pass, input, step),
    };
    const options = this.#attendOptions(parts, query.backend, pass.bias);
    return this.#project(parts, 'self_attn', this.#attend(parts, pass, read, options, step));
  }

  #keysValues(parts: DecoderParts, pass: Pass, input: Tensor, step: number) {
    const { keyValueHeads } = this.#shape;
    const key = this.#turned(this.#heads(parts, 'self_attn.k_proj', 'key', input, keyValueHeads), pass);
    const value = this.#heads(parts, 'self_attn.v_proj', 'value', input, keyValueHeads);
    return {
      key: this.#hook(parts, 'self_attn.key', key, step),
      value: this.#hook(parts, 'self_attn.value', value, step),
    };
  }

  /** Queries or keys at their positions. */
  #turned(x: Tensor, pass: Pass): Tensor {
    const { position } = this.#shape;
    if (position.kind !== 'rotary') return x;
    const { convention, rotarySize: rotaryDim } = position;
    return rotary(x, { convention, rotaryDim, frequencies: this.#rotaryFrequencies, offset: pass.position });
  }

  #attend(
    parts: DecoderParts,
    { cache }: Pass,
    { query, key, value }: { readonly query: Tensor; readonly key: Tensor; readonly value: Tensor },
    options: AttendOptions,
    step: number,
  ): Tensor {
    if (!parts.isHooked(`layers.${this.#layer}.self_attn.probabilities`)) {
      return cache?.attend(step, query, key, value, options) ?? attend(query, key, value, options);
    }
    if (cache !== undefined) {
      throw new ModelError('cache-mismatch', 'probabilities of attention can be hooked only without a cache');
    }
    const probabilities = attentionProbabilities(query, key, options);
    return attentionValues(this.#hook(parts, 'self_attn.probabilities', probabilities, step), value);
  }

  #attendOptions(parts: DecoderParts, backend: Backend, bias: Tensor | undefined): AttendOptions {
    const { causal, scale: factor, softcap } = parts.config.attention;
    const { attentionWindow } = this.#shape;
    const slopes = this.#alibiSlopes;
    return {
      causal,
      ...(factor === null ? {} : { scale: factor }),
      ...(softcap === null ? {} : { softcap }),
      ...(attentionWindow === null ? {} : { window: attentionWindow }),
      ...(slopes === undefined ? {} : { slopes: Tensor.from(backend, slopes, [slopes.length]) }),
      ...(bias === undefined ? {} : { bias }),
    };
  }

  #crossAttention(parts: DecoderParts, pass: Pass, input: Tensor): Tensor {
    const { heads, keyValueHeads } = this.#shape;
    const memory = pass.memory!;
    const query = this.#heads(parts, 'cross_attn.q_proj', undefined, input, heads);
    const key = this.#heads(parts, 'cross_attn.k_proj', undefined, memory, keyValueHeads);
    const value = this.#heads(parts, 'cross_attn.v_proj', undefined, memory, keyValueHeads);
    const { scale: factor } = parts.config.attention;
    const bias = pass.memoryBias;
    const options = {
      causal: false,
      ...(factor === null ? {} : { scale: factor }),
      ...(bias === undefined ? {} : { bias }),
    };
    return this.#project(parts, 'cross_attn', attend(query, key, value, options));
  }

  /** A projection as `[batch, time, count, headSize]`, clamped and normed where the config says so. */
  #heads(
    parts: DecoderParts,
    projection: string,
    place: 'query' | 'key' | 'value' | undefined,
    input: Tensor,
    count: number,
  ): Tensor {
    const { clip, headNorms } = parts.config.attention;
    const [batch, time] = input.shape as [number, number, number];
    const projected = parts.linear(`layers.${this.#layer}.${projection}`, input);
    const clipped = clip === null ? projected : clamped(projected, clip);
    const split = (x: Tensor) => x.reshape([batch, time, count, this.#shape.headSize]);
    if (place === undefined) return split(clipped);
    return headNorms === 'head' ? this.#norm(parts, place, split(clipped)) : split(this.#norm(parts, place, clipped));
  }

  /** The heads' results `[batch, time, heads, headSize]` back into the stream's width. */
  #project(parts: DecoderParts, name: 'self_attn' | 'cross_attn', attended: Tensor): Tensor {
    const [batch, time] = attended.shape as [number, number, number, number];
    const { heads, headSize } = this.#shape;
    const joined = attended.reshape([batch, time, heads * headSize]);
    const inner = name === 'self_attn' ? this.#norm(parts, 'attentionInner', joined) : joined;
    return parts.linear(`layers.${this.#layer}.${name}.o_proj`, inner);
  }

  #mlp(parts: DecoderParts, input: Tensor): Tensor {
    const name = `layers.${this.#layer}.mlp`;
    const { activation } = parts.config;
    const up = parts.linear(`${name}.up_proj`, input);
    const inner = parts.config.gated
      ? gated(parts.linear(`${name}.gate_proj`, input), up, activation)
      : activated(up, activation);
    return parts.linear(`${name}.down_proj`, this.#norm(parts, 'mlpInner', inner));
  }

  #norm(parts: DecoderParts, place: LayerNormPlace, x: Tensor): Tensor {
    return parts.norm(this.#norms[place], this.#names[place], x);
  }

  #hook(parts: DecoderParts, place: string, value: Tensor, step: number): Tensor {
    return parts.hook(`layers.${this.#layer}.${place}`, value, this.#layer, step);
  }
}

function scaled(branch: Tensor, factor: number): Tensor {
  return factor === 1 ? branch : scale(branch, factor);
}

/** `x` clamped to ±limit: relu(x + limit) - relu(x - limit) - limit. */
function clamped(x: Tensor, limit: number): Tensor {
  const bound = Tensor.from(x.backend, Float32Array.of(limit), [1]);
  return sub(sub(relu(add(x, bound)), relu(sub(x, bound))), bound);
}
