// y = x where x > 0, else slope x.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  const float slope = call.real(1);
  unaryForward(call, [=](Lanes x) { return select(x > 0.0f, x, x * slope); }, 1);
}

static void backward(Call& call) {
  const float slope = call.real(2);
  unaryBackward(call, [=](Lanes dy, Lanes x) { return select(x > 0.0f, dy, dy * slope); }, 1);
}

KERNELS(leaky_relu) = {{"leaky_relu.forward", forward}, {"leaky_relu.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
