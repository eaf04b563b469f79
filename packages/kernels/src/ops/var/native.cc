// Variance over the extents where y has stride 0, in two passes over what is left of x beside the first element of each sum.
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void mean(Call& call) {
  const float factor = call.real(0);
  sumForward<2>(call, 1, false, factor, [](Lanes x, Lanes first) { return x - first; });
}

static void forward(Call& call) {
  const float factor = call.real(0);
  sumForward<3>(call, 1, false, factor, [](Lanes x, Lanes first, Lanes mean) {
    const Lanes deviation = (x - first) - mean;
    return deviation * deviation;
  });
}

static void backward(Call& call) {
  const bool accumulate = call.flag(0);
  const float factor = call.real(1);
  sumForward<4>(call, 2, accumulate, factor, [](Lanes dy, Lanes x, Lanes first, Lanes mean) { return dy * ((x - first) - mean); });
}

KERNELS(var) = {{"var.mean", mean}, {"var.forward", forward}, {"var.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
