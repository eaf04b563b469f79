// One step of Adam or AdamW, with or without AMSGrad, over all parameters in one pass.
#include "parameters.h"

namespace kernels::KERNELS_ISA {

static void step(Call& call) {
  ParameterList list{1, 8, 5, 2};
  list.read(call);
  const double learningRate = call.number(0), beta1 = call.number(1), beta2 = call.number(2);
  const double correction1 = call.number(4), correction2 = call.number(5);
  const float eps = call.real(3), maxNorm = call.real(7);
  const bool decoupled = call.flag(6);
  const float* norm = call.floatsOrNone(0, 1);
  for (int tensor = 0; tensor < list.count; tensor++) {
    const int64_t count = call.extent(list.scalar(tensor, 0));
    for (int which = 0; which < 4; which++) call.floats(list.buffer(tensor, which), count);
    call.floatsOrNone(list.buffer(tensor, 4), count);
  }
  if (call.refused()) return;
  const float clip = clipFactor(norm, maxNorm);
  // lr (m / c1) / (sqrt(v / c2) + eps), with both divisions by the host's constants turned into products.
  const float rate = float(learningRate / correction1), spread = float(1.0 / correction2);
  const float keep1 = float(beta1), take1 = float(1 - beta1), keep2 = float(beta2), take2 = float(1 - beta2);
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t) {
    float* p = call.out(list.buffer(tensor, 0), end);
    const float* g = call.floats(list.buffer(tensor, 1), end);
    float* m = call.out(list.buffer(tensor, 2), end);
    float* v = call.out(list.buffer(tensor, 3), end);
    float* largest = call.outOrNone(list.buffer(tensor, 4), end);
    const double decay = call.number(list.scalar(tensor, 1));
    const float added = float(decay), kept = float(1 - learningRate * decay);
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes weight = load(p + i, n), clipped = load(g + i, n) * clip;
      const Lanes before = decoupled ? weight * kept : weight, gradient = decoupled ? clipped : fma(weight, added, clipped);
      const Lanes first = fma(load(m + i, n), keep1, gradient * take1);
      const Lanes second = fma(load(v + i, n), keep2, gradient * gradient * take2);
      Lanes scale = second;
      if (largest != nullptr) {
        // NaN stays NaN from whichever side it comes
        const Lanes old = load(largest + i, n);
        scale = select(old == old, select(old > second, old, second), old);
        store(largest + i, scale, n);
      }
      store(m + i, first, n);
      store(v + i, second, n);
      store(p + i, fma(first / (sqrt(scale * spread) + eps), -rate, before), n);
    });
  });
}

KERNELS(adam) = {{"adam.step", step}, {}};

}  // namespace kernels::KERNELS_ISA
