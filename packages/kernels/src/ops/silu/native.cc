// y = x s, s = 1 / (1 + exp(-x)).
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  unaryForward(call, [](Lanes x) { return x * sigmoid(x); });
}

static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) {
    const Lanes s = sigmoid(x);
    return dy * (s * fma(x, 1.0f - s, 1.0f));
  });
}

KERNELS(silu) = {{"silu.forward", forward}, {"silu.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
