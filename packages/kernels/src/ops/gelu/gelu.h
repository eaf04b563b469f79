// Gaussian error linear unit on sixteen lanes, exact (erf) and in its tanh form: gelu and geglu use it.
#pragma once
#include "gated.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

struct GeluErf {
  KERNELS_INLINE static Lanes value(Lanes x) { return x * normal(x).cdf; }
  KERNELS_INLINE static Activated at(Lanes x) {
    const Normal normalAt = normal(x);
    return {x * normalAt.cdf, fma(x, normalAt.density, normalAt.cdf)};
  }
};

// 2 sqrt(2/pi) and 0.044715 times it, each as a float and what the float leaves out.
constexpr float kLinear = 1.59576917f, kLinearLow = -4.53406805e-08f;
constexpr float kCubic = 0.0713548139f, kCubicLow = 2.39883247e-09f;

// Beyond this the gate is 0 or 1 in float.
KERNELS_INLINE Lanes clamped(Lanes x) {
  x = select(x > 24.0f, broadcast(24.0f), x);
  return select(x < -24.0f, broadcast(-24.0f), x);
}

// (1 + tanh u) / 2 = 1 / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x³), |x| <= 24. The exponential magnifies an error of 2u by |2u|, so 2u is kept
// as a sum of two floats.
KERNELS_INLINE Lanes gate(Lanes x) {
  const Lanes square = x * x, squareLow = fma(x, x, -square);
  const Lanes cubic = square * kCubic;
  const Lanes cubicLow = fma(square, kCubic, -cubic) + fma(square, kCubicLow, squareLow * kCubic);
  const Lanes slope = cubic + kLinear;
  const Lanes part = slope - cubic;
  const Lanes slopeLow = (cubic - (slope - part)) + (kLinear - part) + (cubicLow + kLinearLow);
  const Lanes twice = x * slope, twiceLow = fma(x, slope, -twice) + x * slopeLow;
  const Lanes e = exp(-magnitude(twice));
  const Lanes corrected = fma(e, select(twice < 0.0f, twiceLow, -twiceLow), e);
  return select(twice < 0.0f, corrected, broadcast(1.0f)) / (1.0f + corrected);
}

struct GeluTanh {
  KERNELS_INLINE static Lanes value(Lanes x) { return x * gate(clamped(x)); }
  KERNELS_INLINE static Activated at(Lanes x) {
    const Lanes inside = clamped(x), s = gate(inside);
    const Lanes slope = fma(inside * inside, 3.0f * kCubic, kLinear);
    // s + x s' with s' = s (1 - s) (2u)'
    return {x * s, fma(inside * slope, s * (1.0f - s), s)};
  }
};

}  // namespace kernels::KERNELS_ISA
