import { add, attention, gelu, mul, relu, rotary, scale, silu, swiglu, type Tensor } from '@claimbench/kernels';
import type { AttentionCache } from './attention-cache.ts';
import { type DecoderConfig, type LayerNormPlace, normAt } from './config.ts';
import type { DecoderParts } from './decoder.ts';
import type { LayerStep } from './layer-plan.ts';
import { bindNorm, type Norm } from './norm.ts';
import { normName } from './parameter-specs.ts';

/** One layer's way of computing: attention and MLP around the residual stream `x [batch, time, hiddenSize]`. Holds no weights. */
export class DecoderLayer {
  readonly #layer: number;
  readonly #norms: Readonly<Record<LayerNormPlace, Norm>>;
  readonly #names: Readonly<Record<LayerNormPlace, string>>;

  constructor(config: DecoderConfig, layer: number) {
    this.#layer = layer;
    const at = <Value>(make: (place: LayerNormPlace) => Value): Record<LayerNormPlace, Value> => ({
      attentionInput: make('attentionInput'),
      query: make('query'),
      key: make('key'),
      attentionOutput: make('attentionOutput'),
      attentionResidual: make('attentionResidual'),
      mlpInput: make('mlpInput'),
      mlpOutput: make('mlpOutput'),
      mlpResidual: make('mlpResidual'),
    });
    this.#norms = at((place) => bindNorm(normAt(config, layer, place)));
    this.#names = at((place) => normName(place, layer));
  }

  /** `position`: number of tokens before the first of `x`. `step` tells the cache and the hooks which run of the layer this is. */
  forward(
    parts: DecoderParts,
    input: Tensor,
    part: LayerStep['part'],
    step: number,
    position: number,
    cache: AttentionCache | undefined,
  ): Tensor {
    const { form, attentionScale, mlpScale } = parts.config.residual;
    const x = this.#hook(parts, 'input', input, step);
    let sum = x;
    if (part !== 'mlp') {
      const branch = this.#attention(parts, x, step, position, cache);
      sum = this.#norm(parts, 'attentionResidual', add(x, scaled(branch, attentionScale)));
    }
    if (part !== 'attention') {
      const branch = this.#mlp(parts, form === 'parallel' ? x : sum, step);
      sum = this.#norm(parts, 'mlpResidual', add(sum, scaled(branch, mlpScale)));
    }
    return this.#hook(parts, 'output', sum, step);
  }

  #attention(
    parts: DecoderParts,
    x: Tensor,
    step: number,
    position: number,
    cache: AttentionCache | undefined,
  ): Tensor {
    const { heads, keyValueHeads, headSize, attentionWindow, position: encoding } = parts.config;
    const [batch, time] = x.shape as [number, number, number];
    const name = `layers.${this.#layer}.self_attn`;
    const input = this.#hook(parts, 'self_attn.input', this.#norm(parts, 'attentionInput', x), step);
    const byHead = (projection: string, count: number) =>
      parts.linear(`${name}.${projection}`, input).reshape([batch, time, count, headSize]);
    let query = this.#norm(parts, 'query', byHead('q_proj', heads));
    let key = this.#norm(parts, 'key', byHead('k_proj', keyValueHeads));
    const value = byHead('v_proj', keyValueHeads);
    if (encoding.kind === 'rotary') {
      const { convention, theta, rotarySize } = encoding;
      query = rotary(query, { convention, theta, rotaryDim: rotarySize, offset: position });
      key = rotary(key, { convention, theta, rotaryDim: rotarySize, offset: position });
    }
    const options = { causal: true, ...(attentionWindow === null ? {} : { window: attentionWindow }) };
    const attended = cache?.attend(step, query, key, value, options) ?? attention(query, key, value, options);
    const output = parts.linear(`${name}.o_proj`, attended.reshape([batch, time, heads * headSize]));
    return this.#hook(parts, 'self_attn.output', this.#norm(parts, 'attentionOutput', output), step);
  }

  #mlp(parts: DecoderParts, x: Tensor, step: number): Tensor {
    const name = `layers.${this.#layer}.mlp`;
    const input = this.#hook(parts, 'mlp.input', this.#norm(parts, 'mlpInput', x), step);
    const up = parts.linear(`${name}.up_proj`, input);
    const inner = parts.config.gated
      ? gated(parts.linear(`${name}.gate_proj`, input), up, parts.config.activation)
      : activated(up, parts.config.activation);
    const output = parts.linear(`${name}.down_proj`, inner);
    return this.#hook(parts, 'mlp.output', this.#norm(parts, 'mlpOutput', output), step);
  }

  #norm(parts: DecoderParts, place: LayerNormPlace, x: Tensor): Tensor {
    return parts.norm(this.#norms[place], this.#names[place], x);
  }

  #hook(parts: DecoderParts, place: string, value: Tensor, step: number): Tensor {
    return parts.hook(`layers.${this.#layer}.${place}`, value, this.#layer, step);
  }
}

function activated(x: Tensor, activation: DecoderConfig['activation']): Tensor {
  switch (activation) {
    case 'gelu-tanh':
      return gelu(x, 'tanh');
    case 'gelu-erf':
      return gelu(x, 'erf');
    case 'silu':
      return silu(x);
    case 'relu':
      return relu(x);
  }
}

function gated(gate: Tensor, up: Tensor, activation: DecoderConfig['activation']): Tensor {
  return activation === 'silu' ? swiglu(gate, up) : mul(activated(gate, activation), up);
}

function scaled(branch: Tensor, factor: number): Tensor {
  return factor === 1 ? branch : scale(branch, factor);
}
