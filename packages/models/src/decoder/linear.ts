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
  /** Frees what it owns. */
  dispose(): void;
}

/** The plain product `x W^T + b` on a weight `[out, in]`, which the decoder's parameters own. */
export class DenseLinear implements Linear {
  readonly weight: Tensor;
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();

  constructor(weight: Tensor) {
    const [outSize, inSize] = weight.shape;
    this.weight = weight;
    this.outSize = outSize!;
    this.inSize = inSize!;
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
