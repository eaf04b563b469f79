// One step of stochastic gradient descent with (Nesterov) momentum over all parameters in one pass.
#include "parameters.h"

namespace kernels::KERNELS_ISA {

static void step(Call& call) {
  ParameterList list{1, 6, 3, 2};
  list.read(call);
  const float learningRate = call.real(0), momentum = call.real(1), take = float(1 - call.number(2));
  const bool nesterov = call.flag(3), firstStep = call.flag(4);
  const float* norm = call.floatsOrNone(0, 1);
  for (int tensor = 0; tensor < list.count; tensor++) {
    const int64_t count = call.extent(list.scalar(tensor, 0));
    call.floats(list.buffer(tensor, 0), count);
    call.floats(list.buffer(tensor, 1), count);
    if (momentum != 0) call.floats(list.buffer(tensor, 2), count);
  }
  if (call.refused()) return;
  const float clip = clipFactor(norm, call.real(5));
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t) {
    float* p = call.out(list.buffer(tensor, 0), end);
    const float* g = call.floats(list.buffer(tensor, 1), end);
    float* b = momentum != 0 ? call.out(list.buffer(tensor, 2), end) : nullptr;
    const float decay = call.real(list.scalar(tensor, 1));
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes before = load(p + i, n);
      Lanes direction = fma(before, decay, load(g + i, n) * clip);
      if (b != nullptr) {
        const Lanes velocity = firstStep ? direction : fma(load(b + i, n), momentum, direction * take);
        store(b + i, velocity, n);
        direction = nesterov ? fma(velocity, momentum, direction) : velocity;
      }
      store(p + i, fma(direction, -learningRate, before), n);
    });
  });
}

KERNELS(sgd) = {{"sgd.step", step}, {}};

}  // namespace kernels::KERNELS_ISA
