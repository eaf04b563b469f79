// y = a b with broadcasting, and the gradient of either factor.
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  binaryForward(call, [](Lanes a, Lanes b) { return a * b; });
}

static void backward(Call& call) {
  const bool accumulate = call.flag(0);
  sumForward<2>(call, 1, accumulate, 1.0f, [](Lanes dy, Lanes other) { return dy * other; });
}

KERNELS(mul) = {{"mul.forward", forward}, {"mul.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
