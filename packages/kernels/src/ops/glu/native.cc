// y = s up, s = 1 / (1 + exp(-gate)).
#include "gated.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

struct Sigmoid {
  KERNELS_INLINE static Lanes value(Lanes x) { return sigmoid(x); }
  KERNELS_INLINE static Activated at(Lanes x) {
    // exp(-|x|) / (1 + exp(-|x|))²: where s is near 1, 1 - s has lost its digits
    const Lanes e = exp(-magnitude(x)), whole = 1.0f + e;
    return {sigmoid(x), e / (whole * whole)};
  }
};

KERNELS(glu) = {{"glu.forward", gatedForward<Sigmoid>}, {"glu.backward", gatedBackward<Sigmoid>}, {}};

}  // namespace kernels::KERNELS_ISA
