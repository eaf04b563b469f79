// y = exp(x).
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  unaryForward(call, [](Lanes x) { return exp(x); });
}

static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes y) { return dy * y; });
}

KERNELS(exp) = {{"exp.forward", forward}, {"exp.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
