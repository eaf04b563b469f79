// y = exp(x - max x) / sum exp(x - max x) along width; lines lie along rows (inner 1) or across them.
#include "softmax.h"

namespace kernels::KERNELS_ISA {

// Exponentials of a row of at most so many floats wait in the first cache, and the row is written once.
constexpr int64_t kMostKept = 4096;

static void forward(Call& call) {
  alongLines(call, kMostKept, [](auto past, const Line& line) {
    if (line.shape.lanes == 0 && line.shape.width <= kMostKept) {
      alignas(64) float kept[kMostKept];
      const Lanes total = line.exponentials(line.largest(), [&](int64_t at, Lanes term, int64_t n) {
        expectWrite(past, line.y + line.shape.width + at);
        store(kept + at, term, n);
      });
      const Lanes scale = 1.0f / total;
      line.each([&](int64_t at, float* y, const float*, int64_t n) { write(past, y, load(kept + at, n) * scale, n); });
    } else {
      const Lanes total = line.exponentials(line.largest(), [&](int64_t at, Lanes term, int64_t n) { store(line.y + at, term, n); });
      const Lanes scale = 1.0f / total;
      line.each([&](int64_t, float* y, const float*, int64_t n) { store(y, load(y, n) * scale, n); });
    }
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
