import {
  add,
  type Backend,
  keep,
  type PackedWeight,
  packCodes,
  packTrits,
  quantizedLinear,
  Tensor,
} from '@claimbench/kernels';
import type { Linear, ProductCount } from '@claimbench/models';

/** A plane of a weight `[out, in]`: -1, 0 and 1 (`trits`), or -1 and 1 (`signs`), times a scale for each group of a row. */
export interface Plane {
  /** `[outSize, inSize]`, row-major. */
  readonly entries: Int8Array;
  /** `[outSize, inSize / groupSize]`. */
  readonly scales: Float32Array;
}

export interface PlanesShape {
  readonly outSize: number;
  readonly inSize: number;
  /** Divides `inSize`. */
  readonly groupSize: number;
  readonly entries: 'trits' | 'signs';
}

/**
 * A linear that computes on packed planes, five trits or eight signs a byte, and never makes the values that they stand for: the sum of one product
 * with each plane. In such a product the inputs of a group are only added and subtracted, then multiplied by the group's scale. Frozen.
 */
export class PlanesLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly product: ProductCount;
  readonly #planes: readonly PackedWeight[];

  constructor(backend: Backend, shape: PlanesShape, planes: readonly Plane[]) {
    this.inSize = shape.inSize;
    this.outSize = shape.outSize;
    this.#planes = planes.map((plane) => pack(backend, shape, plane));
    this.product = countProduct(shape, planes);
  }

  /** Rows of trits are filled up to eighty. Scales take four bytes. */
  get storedBytes(): number {
    return this.#planes.reduce((sum, { codes, scales }) => sum + codes.size + 4 * scales.size, 0);
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    return this.#planes
      .map((plane, index) => quantizedLinear(x, plane, index === 0 ? bias : undefined))
      .reduce((sum, product) => add(sum, product));
  }

  dispose(): void {
    for (const { codes, scales, values } of this.#planes) {
      codes.dispose();
      scales.dispose();
      values?.dispose();
    }
  }
}

function pack(backend: Backend, shape: PlanesShape, { entries, scales }: Plane): PackedWeight {
  const { outSize, inSize, groupSize } = shape;
  const trits = shape.entries === 'trits';
  const codes = trits
    ? packTrits(
        entries.map((trit) => trit + 1),
        outSize,
        inSize,
      )
    : packCodes(
        entries.map((sign) => (sign + 1) / 2),
        outSize,
        inSize,
        1,
      );
  return {
    codes: keep(Tensor.from(backend, codes, [outSize, codes.length / outSize])),
    scales: keep(Tensor.from(backend, scales, [outSize, inSize / groupSize])),
    ...(trits ? {} : { values: keep(Tensor.from(backend, Float32Array.of(-1, 1), [2])) }),
    packing: trits ? 'trits' : 'bits',
    bits: trits ? 2 : 1,
    in: inSize,
    out: outSize,
    groupSize,
  };
}

/** One multiplication for each group and plane, by its scale; the values that a group's scales can make, as many as differ. */
function countProduct({ outSize, inSize, groupSize, entries }: PlanesShape, planes: readonly Plane[]): ProductCount {
  const groups = (outSize * inSize) / groupSize;
  const choices = entries === 'trits' ? [-1, 0, 1] : [-1, 1];
  let values = 0;
  for (let group = 0; group < groups; group++) {
    let sums = [0];
    for (const { scales } of planes) {
      sums = sums.flatMap((sum) => choices.map((choice) => sum + choice * scales[group]!));
    }
    // As float32, in which they are computed; 0 and -0 are one value.
    values += new Set(sums.map((sum) => Math.fround(sum) + 0)).size;
  }
  return { multiplications: groups * planes.length, valuesPerWeight: values / groups };
}
