import {
  type Backend,
  canInterleave,
  type InterleavedWeight,
  integerLinear,
  interleavedLinear,
  interleaveWeight,
  keep,
  type PackedWeight,
  quantizeRows,
  Tensor,
} from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import type { Decoder } from './decoder.ts';
import type { Linear } from './linear.ts';

/** A weight `[outSize, inSize]` in groups of columns: value = scale (code - zeroPoint). */
export interface IntegerBlocks {
  readonly outSize: number;
  readonly inSize: number;
  readonly bits: 2 | 4 | 8;
  readonly zeroPoint: number;
  readonly groupSize: number;
  /** Rows of codes as `packCodes` packs them. */
  readonly codes: Uint8Array;
  /** `[outSize, inSize / groupSize]`. */
  readonly scales: Float32Array;
}

/**
 * A linear on integer weights as a checkpoint stores them. What comes in is rounded to 8 bits with a scale for each group, as llama.cpp does, and multiplied
 * exactly in integers: the weights are never made floats. They are put in the order of the product when they are loaded; groups that are no whole words of
 * 32 bits stay as they are, with the same results. For inference: it trains nothing and passes no gradient.
 */
export class IntegerBlockLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly #weight: InterleavedWeight | PackedWeight;

  constructor(backend: Backend, { outSize, inSize, bits, zeroPoint, groupSize, codes, scales }: IntegerBlocks) {
    this.outSize = outSize;
    this.inSize = inSize;
    const form = { bits, zeroPoint, in: inSize, out: outSize, groupSize };
    if (canInterleave(form)) {
      this.#weight = interleaveWeight(backend, { ...form, codes, scales });
      keep(this.#weight.blocks);
    } else {
      this.#weight = {
        ...form,
        codes: keep(Tensor.from(backend, codes, [outSize, codes.length / outSize])),
        scales: keep(Tensor.from(backend, scales, [outSize, scales.length / outSize])),
      };
    }
  }

  /** Rows that fill up the last sixteen included; scales take two bytes where each is a float16, as in GGUF. */
  get storedBytes(): number {
    const weight = this.#weight;
    return 'blocks' in weight ? weight.blocks.size : weight.codes.size + 4 * weight.scales.size;
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    const weight = this.#weight;
    if ('blocks' in weight) return interleavedLinear(x, weight, bias);
    return integerLinear(quantizeRows(x, weight.groupSize), weight, bias);
  }

  dispose(): void {
    const weight = this.#weight;
    if ('blocks' in weight) {
      weight.blocks.dispose();
    } else {
      weight.codes.dispose();
      weight.scales.dispose();
    }
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
      'the checkpoint stores no integer weights to compute on (GGUF in Q8_0, Q4_0, TQ1_0 or TQ2_0, llama2.c in 8 bits)',
    );
  }
  for (const [name, blocks] of integers) {
    decoder.replaceLinear(name, new IntegerBlockLinear(decoder.backend, blocks));
  }
}
