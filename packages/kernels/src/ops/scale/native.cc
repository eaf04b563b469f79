// y[i] (+)= factor x[i]: one rounding either way.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(2, 3);
  const int64_t count = call.extent(0);
  const float factor = call.real(1);
  const bool accumulate = call.flag(2);
  const float* x = call.floats(0, count);
  float* y = call.out(1, count);
  if (call.refused()) return;
  call.ranges(count, 2 * kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes value = load(x + i, n);
      store(y + i, accumulate ? fma(value, factor, load(y + i, n)) : value * factor, n);
    });
  });
}

KERNELS(scale) = {{"scale.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
