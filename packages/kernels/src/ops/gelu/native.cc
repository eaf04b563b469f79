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

constexpr float kRootTwoOverPi = 0.797884561f;
constexpr float kCubic = 0.0356774081f;  // 0.044715 sqrt(2/pi)

// (1 + tanh u) / 2 = 1 / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x³)
KERNELS_INLINE Lanes gate(Lanes x, Lanes square) {
  const Lanes u = x * fma(square, kCubic, kRootTwoOverPi);
  return sigmoid(u + u);
}

static void tanhForward(Call& call) {
  unaryForward(call, [](Lanes x) { return x * gate(x, x * x); });
}

static void tanhBackward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) {
    const Lanes square = x * x;
    const Lanes s = gate(x, square);
    const Lanes slope = fma(square, 3.0f * kCubic, kRootTwoOverPi);
    // s + x s' with s' = 2 s (1 - s) u'
    return dy * fma((x + x) * slope, s * (1.0f - s), s);
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
