// y = a + b with broadcasting.
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  binaryForward(call, [](Lanes a, Lanes b) { return a + b; });
}

KERNELS(add) = {{"add.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
