// Means over windows.
#include "pools.h"

namespace kernels::KERNELS_ISA {

static float sizeOf(const PoolRange& rows, const PoolRange& columns, bool countPadding) {
  return float(countPadding ? rows.padded * columns.padded : (rows.to - rows.from) * (columns.to - columns.from));
}

static void forward(Call& call) {
  call.form(2, 12);
  const PoolShape s = readPoolShape(call);
  const bool countPadding = call.flag(11);
  const float* x = call.floats(0, s.input());
  float* y = call.out(1, s.output());
  if (call.refused()) return;
  eachPlane(call, s, [&](int64_t plane) {
    const float* from = x + plane * s.height * s.width;
    float* to = y + plane * s.outHeight * s.outWidth;
    eachPoolWindow(s, [&](int64_t output, const PoolRange& rows, const PoolRange& columns) {
      double sum = 0;
      for (int64_t row = rows.from; row < rows.to; row++) {
        for (int64_t column = columns.from; column < columns.to; column++) sum += double(from[row * s.width + column]);
      }
      to[output] = float(sum) / sizeOf(rows, columns, countPadding);
    });
  });
}

static void backward(Call& call) {
  call.form(2, 13);
  const PoolShape s = readPoolShape(call);
  const bool countPadding = call.flag(11), accumulate = call.flag(12);
  const float* dy = call.floats(0, s.output());
  float* dx = call.out(1, s.input());
  if (call.refused()) return;
  eachPlane(call, s, [&](int64_t plane) {
    float* to = dx + plane * s.height * s.width;
    const float* from = dy + plane * s.outHeight * s.outWidth;
    if (!accumulate) {
      for (int64_t i = 0; i < s.height * s.width; i++) to[i] = 0.0f;
    }
    eachPoolWindow(s, [&](int64_t output, const PoolRange& rows, const PoolRange& columns) {
      const float share = from[output] / sizeOf(rows, columns, countPadding);
      for (int64_t row = rows.from; row < rows.to; row++) {
        for (int64_t column = columns.from; column < columns.to; column++) to[row * s.width + column] += share;
      }
    });
  });
}

KERNELS(avg_pool2d) = {{"avg_pool2d.forward", forward}, {"avg_pool2d.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
