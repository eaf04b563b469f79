import { linear, type Tensor } from '@claimbench/kernels';

/**
 * The seam of every matrix product with weights: queries, keys, values, projections, MLP, logits. A technique replaces one by
 * another that computes the same product from packed codes, a mask, two thin factors, …; the model does not notice.
 */
export interface Linear {
  readonly inSize: number;
  readonly outSize: number;
  /** Bytes that the weights take as stored (codes, scales, masks included): what the model's size is counted from. */
  readonly storedBytes: number;
  /** Tensors of its own that training updates, under names relative to the linear. Empty for weights that are frozen. */
  readonly trainable: ReadonlyMap<string, Tensor>;
  /** `x [..., inSize]` to `[..., outSize]`, bias `[outSize]` added where there is one (the decoder keeps it). */
  forward(x: Tensor, bias: Tensor | undefined): Tensor;
  /** The weight `[out, in]` that the product is the same as, for linears that can become a dense one again. */
  readWeight?(): Promise<Float32Array>;
  /** What a product with one vector takes, where it is known. */
  readonly product?: ProductCount;
  /** Frees what it owns. */
  dispose(): void;
}

/** What the form of a weight asks of a product with one vector, counted on the weight; the bias and how a kernel goes about it aside. */
export interface ProductCount {
  /** Multiplications; what is only added or subtracted is none. */
  readonly multiplications: number;
  /** Different values that a weight can have in the group that it shares scales with, the mean over groups; left out where any is possible. */
  readonly valuesPerWeight?: number;
}

/** The plain product `x W^T + b` on a weight `[out, in]`, which the decoder's parameters own. */
export class DenseLinear implements Linear {
  readonly weight: Tensor;
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly product: ProductCount;

  constructor(weight: Tensor) {
    const [outSize, inSize] = weight.shape;
    this.weight = weight;
    this.outSize = outSize!;
    this.inSize = inSize!;
    this.product = { multiplications: weight.size };
  }

  get storedBytes(): number {
    return this.weight.size * 4;
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    return linear(x, this.weight, bias);
  }

  async readWeight(): Promise<Float32Array> {
    return await this.weight.readFloats();
  }

  dispose(): void {}
}
