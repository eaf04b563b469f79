import { type Backend, linear as denseProduct, keep, Tensor } from '@claimbench/kernels';
import type { Decoder, Linear, ProductCount } from '@claimbench/models';
import { CostCounter, type WeightCosts } from './costs.ts';
import { dequantize, type IntegerGridCodes } from './integer-grid.ts';
import { type LinearWeight, readLayerWeights } from './layer-weights.ts';
import { PackedLinear } from './packed-linear.ts';

/**
 * A linear whose weights are stored in a form that has no kernel of its own: it computes on the values that the form stands for, and
 * its bytes are those of the form. Frozen.
 */
export class StoredLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly storedBytes: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly product: ProductCount;
  readonly #weight: Tensor;

  constructor(
    backend: Backend,
    { outSize, inSize }: { outSize: number; inSize: number },
    values: Float32Array,
    storedBytes: number,
  ) {
    this.outSize = outSize;
    this.inSize = inSize;
    this.storedBytes = storedBytes;
    this.product = { multiplications: outSize * inSize };
    this.#weight = keep(Tensor.from(backend, values, [outSize, inSize]));
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    return denseProduct(x, this.#weight, bias);
  }

  async readWeight(): Promise<Float32Array> {
    return await this.#weight.readFloats();
  }

  dispose(): void {
    this.#weight.dispose();
  }
}

/**
 * What a quantizer makes of one weight: an integer grid that is packed, a linear of its own with the values that it computes with, or values and the
 * bytes that they take as stored.
 */
export type QuantizedWeight =
  | { readonly grid: IntegerGridCodes; readonly bits: number; readonly symmetric: boolean }
  | { readonly linear: Linear; readonly values: Float32Array }
  | { readonly values: Float32Array; readonly storedBytes: number };

/** Puts a quantized weight in the place of a linear; returns the values that it computes with from now on. */
export function storeQuantized(
  decoder: Decoder,
  { name, outSize, inSize, values }: LinearWeight,
  quantized: QuantizedWeight,
  costs: CostCounter,
): Float32Array {
  if ('grid' in quantized) {
    const { grid, bits, symmetric } = quantized;
    const packed = new PackedLinear(decoder.backend, { outSize, inSize }, grid, { bits, symmetric });
    decoder.replaceLinear(name, packed);
    const after = dequantize(grid, inSize);
    costs.count(values, after, packed.storedBytes);
    return after;
  }
  if ('linear' in quantized) {
    const { linear, values: after } = quantized;
    decoder.replaceLinear(name, linear);
    costs.count(values, after, linear.storedBytes);
    return after;
  }
  decoder.replaceLinear(
    name,
    new StoredLinear(decoder.backend, { outSize, inSize }, quantized.values, quantized.storedBytes),
  );
  costs.count(values, quantized.values, quantized.storedBytes);
  return quantized.values;
}

/** Quantizes every linear of the layers by itself. */
export async function quantizeEach(
  decoder: Decoder,
  quantize: (weight: LinearWeight) => QuantizedWeight,
): Promise<WeightCosts> {
  const costs = new CostCounter();
  for (const weight of await readLayerWeights(decoder)) storeQuantized(decoder, weight, quantize(weight), costs);
  return costs.total;
}
