// One step of RMSprop over all parameters in one pass.
#include "parameters.h"

namespace kernels::KERNELS_ISA {

static void step(Call& call) {
  ParameterList list{1, 5, 5, 2};
  list.read(call);
  const double alpha = call.number(1);
  const float learningRate = call.real(0), eps = call.real(2), momentum = call.real(3), maxNorm = call.real(4);
  const float* norm = call.floatsOrNone(0, 1);
  for (int tensor = 0; tensor < list.count; tensor++) {
    const int64_t count = call.extent(list.scalar(tensor, 0));
    for (int which = 0; which < 3; which++) call.floats(list.buffer(tensor, which), count);
    for (int which = 3; which < 5; which++) call.floatsOrNone(list.buffer(tensor, which), count);
  }
  if (call.refused()) return;
  const float clip = clipFactor(norm, maxNorm), keep = float(alpha), take = float(1 - alpha);
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t) {
    float* p = call.out(list.buffer(tensor, 0), end);
    const float* g = call.floats(list.buffer(tensor, 1), end);
    float* v = call.out(list.buffer(tensor, 2), end);
    float* mean = call.outOrNone(list.buffer(tensor, 3), end);
    float* b = call.outOrNone(list.buffer(tensor, 4), end);
    const float decay = call.real(list.scalar(tensor, 1));
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes before = load(p + i, n), gradient = fma(before, decay, load(g + i, n) * clip);
      Lanes variance = fma(load(v + i, n), keep, gradient * gradient * take);
      store(v + i, variance, n);
      if (mean != nullptr) {
        const Lanes average = fma(load(mean + i, n), keep, gradient * take);
        store(mean + i, average, n);
        variance = larger(broadcast(0.0f), fma(-average, average, variance));
      }
      Lanes direction = gradient / (sqrt(variance) + eps);
      if (b != nullptr) {
        direction = fma(load(b + i, n), momentum, direction);
        store(b + i, direction, n);
      }
      store(p + i, fma(direction, -learningRate, before), n);
    });
  });
}

KERNELS(rmsprop) = {{"rmsprop.step", step}, {}};

}  // namespace kernels::KERNELS_ISA
