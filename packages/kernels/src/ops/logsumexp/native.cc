// log of the sum of exponentials over the extents where the sum has stride 0, beside the largest element.
#include "math.h"
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void sumOfExponentials(Call& call) {
  sumForward<2>(call, 0, false, 1.0f, [](Lanes x, Lanes top) { return expOfNegative(x - top); });
}

static void forward(Call& call) {
  call.form(3, 1);
  const int64_t count = call.extent(0);
  const float* top = call.floats(0, count);
  const float* total = call.floats(1, count);
  float* y = call.out(2, count);
  if (call.refused()) return;
  call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes most = load(top + i, n);
      store(y + i, select(magnitude(most) < __builtin_inff(), most + log(load(total + i, n)), most), n);
    });
  });
}

static void backward(Call& call) {
  const bool accumulate = call.flag(0);
  sumForward<4>(call, 1, accumulate, 1.0f,
                [](Lanes dy, Lanes x, Lanes top, Lanes total) { return dy * expOfNegative(x - top) / total; });
}

KERNELS(logsumexp) = {{"logsumexp.sum", sumOfExponentials}, {"logsumexp.forward", forward}, {"logsumexp.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
