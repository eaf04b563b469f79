import { roundHalfEven } from './round_half_even.ts';

/** A uniform grid: code q stands for scale (q - zeroPoint), lowest <= q <= highest. */
export interface UniformGrid {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * The code of a value, computed in float32, halves to even. The zero point is added to the rounded quotient (fake quantization, round to
 * nearest), or before it is rounded: the two differ at halves where the zero point is odd, and where it is no integer.
 */
export function codeOnGrid(value: number, grid: UniformGrid, zeroPointAdded: 'after' | 'before' = 'after'): number {
  const quotient = Math.fround(value / grid.scale);
  const code =
    zeroPointAdded === 'after'
      ? roundHalfEven(quotient) + grid.zeroPoint
      : roundHalfEven(Math.fround(quotient + grid.zeroPoint));
  return Math.min(Math.max(code, grid.lowest), grid.highest);
}

export function valueOnGrid(code: number, { scale, zeroPoint }: UniformGrid): number {
  return scale * (code - zeroPoint);
}
