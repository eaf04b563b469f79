// The largest elements of windows, and where they stand.
#include <climits>

#include "pools.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(3, 11);
  const PoolShape s = readPoolShape(call);
  const float* x = call.floats(0, s.input());
  float* y = call.out(1, s.output());
  int32_t* place = call.has(2) ? call.outIntegers(2, s.output()) : nullptr;
  call.require(times(s.height, s.width) <= INT_MAX, "a place is an integer of 32 bits");
  if (call.refused()) return;
  eachPlane(call, s, [&](int64_t plane) {
    const float* from = x + plane * s.height * s.width;
    eachPoolWindow(s, [&](int64_t output, const PoolRange& rows, const PoolRange& columns) {
      float best = -__builtin_inff();
      int64_t at = rows.from * s.width + columns.from;
      for (int64_t row = rows.from; row < rows.to; row++) {
        for (int64_t column = columns.from; column < columns.to; column++) {
          const float value = from[row * s.width + column];
          if (value > best || value != value) {
            best = value;
            at = row * s.width + column;
          }
        }
      }
      y[plane * s.outHeight * s.outWidth + output] = best;
      if (place != nullptr) place[plane * s.outHeight * s.outWidth + output] = int32_t(at);
    });
  });
}

static void backward(Call& call) {
  call.form(3, 12);
  const PoolShape s = readPoolShape(call);
  const bool accumulate = call.flag(11);
  const float* dy = call.floats(0, s.output());
  const int32_t* place = call.integers(1, s.output());
  float* dx = call.out(2, s.input());
  if (call.refused()) return;
  const int64_t pixels = s.height * s.width, outputs = s.outHeight * s.outWidth;
  eachPlane(call, s, [&](int64_t plane) {
    float* to = dx + plane * pixels;
    if (!accumulate) {
      for (int64_t i = 0; i < pixels; i++) to[i] = 0.0f;
    }
    for (int64_t output = plane * outputs; output < (plane + 1) * outputs; output++) {
      const int64_t at = place[output];
      if (at < 0 || at >= pixels) {
        call.fail("index-out-of-range", "max_pool2d.backward: a place lies in 0..%lld, found %lld", (long long)pixels - 1, (long long)at);
        return;
      }
      to[at] += dy[output];
    }
  });
}

KERNELS(max_pool2d) = {{"max_pool2d.forward", forward}, {"max_pool2d.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
