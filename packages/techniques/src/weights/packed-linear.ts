import { type Backend, keep, type PackedWeight, packCodes, quantizedLinear, Tensor } from '@claimbench/kernels';
import type { Linear } from '@claimbench/models';
import type { IntegerGridCodes } from './integer-grid.ts';

/** A linear that computes on packed integer codes of 2 to 8 bits. Frozen: it trains nothing. */
export class PackedLinear implements Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly trainable: ReadonlyMap<string, Tensor> = new Map();
  readonly #weight: PackedWeight;

  /** `symmetric` grids share one zero point, which is not stored. */
  constructor(
    backend: Backend,
    shape: { outSize: number; inSize: number },
    grid: IntegerGridCodes,
    options: { bits: number; symmetric: boolean },
  ) {
    const { outSize, inSize } = shape;
    const { bits, symmetric } = options;
    this.inSize = inSize;
    this.outSize = outSize;
    const packed = packCodes(grid.codes, outSize, inSize, bits);
    const inGroups = grid.groupSize !== null && grid.groupSize < inSize;
    const scaleShape = inGroups ? [outSize, grid.scales.length / outSize] : [grid.scales.length];
    const scales = keep(Tensor.from(backend, grid.scales, scaleShape));
    this.#weight = {
      codes: keep(Tensor.from(backend, packed, [outSize, packed.length / outSize])),
      scales,
      ...(symmetric ? {} : { zeroPoints: keep(Tensor.from(backend, grid.zeroPoints, scaleShape)) }),
      bits,
      in: inSize,
      out: outSize,
      ...(inGroups && grid.groupSize !== null ? { groupSize: grid.groupSize } : {}),
    };
  }

  /** Codes a byte each, scales and zero points four. */
  get storedBytes(): number {
    const { codes, scales, zeroPoints } = this.#weight;
    return codes.size + 4 * scales.size + 4 * (zeroPoints?.size ?? 0);
  }

  forward(x: Tensor, bias: Tensor | undefined): Tensor {
    return quantizedLinear(x, this.#weight, bias);
  }

  dispose(): void {
    const { codes, scales, zeroPoints } = this.#weight;
    codes.dispose();
    scales.dispose();
    zeroPoints?.dispose();
  }
}
