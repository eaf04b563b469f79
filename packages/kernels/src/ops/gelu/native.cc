// Gaussian error linear unit, exact (erf) and in its tanh form. Both are computed without the sums that cancel for large negative x.
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

static void erfForward(Call& call) {
  unaryForward(call, [](Lanes x) { return x * normal(x).cdf; });
}

static void erfBackward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) {
    const Normal at = normal(x);
    return dy * fma(x, at.density, at.cdf);
  });
}

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

static void tanhForward(Call& call) {
  unaryForward(call, [](Lanes x) { return x * gate(clamped(x)); });
}

static void tanhBackward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) {
    x = clamped(x);
    const Lanes s = gate(x);
    const Lanes slope = fma(x * x, 3.0f * kCubic, kLinear);
    // s + x s' with s' = s (1 - s) (2u)'
    return dy * fma(x * slope, s * (1.0f - s), s);
  });
}

KERNELS(gelu) = {
    {"gelu_erf.forward", erfForward},
    {"gelu_erf.backward", erfBackward},
    {"gelu_tanh.forward", tanhForward},
    {"gelu_tanh.backward", tanhBackward},
    {},
};

}  // namespace kernels::KERNELS_ISA
