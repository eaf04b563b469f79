/**
 * Elementary functions in WGSL, ours as on the native backend: the language's own may be off by hundreds of units in the last place
 * (tanh near 0, log near 1). Each is good to a few units whether or not the device fuses multiply-adds; what must be exact is split by its bits,
 * so that no compiler can reassociate it. They take NaN as NaN. Coefficients are those of native/math.h.
 */
export const math = `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

fn power_of_two(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }

struct Reduced { r: f32, n: i32 }
fn reduce_by_ln2(x: f32) -> Reduced {
  let n = round(x * 1.44269504);
  return Reduced((x - n * 0.693145752) - n * 1.42860677e-06, i32(n)); // the first product is exact
}

// exp(r) - 1, |r| <= ln 2 / 2
fn small_expm1(r: f32) -> f32 {
  var q = fma(r, 0.00139466708, 0.00836671051);
  q = fma(q, r, 0.0416662805);
  q = fma(q, r, 0.16666542);
  q = fma(q, r, 0.5);
  return fma(q, r * r, r);
}

fn exponential(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let reduced = reduce_by_ln2(clamp(x, -104.0, 89.0));
  let half = reduced.n >> 1u;
  return (small_expm1(reduced.r) + 1.0) * power_of_two(half) * power_of_two(reduced.n - half);
}

// exp(x) - 1 without its cancellation near 0, x up to 0.
fn exponential_minus_1(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let reduced = reduce_by_ln2(max(x, -104.0));
  let half = reduced.n >> 1u;
  let power = power_of_two(half) * power_of_two(reduced.n - half);
  return fma(power, small_expm1(reduced.r), power - 1.0);
}

fn with_sign(magnitude: f32, like: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(magnitude) & 0x7fffffffu) | (bitcast<u32>(like) & 0x80000000u));
}

fn hyperbolic_tangent(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let y = min(abs(x), 10.0);
  let reduced = reduce_by_ln2(y + y);
  let power = power_of_two(reduced.n);
  let e = fma(power, small_expm1(reduced.r), power - 1.0); // exp(2y) - 1
  return with_sign(e / (e + 2.0), x);
}

fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

// (Phi(x) - 1/2) / (x phi(0)) of s = x², Taylor's series for |x| up to 0.7.
fn small_normal(s: f32) -> f32 {
  var q = fma(s, 1.0334e-07, -1.6693e-06);
  q = fma(q, s, 2.3674e-05);
  q = fma(q, s, -0.000289351852);
  q = fma(q, s, 0.00297619048);
  q = fma(q, s, -0.025);
  q = fma(q, s, 0.166666672);
  return fma(q, -s, 1.0);
}

struct Normal { cdf: f32, density: f32 }
// Standard normal distribution: Phi(-a) = exp(-a²/2) R(a). At the first 12 bits h of a, where sums and squares
// are exact, (h + 3) R is a polynomial in (h - 3) / (h + 3) (minimax, within 4e-8); the rest l of a goes into exp(-a²/2) = exp(-h²/2) exp(t) and into two terms of R's series (R' = a R - phi(0)).
fn normal(x: f32) -> Normal {
  if (is_nan(x)) { return Normal(x, x); }
  let a = min(abs(x), 14.5);
  let high = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  let low = a - high;
  let t = low * (a + high) * -0.5;
  let reduced = reduce_by_ln2(high * high * -0.5);
  let half = reduced.n >> 1u;
  let main_part = small_expm1(reduced.r);
  let rest = t * fma(t, fma(t, fma(t, fma(t, 0.00833333377, 0.0416666679), 0.166666672), 0.5), 1.0); // exp(t) - 1
  let u = (high - 3.0) / (high + 3.0);
  var r = fma(u, 6.558443e-05, -0.00019319958);
  r = fma(r, u, -0.0009692109);
  r = fma(r, u, 0.0010016768);
  r = fma(r, u, 0.0069497754);
  r = fma(r, u, -0.010455662);
  r = fma(r, u, -0.047260825);
  r = fma(r, u, 0.23001674);
  r = fma(r, u, -0.509332);
  r = fma(r, u, 0.7290837);
  let ratio = r / (high + 3.0);
  let slope = fma(high, ratio, -0.398942280);
  // both factors near 1 join the exponential before it rounds
  let correction = low * fma(low * 0.5, fma(high, slope, ratio), slope) / ratio;
  let joined = fma(rest, correction, rest + correction);
  let scale = power_of_two(reduced.n - half);
  let tail = fma(ratio, main_part + fma(main_part, joined, joined), ratio) * power_of_two(half) * scale;
  let density = (1.0 + (main_part + fma(main_part, rest, rest))) * power_of_two(half) * scale * 0.398942280;
  if (a < 0.7) {
    // Taylor's series: there the polynomials above would carry more roundings
    return Normal(fma(x, small_normal(x * x) * 0.398942280, 0.5), density);
  }
  return Normal(select(1.0 - tail, tail, x < 0.0), density);
}

// Natural logarithm. log 0 = -inf (denormals may count as 0), log of a negative number = NaN.
fn logarithm(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x < 0.0) { return p.nan; }
  let denormal = x < 1.17549435e-38;
  let scaled = select(x, x * 8388608.0, denormal);
  if (scaled == 0.0) { return -p.infinity; }
  if (scaled == p.infinity) { return p.infinity; }
  // m in [sqrt 1/2, sqrt 2), x = m 2^n
  let bits = bitcast<i32>(scaled) - 0x3f3504f3;
  let m = bitcast<f32>((bits & 0x007fffff) + 0x3f3504f3);
  let n = f32(bits >> 23u) - select(0.0, 23.0, denormal);
  let f = m - 1.0;
  var q = fma(f, 0.0674772412, -0.116775095);
  q = fma(q, f, 0.118886963);
  q = fma(q, f, -0.124053411);
  q = fma(q, f, 0.142194539);
  q = fma(q, f, -0.166680053);
  q = fma(q, f, 0.200021237);
  q = fma(q, f, -0.250000089);
  q = fma(q, f, 0.333333135);
  let square = f * f;
  let low = fma(n, 1.42860677e-06, fma(square * f, q, square * -0.5));
  return fma(n, 0.693145752, f + low);
}

fn error_function(u: f32) -> f32 {
  if (is_nan(u)) { return u; }
  let s = 2.0 * u * u;
  if (s < 0.49) { return u * (small_normal(s) * 1.12837917); }
  return with_sign(1.0 - 2.0 * normal(-abs(u) * 1.41421354).cdf, u);
}

// v^e for v from 0 up.
fn power(v: f32, e: f32) -> f32 { return exponential(e * logarithm(v)); }

fn square(x: f32) -> f32 { return x * x; }

fn cube(x: f32) -> f32 { return x * x * x; }

// sqrt(a² + b²) without overflow on the way.
fn hypotenuse(a: f32, b: f32) -> f32 {
  let large = max(abs(a), abs(b));
  let small = min(abs(a), abs(b));
  if (large == 0.0 || large == p.infinity) { return large; }
  return large * sqrt(1.0 + square(small / large));
}
`;
