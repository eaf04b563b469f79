// y[i] = value.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(1, 2);
  const int64_t count = call.extent(0);
  const float value = call.real(1);
  float* y = call.out(0, count);
  if (call.refused()) return;
  call.ranges(count, 4 * kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) { store(y + i, broadcast(value), n); });
  });
}

KERNELS(fill) = {{"fill.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
