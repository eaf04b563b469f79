import {
  add,
  type CodeRange,
  fakeQuantize,
  keep,
  linear,
  relu,
  scale,
  scope,
  stopGradient,
  sum,
  Tensor,
} from '@claimbench/kernels';
import type { Linear } from '../decoder/linear.ts';
import type { ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import type { Network } from '../network.ts';
import { scaleGradient } from './straight-through.ts';

/**
 * How weights are quantized while they are trained. `learned`: a step for each row is a parameter of its own with LSQ's gradient and its first
 * value, 2 mean|w| / sqrt(highest) (Esser et al. 2020). `absmean`: codes -1, 0, 1 and one step for the matrix, the mean of |w| as it is at
 * every pass, no gradient through it (BitNet b1.58, Ma et al. 2024).
 */
export type WeightQuantizer = { readonly kind: 'learned'; readonly bits: number } | { readonly kind: 'absmean' };

const TERNARY: CodeRange = { lowest: -1, highest: 1 };
/** What BitNet b1.58 adds to its mean, so that a matrix of zeros has a step. */
const SMALLEST_STEP = 1e-5;
/** Five trits fit into a byte. */
const TRITS_IN_A_BYTE = 5;

/** A product with a weight that is quantized in every pass and trained in full precision, straight through the rounding. */
export class QuantizedTrainingLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly storedBytes: number;
  readonly trainable: ReadonlyMap<string, Tensor>;
  readonly #weight: Tensor;
  readonly #step: Tensor | undefined;
  readonly #codes: CodeRange;

  /** Takes a copy of the weight `[out, in]`. Throws `invalid-config` for other than 2 to 8 bits, `shape-mismatch`. */
  constructor(backend: Tensor['backend'], weight: ParameterValues, quantizer: WeightQuantizer) {
    const [outSize, inSize] = weight.shape;
    if (outSize === undefined || inSize === undefined || weight.shape.length !== 2) {
      throw new ModelError('shape-mismatch', `a weight is [out, in], found [${weight.shape.join(', ')}]`);
    }
    this.outSize = outSize;
    this.inSize = inSize;
    this.#codes = codesOf(quantizer);
    this.#weight = keep(Tensor.from(backend, weight.data, weight.shape));
    const trainable: [string, Tensor][] = [['weight', this.#weight]];
    if (quantizer.kind === 'learned') {
      this.#step = keep(Tensor.from(backend, firstSteps(weight, this.#codes), [outSize, 1]));
      trainable.push(['step', this.#step]);
    }
    this.trainable = new Map(trainable);
    this.storedBytes = quantizedBytes(quantizer, { outSize, inSize });
  }

  /** The weight as a pass sees it, on its grid. */
  quantizedWeight(): Tensor {
    return fakeQuantize(this.#weight, this.#stepOfPass(), this.#codes);
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    return linear(x, this.quantizedWeight(), bias);
  }

  async readWeight(): Promise<Float32Array> {
    using weight = scope(() => this.quantizedWeight());
    return await weight.readFloats();
  }

  dispose(): void {
    this.#weight.dispose();
    this.#step?.dispose();
  }

  #stepOfPass(): Tensor {
    if (this.#step !== undefined) return scaleGradient(this.#step, 1 / Math.sqrt(this.inSize * this.#codes.highest));
    const weight = stopGradient(this.#weight);
    const magnitudes = add(relu(weight), relu(scale(weight, -1)));
    const mean = scale(sum(magnitudes), 1 / weight.size).reshape([1]);
    return add(mean, Tensor.full(weight.backend, [1], SMALLEST_STEP));
  }
}

/** Bytes of a weight as stored: its codes, and a step of four bytes a row (`learned`) or one in all (`absmean`). */
export function quantizedBytes(
  quantizer: WeightQuantizer,
  { outSize, inSize }: { readonly outSize: number; readonly inSize: number },
): number {
  if (quantizer.kind === 'absmean') return Math.ceil((outSize * inSize) / TRITS_IN_A_BYTE) + 4;
  return Math.ceil((outSize * inSize * quantizer.bits) / 8) + 4 * outSize;
}

/** Puts quantized training in the place of the linears named, on the weights that they have. Throws `unknown-name`. */
export async function trainQuantized(
  network: Network,
  names: Iterable<string>,
  quantizer: WeightQuantizer,
): Promise<void> {
  for (const name of names) {
    const { shape } = network.parameter(`${name}.weight`);
    const data = await network.readParameter(`${name}.weight`);
    network.replaceLinear(name, new QuantizedTrainingLinear(network.backend, { shape, data }, quantizer));
  }
}

function codesOf(quantizer: WeightQuantizer): CodeRange {
  if (quantizer.kind === 'absmean') return TERNARY;
  const { bits } = quantizer;
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new ModelError('invalid-config', `a learned step has 2 to 8 bits, found ${bits}`);
  }
  return { lowest: -(2 ** (bits - 1)), highest: 2 ** (bits - 1) - 1 };
}

function firstSteps({ shape, data }: ParameterValues, { highest }: CodeRange): Float32Array {
  const [rows, columns] = shape as [number, number];
  return Float32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += Math.abs(data[row * columns + column]!);
    return Math.max((2 * sum) / columns / Math.sqrt(highest), SMALLEST_STEP);
  });
}
