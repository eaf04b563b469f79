import { keep, linear, RandomStream, randomUniform, scale, Tensor } from '@claimbench/kernels';
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

  /** Takes a copy of the weight; `down` is uniform within ±1 / sqrt(in). Throws `shape-mismatch`, `invalid-config`. */
  constructor(backend: Tensor['backend'], weight: ParameterValues, { rank, alpha }: LoraOptions, draws: RandomStream) {
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
    return 4 * (this.#weight.size + this.#down.size + this.#up.size);
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    const added = linear(scale(linear(x, this.#down), this.#scale), this.#up);
    return linear(x, this.#weight, bias, added);
  }

  dispose(): void {
    this.#weight.dispose();
    this.#down.dispose();
    this.#up.dispose();
  }
}

/**
 * Puts an adapter beside the linears named; each draws from a stream of the seed with its own name. Train with
 * `trains: isAdapter` and everything else is frozen. Throws `unknown-name`.
 */
export async function addLora(
  network: Network,
  names: Iterable<string>,
  options: LoraOptions,
  seed: number,
): Promise<void> {
  for (const name of names) {
    const { shape } = network.parameter(`${name}.weight`);
    const data = await network.readParameter(`${name}.weight`);
    const draws = new RandomStream(seed, namedStream(RANDOM_STREAMS.technique, `lora.${name}`));
    network.replaceLinear(name, new LoraLinear(network.backend, { shape, data }, options, draws));
  }
}

/** Whether a trainable name is an adapter's. */
export function isAdapter(name: string): boolean {
  return name.endsWith('.up') || name.endsWith('.down');
}
