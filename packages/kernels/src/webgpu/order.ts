/**
 * WGSL: the words of floats as integers in the order of their values, -0 below 0 and every NaN above all, and back. Words keep the denormals that
 * arithmetic may flush, and comparing integers loses no NaN.
 */
export const order = `
const before_all = -2147483647i - 1i;

fn order_of(bits: u32) -> i32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0x7fffffff; }
  let signed = bitcast<i32>(bits);
  return signed ^ ((signed >> 31u) & 0x7fffffff);
}

fn bits_of_order(order: i32) -> u32 { return bitcast<u32>(order ^ ((order >> 31u) & 0x7fffffff)); }

// The same with 0 and -0 in one place.
fn rank_of(bits: u32) -> i32 { return select(order_of(bits), 0i, (bits & 0x7fffffffu) == 0u); }

// As floats are equal: 0 and -0 are, a NaN and itself are not.
fn equal_floats(a: u32, b: u32) -> bool {
  if ((a & 0x7fffffffu) > 0x7f800000u) { return false; }
  return a == b || ((a | b) & 0x7fffffffu) == 0u;
}
`;
