// Gated units: y = f(gate) up. An activation gives value(gate), and at(gate): the value and its derivative.
#pragma once
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Activated {
  Lanes value, slope;
};

// Buffers gate, up, y; scalars count.
template <class Activation>
static void gatedForward(Call& call) {
  call.form(3, 1);
  const int64_t count = call.extent(0);
  const float* gate = call.floats(0, count);
  const float* up = call.floats(1, count);
  float* y = call.out(2, count);
  if (call.refused()) return;
  call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) { store(y + i, Activation::value(load(gate + i, n)) * load(up + i, n), n); });
  });
}

// Buffers dy, gate, up, dgate?, dup?; scalars count, accumulateGate, accumulateUp.
template <class Activation>
static void gatedBackward(Call& call) {
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
      const Lanes d = load(dy + i, n);
      const Activated at = Activation::at(load(gate + i, n));
      if (dgate != nullptr) put(dgate + i, d * load(up + i, n) * at.slope, n, accumulateGate);
      if (dup != nullptr) put(dup + i, d * at.value, n, accumulateUp);
    });
  });
}

}  // namespace kernels::KERNELS_ISA
