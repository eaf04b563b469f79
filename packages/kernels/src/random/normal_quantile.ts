/**
 * Quantile of the standard normal distribution by rational approximation, relative error about 1e-16 (Wichura 1988, algorithm AS 241,
 * PPND16). Only additions, products, divisions and square roots are used, so every engine gives the same bits.
 * For 1e-11 < p < 1 - 1e-11, which all of (word + 1/2) / 2^32 satisfies.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * central(0.180625 - q * q);
  const r = Math.sqrt(-naturalLogarithm(q < 0 ? p : 1 - p)) - 1.6;
  return q < 0 ? -tail(r) : tail(r);
}

function central(r: number): number {
  const numerator = polynomial(
    r,
    3.3871328727963665,
    133.14166789178438,
    1971.5909503065513,
    13731.69376550946,
    45921.95393154987,
    67265.7709270087,
    33430.57558358813,
    2509.0809287301227,
  );
  const denominator = polynomial(
    r,
    1,
    42.31333070160091,
    687.1870074920579,
    5394.196021424751,
    21213.794301586597,
    39307.89580009271,
    28729.085735721943,
    5226.495278852854,
  );
  return numerator / denominator;
}

function tail(r: number): number {
  const numerator = polynomial(
    r,
    1.4234371107496835,
    4.630337846156546,
    5.769497221460691,
    3.6478483247632045,
    1.2704582524523684,
    0.2417807251774506,
    0.022723844989269184,
    0.0007745450142783414,
  );
  const denominator = polynomial(
    r,
    1,
    2.053191626637759,
    1.6763848301838038,
    0.6897673349851,
    0.14810397642748008,
    0.015198666563616457,
    0.0005475938084995345,
    1.0507500716444169e-9,
  );
  return numerator / denominator;
}

/** Coefficients from the constant up. */
function polynomial(
  x: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  c4: number,
  c5: number,
  c6: number,
  c7: number,
): number {
  const upper = ((c7 * x + c6) * x + c5) * x + c4;
  return (((upper * x + c3) * x + c2) * x + c1) * x + c0;
}

/** log x for 0 < x < 1: x = m 2^-n with m in [1/sqrt 2, sqrt 2), log m = 2 artanh((m - 1) / (m + 1)). */
function naturalLogarithm(x: number): number {
  let mantissa = x;
  let halvings = 0;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    halvings += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let power = 21; power >= 1; power -= 2) sum = sum * s * s + 1 / power;
  return 2 * s * sum - halvings * Math.LN2;
}
