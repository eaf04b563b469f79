/**
 * Slopes of ALiBi (Press et al. 2022) for any number of heads: with n the largest power of two in heads, 2^(-8k/n) for k = 1..n, then
 * for the heads that are left 2^(-4k/n) for odd k.
 */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  return Array.from({ length: heads }, (_, head) =>
    head < power ? 2 ** ((-8 * (head + 1)) / power) : 2 ** ((-4 * (2 * (head - power) + 1)) / power),
  );
}
