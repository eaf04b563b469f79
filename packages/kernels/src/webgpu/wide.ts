/** WGSL: 64 bits in two words, low word first. For what float32 cannot hold: angles of far positions, large exponents. */
export const wide = `
fn wide_product(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u); // no overflow: (2^16 - 1)² + 2^16 - 1
  let crossed = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2<u32>((crossed << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (cross >> 16u) + (crossed >> 16u));
}

fn wide_sum(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.x + b.x;
  return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}
`;

/** A number below 2^32 as a multiple of 2^-64: words of 2^-64 and 2^-32, and a whole part that wraps. */
export function fraction64(value: number): { low: number; high: number } {
  const turns = value - Math.floor(value);
  const high = Math.floor(turns * 2 ** 32);
  return { low: Math.floor((turns * 2 ** 32 - high) * 2 ** 32), high };
}
