// y = a / b with broadcasting, and the gradients of dividend and divisor.
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  binaryForward(call, [](Lanes a, Lanes b) { return a / b; });
}

static void backwardDividend(Call& call) {
  const bool accumulate = call.flag(0);
  sumForward<2>(call, 1, accumulate, 1.0f, [](Lanes dy, Lanes b) { return dy / b; });
}

static void backwardDivisor(Call& call) {
  const bool accumulate = call.flag(0);
  sumForward<3>(call, 1, accumulate, -1.0f, [](Lanes dy, Lanes y, Lanes b) { return dy * y / b; });
}

KERNELS(div) = {
    {"div.forward", forward},
    {"div.backward_dividend", backwardDividend},
    {"div.backward_divisor", backwardDivisor},
    {},
};

}  // namespace kernels::KERNELS_ISA
