// y = gate s up, s = 1 / (1 + exp(-gate)).
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(3, 1);
  const int64_t count = call.extent(0);
  const float* gate = call.floats(0, count);
  const float* up = call.floats(1, count);
  float* y = call.out(2, count);
  if (call.refused()) return;
  call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes g = load(gate + i, n);
      store(y + i, g * sigmoid(g) * load(up + i, n), n);
    });
  });
}

static void backward(Call& call) {
  call.form(5, 3);
  const int64_t count = call.extent(0);
  const bool accumulateGate = call.flag(1), accumulateUp = call.flag(2);
  const float* dy = call.floats(0, count);
  const float* gate = call.floats(1, count);
  const float* up = call.floats(2, count);
  float* dgate = call.outOrNone(3, count);
  float* dup = call.outOrNone(4, count);
  if (call.refused()) return;
  call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      const Lanes g = load(gate + i, n), d = load(dy + i, n);
      const Lanes s = sigmoid(g);
      if (dgate != nullptr) {
        const Lanes gradient = d * load(up + i, n) * (s * fma(g, 1.0f - s, 1.0f));
        store(dgate + i, accumulateGate ? load(dgate + i, n) + gradient : gradient, n);
      }
      if (dup != nullptr) {
        const Lanes gradient = d * (g * s);
        store(dup + i, accumulateUp ? load(dup + i, n) + gradient : gradient, n);
      }
    });
  });
}

KERNELS(swiglu) = {{"swiglu.forward", forward}, {"swiglu.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
