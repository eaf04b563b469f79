// y = 1 / (1 + exp(-x)); the gradient is computed from y.
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  unaryForward(call, [](Lanes x) { return sigmoid(x); });
}

static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes y) { return dy * y * (1.0f - y); });
}

KERNELS(sigmoid) = {{"sigmoid.forward", forward}, {"sigmoid.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
