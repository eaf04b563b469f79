import { type Backend, integerLinear, keep, type PackedWeight, quantizeRows, Tensor } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import type { Decoder } from './decoder.ts';
import type { Linear } from './linear.ts';

/** A weight `[outSize, inSize]` in groups of columns: value = scale (code - 2^(bits - 1)). */
export interface IntegerBlocks {
  readonly outSize: number;
  readonly inSize: number;
  readonly bits: 4 | 8;
  readonly groupSize: number;
  /** Rows of codes as `packCodes` packs them. */
  readonly codes: Uint8Array;
  /** `[outSize, inSize / groupSize]`. */
  readonly scales: Float32Array;
}

/**
 * A linear on integer weights as a checkpoint stores them. What comes in is rounded to 8 bits with a scale for each group, as llama.cpp does, and multiplied
 * exactly in integers: the weights are never made floats. For inference: it trains nothing and passes no gradient.
 */
export class IntegerBlockLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly #weight: PackedWeight;
  readonly #groupSize: number;

  constructor(backend: Backend, { outSize, inSize, bits, groupSize, codes, scales }: IntegerBlocks) {
    this.outSize = outSize;
    this.inSize = inSize;
    this.#groupSize = groupSize;
    this.#weight = {
      codes: keep(Tensor.from(backend, codes, [outSize, codes.length / outSize])),
      scales: keep(Tensor.from(backend, scales, [outSize, scales.length / outSize])),
      bits,
      in: inSize,
      out: outSize,
      groupSize,
    };
  }

  get storedBytes(): number {
    return this.#weight.codes.size + 4 * this.#weight.scales.size;
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    return integerLinear(quantizeRows(x, this.#groupSize), this.#weight, bias);
  }

  dispose(): void {
    this.#weight.codes.dispose();
    this.#weight.scales.dispose();
  }
}

/**
 * Lets a decoder compute on its checkpoint's integers in place of the floats that they mean. A table of embeddings that the logits share stays
 * float32 for looking tokens up. Throws `bad-checkpoint` where the checkpoint stores none.
 */
export function computeOnIntegers(decoder: Decoder, integers: ReadonlyMap<string, IntegerBlocks> | undefined): void {
  if (integers === undefined || integers.size === 0) {
    throw new ModelError(
      'bad-checkpoint',
      'the checkpoint stores no integer weights to compute on (GGUF in Q8_0 or Q4_0, llama2.c in 8 bits)',
    );
  }
  for (const [name, blocks] of integers) {
    decoder.replaceLinear(name, new IntegerBlockLinear(decoder.backend, blocks));
  }
}
