// y = x - max x - log sum exp(x - max x) along width; lines lie along rows (inner 1) or across them.
#include "../softmax/softmax.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  constexpr int64_t kAnyWidth = INT64_MAX;
  alongLines(call, kAnyWidth, [](auto past, const Line& line) {
    const Lanes top = line.largest();
    const Lanes logSum = log(line.exponentials(top, [](int64_t, Lanes, int64_t) {}));
    line.each([&](int64_t, float* y, const float* x, int64_t n) { write(past, y, load(x, n) - top - logSum, n); });
  });
}

static void backward(Call& call) {
  alongLinesBackward(call, [](const LineGradient& line) {
    const Lanes total = line.sum([](Lanes dy, Lanes) { return dy; });
    line.each([&](Lanes dy, Lanes y) { return fma(-exp(y), total, dy); });
  });
}

KERNELS(log_softmax) = {{"log_softmax.forward", forward}, {"log_softmax.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
