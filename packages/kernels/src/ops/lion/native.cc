// One step of Lion over all parameters in one pass.
#include "parameters.h"

namespace kernels::KERNELS_ISA {

// 1, -1, or the value itself: 0 and NaN.
KERNELS_INLINE Lanes signOf(Lanes x) { return select(x > 0.0f, broadcast(1.0f), select(x < 0.0f, broadcast(-1.0f), x)); }

static void step(Call& call) {
  ParameterList list{1, 4, 3, 2};
  list.read(call);
  const double learningRate = call.number(0), beta1 = call.number(1), beta2 = call.number(2);
  const float* norm = call.floatsOrNone(0, 1);
  const float maxNorm = call.real(3);
  for (int tensor = 0; tensor < list.count; tensor++) {
    const int64_t count = call.extent(list.scalar(tensor, 0));
    for (int which = 0; which < 3; which++) call.floats(list.buffer(tensor, which), count);
  }
  if (call.refused()) return;
  const float clip = clipFactor(norm, maxNorm), rate = float(learningRate);
  const float keep1 = float(beta1), take1 = float(1 - beta1), keep2 = float(beta2), take2 = float(1 - beta2);
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t) {
    float* p = call.out(list.buffer(tensor, 0), end);
    const float* g = call.floats(list.buffer(tensor, 1), end);
    float* m = call.out(list.buffer(tensor, 2), end);
    const float decay = float(1 - learningRate * call.number(list.scalar(tensor, 1)));
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes gradient = load(g + i, n) * clip, moment = load(m + i, n);
      const Lanes direction = signOf(fma(moment, keep1, gradient * take1));
      store(p + i, fma(direction, -rate, load(p + i, n) * decay), n);
      store(m + i, fma(moment, keep2, gradient * take2), n);
    });
  });
}

KERNELS(lion) = {{"lion.step", step}, {}};

}  // namespace kernels::KERNELS_ISA
