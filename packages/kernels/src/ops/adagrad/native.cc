// One step of Adagrad over all parameters in one pass.
#include "parameters.h"

namespace kernels::KERNELS_ISA {

static void step(Call& call) {
  ParameterList list{1, 3, 3, 2};
  list.read(call);
  const float learningRate = call.real(0), eps = call.real(1), maxNorm = call.real(2);
  const float* norm = call.floatsOrNone(0, 1);
  for (int tensor = 0; tensor < list.count; tensor++) {
    const int64_t count = call.extent(list.scalar(tensor, 0));
    for (int which = 0; which < 3; which++) call.floats(list.buffer(tensor, which), count);
  }
  if (call.refused()) return;
  const float clip = clipFactor(norm, maxNorm);
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t) {
    float* p = call.out(list.buffer(tensor, 0), end);
    const float* g = call.floats(list.buffer(tensor, 1), end);
    float* s = call.out(list.buffer(tensor, 2), end);
    const float decay = call.real(list.scalar(tensor, 1));
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes before = load(p + i, n), gradient = fma(before, decay, load(g + i, n) * clip);
      const Lanes sum = fma(gradient, gradient, load(s + i, n));
      store(s + i, sum, n);
      store(p + i, fma(gradient / (sqrt(sum) + eps), -learningRate, before), n);
    });
  });
}

KERNELS(adagrad) = {{"adagrad.step", step}, {}};

}  // namespace kernels::KERNELS_ISA
