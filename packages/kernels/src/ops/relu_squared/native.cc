// y = x² where x > 0, NaN where x is NaN, else +0.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  unaryForward(call, [](Lanes x) { return select(x <= 0.0f, broadcast(0.0f), x * x); });
}

static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) { return select(x > 0.0f, dy * x * 2.0f, broadcast(0.0f)); });
}

KERNELS(relu_squared) = {{"relu_squared.forward", forward}, {"relu_squared.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
