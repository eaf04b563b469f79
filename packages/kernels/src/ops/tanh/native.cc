// y = tanh x; the gradient is computed from y.
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  unaryForward(call, [](Lanes x) { return tanh(x); });
}

static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes y) { return dy * fma(-y, y, 1.0f); });
}

KERNELS(tanh) = {{"tanh.forward", forward}, {"tanh.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
