import { add, keep, linear, matmul, RandomStream, randomUniform, scale, scope, Tensor } from '@claimbench/kernels';
import type { Linear } from '../decoder/linear.ts';
import type { ParameterValues } from '../decoder/parameters.ts';
import { ModelError } from '../model-error.ts';
import type { Network } from '../network.ts';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';

export interface LoraOptions {
  readonly rank: number;
  /** What the adapter adds is multiplied by alpha / rank. */
  readonly alpha: number;
}

/** A weight `[out, in]` that stays as it is, and the bytes that it takes as stored: four a value unless said otherwise. */
export interface FrozenWeight extends ParameterValues {
  readonly storedBytes?: number;
}

/**
 * `y = x W^T + (alpha / rank) (x down^T) up^T + b` (LoRA, Hu et al. 2022): W `[out, in]` stays as it is, `down [rank, in]` and
 * `up [out, rank]` are trained. `up` starts at zero, so that nothing changes before the first step.
 */
export class LoraLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor>;
  readonly #weight: Tensor;
  readonly #down: Tensor;
  readonly #up: Tensor;
  readonly #scale: number;
  readonly #weightBytes: number;

  /** Takes a copy of the weight; `down` is uniform within ±1 / sqrt(in). Throws `shape-mismatch`, `invalid-config`. */
  constructor(backend: Tensor['backend'], weight: FrozenWeight, { rank, alpha }: LoraOptions, draws: RandomStream) {
    const [outSize, inSize] = weight.shape;
    if (outSize === undefined || inSize === undefined || weight.shape.length !== 2) {
      throw new ModelError('shape-mismatch', `a weight is [out, in], found [${weight.shape.join(', ')}]`);
    }
    if (!Number.isInteger(rank) || rank < 1 || rank > Math.min(inSize, outSize)) {
      throw new ModelError('invalid-config', `an adapter of ${outSize} x ${inSize} has no rank ${rank}`);
    }
    this.inSize = inSize;
    this.outSize = outSize;
    this.#scale = alpha / rank;
    this.#weightBytes = weight.storedBytes ?? 4 * outSize * inSize;
    const bound = 1 / Math.sqrt(inSize);
    this.#weight = keep(Tensor.from(backend, weight.data, weight.shape));
    this.#down = keep(Tensor.from(backend, randomUniform(draws, rank * inSize, -bound, bound), [rank, inSize]));
    this.#up = keep(Tensor.from(backend, new Float32Array(outSize * rank), [outSize, rank]));
    this.trainable = new Map([
      ['down', this.#down],
      ['up', this.#up],
    ]);
  }

  get storedBytes(): number {
    return this.#weightBytes + 4 * (this.#down.size + this.#up.size);
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    const added = linear(scale(linear(x, this.#down), this.#scale), this.#up);
    return linear(x, this.#weight, bias, added);
  }

  /** `W + (alpha / rank) up down`. */
  async readWeight(): Promise<Float32Array> {
    using weight = scope(() => add(this.#weight, scale(matmul(this.#up, this.#down), this.#scale)));
    return await weight.readFloats();
  }

  dispose(): void {
    this.#weight.dispose();
    this.#down.dispose();
    this.#up.dispose();
  }
}

/**
 * Puts an adapter beside the linears named; each draws from a stream of the seed with its own name. Train with
 * `trains: isAdapter` and everything else is frozen. `freeze` may
 * store the frozen weights in another form, as QLoRA does (Dettmers et al. 2023). Throws `unknown-name`.
 */
export async function addLora(
  network: Network,
  names: Iterable<string>,
  options: LoraOptions,
  seed: number,
  freeze: (weight: ParameterValues) => FrozenWeight = (weight) => weight,
): Promise<void> {
  for (const name of names) {
    const { shape } = network.parameter(`${name}.weight`);
    const data = await network.readParameter(`${name}.weight`);
    const draws = new RandomStream(seed, namedStream(RANDOM_STREAMS.technique, `lora.${name}`));
    network.replaceLinear(name, new LoraLinear(network.backend, freeze({ shape, data }), options, draws));
  }
}

/** Whether a trainable name is an adapter's. */
export function isAdapter(name: string): boolean {
  return name.endsWith('.up') || name.endsWith('.down');
}
