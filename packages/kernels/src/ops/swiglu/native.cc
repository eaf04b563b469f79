// y = gate s up, s = 1 / (1 + exp(-gate)).
#include "gated.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

struct Silu {
  KERNELS_INLINE static Lanes value(Lanes x) { return x * sigmoid(x); }
  KERNELS_INLINE static Activated at(Lanes x) {
    const Lanes s = sigmoid(x);
    return {x * s, s * fma(x, 1.0f - s, 1.0f)};
  }
};

KERNELS(swiglu) = {{"swiglu.forward", gatedForward<Silu>}, {"swiglu.backward", gatedBackward<Silu>}, {}};

}  // namespace kernels::KERNELS_ISA
