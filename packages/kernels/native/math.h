// Elementary functions on sixteen lanes, ours throughout: the C library's differ between systems. Each is good to a few units
// in the last place over its whole range; the conformance cases of the ops that use them measure it. Coefficients are minimax fits (Remez), rounded to
// float from the lowest up.
#pragma once
#include "simd.h"

namespace kernels::KERNELS_ISA {

#if defined(KERNELS_PORTABLE)
#define KERNELS_MATH KERNELS_OUTLINE  // without fused multiply-adds each is hundreds of instructions
#else
#define KERNELS_MATH KERNELS_INLINE
#endif

// Adding it rounds to an integer, which then stands in the low bits.
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
constexpr float kLog2e = 1.44269504f;
constexpr float kLn2High = 0.693145752f;  // 16 bits: n times it is exact
constexpr float kLn2Low = 1.42860677e-06f;

struct Reduced {
  Lanes r;  // x - n ln 2
  Lanes whole;  // n
  Ints n;
};
// n from kRounder + n; r is left open.
KERNELS_INLINE Reduced rounded(Lanes shifted) {
  Reduced reduced;
  reduced.whole = shifted - kRounder;
  KERNELS_EACH_PART reduced.n.part[i] = (IntVec)((BitVec)shifted.part[i] - 0x4b400000u);
  return reduced;
}
KERNELS_INLINE Reduced reduceByLn2(Lanes x) {
  Reduced reduced = rounded(fma(x, kLog2e, kRounder));
  reduced.r = fma(reduced.whole, -kLn2Low, fma(reduced.whole, -kLn2High, x));
  return reduced;
}

// (exp(r) - 1 - r) / r² = 1/2 + kThird r + kFourth r² + ..., |r| <= ln 2 / 2
constexpr float kThird = 0.16666542f, kFourth = 0.0416662805f, kFifth = 0.00836671051f, kSixth = 0.00139466708f;
KERNELS_INLINE Lanes expTail(Lanes r) {
  Lanes q = fma(r, kSixth, kFifth);
  q = fma(q, r, kFourth);
  q = fma(q, r, kThird);
  return fma(q, r, 0.5f);
}

KERNELS_INLINE Lanes powerOfTwo(Ints n) {  // -126 <= n <= 127
  Lanes power;
  KERNELS_EACH_PART power.part[i] = (Vec)(((BitVec)n.part[i] + 127u) << 23);
  return power;
}

// x 2^n with one rounding where the result is denormal; infinite beyond the largest float. |n| <= 252
KERNELS_INLINE Lanes scaled(Lanes x, const Reduced& reduced) {
#if defined(KERNELS_AVX512)
  return {(Vec)_mm512_scalef_ps((__m512)x.part[0], (__m512)reduced.whole.part[0])};
#else
  Ints half, rest;
  KERNELS_EACH_PART {
    half.part[i] = reduced.n.part[i] >> 1;
    rest.part[i] = reduced.n.part[i] - half.part[i];
  }
  return x * powerOfTwo(half) * powerOfTwo(rest);
#endif
}

// The same where -126 <= n <= 127 and the result is not denormal.
KERNELS_INLINE Lanes scaledNormal(Lanes x, const Reduced& reduced) {
#if defined(KERNELS_AVX512)
  return scaled(x, reduced);
#else
  return x * powerOfTwo(reduced.n);
#endif
}

KERNELS_MATH Lanes exp(Lanes x) {
  x = smaller(broadcast(89.0f), larger(broadcast(-104.0f), x));
  const Reduced reduced = reduceByLn2(x);
  return scaled(fma(expTail(reduced.r), reduced.r * reduced.r, reduced.r) + 1.0f, reduced);
}

// exp for x <= 0 where results below 2^-126 may as well be 0 (softmax: the largest term is 1).
KERNELS_MATH Lanes expOfNegative(Lanes x) {
  // Further down r and n mean nothing, and are not taken.
  const Reduced reduced = reduceByLn2(x);
  const Lanes p = fma(expTail(reduced.r), reduced.r * reduced.r, reduced.r) + 1.0f;
  return select(x < -87.3f, broadcast(0.0f), scaledNormal(p, reduced));
}

KERNELS_MATH Lanes tanh(Lanes x) {
  const Lanes y = smaller(broadcast(10.0f), magnitude(x));
  const Reduced reduced = reduceByLn2(y + y);
  const Lanes p = fma(expTail(reduced.r), reduced.r * reduced.r, reduced.r);  // exp(r) - 1
  const Lanes power = powerOfTwo(reduced.n);
  const Lanes e = fma(power, p, power - 1.0f);  // exp(2y) - 1
  return withSign(e / (e + 2.0f), x);
}

// 1 / (1 + exp(-x)) without overflow on either side.
KERNELS_MATH Lanes sigmoid(Lanes x) {
  const Lanes e = exp(-magnitude(x));
  return select(x < 0.0f, e, broadcast(1.0f)) / (1.0f + e);
}

// a / b for b between 2^-60 and 2^60, as exact as a division but in rare last places. A division takes the processor sixteen cycles for sixteen numbers, this five:
// 1 / b from the bits of b, 12 % off at most; a step that cubes that error, one that squares it; and what the product leaves of a, divided in its turn.
KERNELS_INLINE Lanes quotient(Lanes a, Lanes b) {
  Lanes r;
  KERNELS_EACH_PART r.part[i] = (Vec)(0x7ef311c7 - (IntVec)b.part[i]);
  // The sign goes to what is used once, so that it is part of the multiply-add.
  const Lanes coarse = fma(b, -r, 1.0f);
  r = fma(fma(coarse, coarse, coarse), r, r);
  r = fma(fma(b, -r, 1.0f), r, r);
  const Lanes q = a * r;
  return fma(fma(b, -q, a), r, q);
}

// exp(-(square + lost) / 2) for squares up to 210.25 and what they lost. The steps are those of exp, in u = -2 r in place of r: a power of two times what
// stands there, so the bits are the same, in one operation less.
KERNELS_INLINE Lanes expOfMinusHalf(Lanes square, Lanes lost) {
  const Reduced reduced = rounded(fma(square, -0.5f * kLog2e, kRounder));
  const Lanes u = fma(reduced.whole, 2 * kLn2Low, fma(reduced.whole, 2 * kLn2High, square)) + lost;
  Lanes v = fma(u, kSixth / -32, kFifth / 16);  // v becomes -1/2 expTail(r)
  v = fma(v, u, kFourth / -8);
  v = fma(v, u, kThird / 4);
  v = fma(v, u, -0.25f);
  return scaled(fma(fma(v, u * u, u), -0.5f, 1.0f), reduced);
}

struct Normal {
  Lanes cdf;      // Phi(x)
  Lanes density;  // phi(x)
};
// Standard normal distribution, also far down the lower tail: Phi(-a) = exp(-a²/2) R(a), R a polynomial in (a - 3) / (a + 3).
KERNELS_MATH Normal normal(Lanes x) {
  const Lanes a = smaller(broadcast(14.5f), magnitude(x));
  const Lanes square = a * a;
  const Lanes lost = fma(a, a, -square);
  const Lanes e = expOfMinusHalf(square, lost);  // -105.2 at least, so there is nothing to clamp
  const Lanes t = quotient(a - 3.0f, a + 3.0f);
  Lanes r = fma(t, 5.31619517e-05f, 0.000115013652f);
  r = fma(r, t, -0.000339012884f);
  r = fma(r, t, -0.000983288162f);
  r = fma(r, t, 0.00290438742f);
  r = fma(r, t, 0.00613194238f);
  r = fma(r, t, -0.0462132618f);
  r = fma(r, t, 0.123225041f);
  r = fma(r, t, -0.206402615f);
  r = fma(r, t, 0.121513948f);
  const Lanes tail = e * r;
  return {select(x < 0.0f, tail, 1.0f - tail), e * 0.398942280f};
}

// Natural logarithm. log 0 = -inf, log of a negative number = NaN.
KERNELS_MATH Lanes log(Lanes x) {
  const Mask denormal = x < 1.17549435e-38f;
  const Lanes scaled = select(denormal, x * 8388608.0f, x);
  // m in [sqrt 1/2, sqrt 2), x = m 2^n
  Lanes m, n;
  KERNELS_EACH_PART {
    const IntVec bits = (IntVec)((BitVec)scaled.part[i] - 0x3f3504f3u);
    m.part[i] = (Vec)((bits & 0x007fffff) + 0x3f3504f3);
    n.part[i] = (Vec)((bits >> 23) + 0x4b400000) - kRounder;
  }
  n = select(denormal, n - 23.0f, n);
  const Lanes f = m - 1.0f;
  Lanes p = fma(f, 0.0674772412f, -0.116775095f);
  p = fma(p, f, 0.118886963f);
  p = fma(p, f, -0.124053411f);
  p = fma(p, f, 0.142194539f);
  p = fma(p, f, -0.166680053f);
  p = fma(p, f, 0.200021237f);
  p = fma(p, f, -0.250000089f);
  p = fma(p, f, 0.333333135f);
  const Lanes square = f * f;
  const Lanes low = fma(n, kLn2Low, fma(square * f, p, square * -0.5f));
  Lanes y = fma(n, kLn2High, f + low);
  y = select(x == 0.0f, broadcast(-__builtin_inff()), y);
  y = select(x < 0.0f, broadcast(__builtin_nanf("")), y);
  const Mask ordinary = magnitude(x) < __builtin_inff();
  return select(ordinary, y, select(x < 0.0f, broadcast(__builtin_nanf("")), x));
}

KERNELS_INLINE float log(float x) {
  float all[kLanes];
  store(all, log(broadcast(x)));
  return all[0];
}

}  // namespace kernels::KERNELS_ISA
