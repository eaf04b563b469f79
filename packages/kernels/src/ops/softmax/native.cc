// y = exp(x - max x) / sum exp(x - max x) along width; lines lie along rows (inner 1) or across them.
#include "softmax.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  alongLines(call, [](const Line& line) {
    const Lanes scale = 1.0f / line.exponentials(line.largest(), true);
    line.each([&](int64_t, float* y, const float*, int64_t n) { store(y, load(y, n) * scale, n); });
  });
}

static void backward(Call& call) {
  alongLinesBackward(call, [](const LineGradient& line) {
    const Lanes product = line.sum([](Lanes dy, Lanes y) { return dy * y; });
    line.each([&](Lanes dy, Lanes y) { return y * (dy - product); });
  });
}

KERNELS(softmax) = {{"softmax.forward", forward}, {"softmax.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
