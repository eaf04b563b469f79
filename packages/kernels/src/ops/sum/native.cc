// y (+)= factor * sum of x over the extents where y has stride 0.
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  const bool accumulate = call.flag(0);
  const float factor = call.real(1);
  sumForward<1>(call, 2, accumulate, factor, [](Lanes x) { return x; });
}

KERNELS(sum) = {{"sum.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
