import {
  add,
  type CodeRange,
  fakeQuantize,
  layerNorm,
  linear,
  max,
  relu,
  scale,
  stopGradient,
  sum,
  Tensor,
} from '@claimbench/kernels';
import { straightThrough } from '../training/straight-through.ts';
import type { Linear } from './linear.ts';

export interface BitLinearOptions {
  /** Inputs pass a LayerNorm without gain and bias first. */
  readonly norm: boolean;
  /** Share of rounding in what is computed with: 1 rounded, 0 as trained. */
  readonly lambda: number;
}

const TERNARY: CodeRange = { lowest: -1, highest: 1 };
const EIGHT_BITS: CodeRange = { lowest: -128, highest: 127 };
const SMALLEST = 1e-5;

/**
 * A product on ternary weights and 8-bit inputs, trained straight through the rounding (BitLinear as Nielsen and Schneider-Kamp explore it,
 * "When are 1.58 bits enough?", after Ma et al. 2024). With `s = mean |W|` and a row's `m = max |x|` of the normed inputs,
 *
 *     y = Q(x) Q(W)^T + b        Q(W) = s clamp(round(W / s), -1, 1)        Q(x) = m/128 clamp(round(128 x / m), -128, 127)
 *
 * and gradients of Q are 1. The weight `[out, in]` is the model's own parameter, in full precision while it is trained; as stored it is
 * two bits a weight and one number.
 */
export class BitLinear implements Linear {
  readonly weight: Tensor;
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly #options: BitLinearOptions;

  constructor(weight: Tensor, options: BitLinearOptions) {
    const [outSize, inSize] = weight.shape;
    this.weight = weight;
    this.outSize = outSize!;
    this.inSize = inSize!;
    this.#options = options;
  }

  get storedBytes(): number {
    return Math.ceil((this.weight.size * 2) / 8) + 4;
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    const { norm } = this.#options;
    const input = norm ? layerNorm(x) : x;
    return linear(this.#rounded(input, largestOfRows(input), 128, EIGHT_BITS), this.quantizedWeight(), bias);
  }

  /** The weight as a pass sees it. */
  quantizedWeight(): Tensor {
    const values = stopGradient(this.weight);
    return this.#rounded(this.weight, scale(sum(magnitudes(values)), 1 / values.size).reshape([1]), 1, TERNARY);
  }

  dispose(): void {}

  /** `x` on the grid of steps `measure / codes`, or as far towards it as lambda says. */
  #rounded(x: Tensor, measure: Tensor, codes: number, range: CodeRange): Tensor {
    const { lambda } = this.#options;
    const values = stopGradient(x);
    const onGrid = fakeQuantize(values, scale(atLeast(measure, SMALLEST), 1 / codes), range);
    return straightThrough(lambda === 1 ? onGrid : add(scale(onGrid, lambda), scale(values, 1 - lambda)), x);
  }
}

function magnitudes(x: Tensor): Tensor {
  return add(relu(x), relu(scale(x, -1)));
}

function atLeast(x: Tensor, smallest: number): Tensor {
  const least = Tensor.full(x.backend, [1], smallest);
  return add(relu(add(x, scale(least, -1))), least);
}

/** max |x| over the last dimension, `[..., 1]`, 0.00001 at least and without a gradient. */
export function largestOfRows(x: Tensor): Tensor {
  return atLeast(max(magnitudes(stopGradient(x)), { axes: [-1], keepDims: true }), SMALLEST);
}
