// DyT: y = gain tanh(alpha x) + bias.
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(5, 2);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float* x = call.floats(0, times(rows, width));
  const float* alpha = call.floats(1, 1);
  const float* gain = call.floatsOrNone(2, width);
  const float* bias = call.floatsOrNone(3, width);
  float* y = call.out(4, times(rows, width));
  if (call.refused()) return;
  const float factor = *alpha;
  call.ranges(rows, rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      eachLanes(0, width, [=](int64_t i, int64_t n) {
        Lanes value = tanh(load(x + row * width + i, n) * factor);
        if (gain != nullptr) value = value * load(gain + i, n);
        if (bias != nullptr) value = value + load(bias + i, n);
        store(y + row * width + i, value, n);
      });
    }
  });
}

static void backward(Call& call) {
  call.form(8, 6);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const bool accumulateX = call.flag(2), accumulateAlpha = call.flag(3), accumulateGain = call.flag(4), accumulateBias = call.flag(5);
  const float* dy = call.floats(0, times(rows, width));
  const float* x = call.floats(1, times(rows, width));
  const float* alpha = call.floats(2, 1);
  const float* gain = call.floatsOrNone(3, width);
  float* dx = call.outOrNone(4, times(rows, width));
  float* dalpha = call.outOrNone(5, 1);
  float* dgain = call.outOrNone(6, width);
  float* dbias = call.outOrNone(7, width);
  if (call.refused()) return;
  const float factor = *alpha;
  const int64_t stride = (width + kLanes - 1) / kLanes * kLanes;
  // Sums of a run: gain, bias, then sixteen lanes of alpha.
  const auto row = [=](int64_t r, float* sums) {
    Lanes sumAlpha = load(sums + 2 * stride);
    eachLanes(0, width, [&](int64_t i, int64_t n) {
      const Lanes d = load(dy + r * width + i, n), value = load(x + r * width + i, n);
      const Lanes t = tanh(value * factor);
      const Lanes g = (gain != nullptr ? d * load(gain + i, n) : d) * fma(-t, t, 1.0f);
      sumAlpha = fma(g, value, sumAlpha);
      store(sums + i, fma(d, t, load(sums + i)));
      store(sums + stride + i, load(sums + stride + i) + d);
      if (dx != nullptr) put(dx + r * width + i, g * factor, n, accumulateX);
    });
    store(sums + 2 * stride, sumAlpha);
  };
  sumOverRows(call, rows, 2 * stride + kLanes, row, [=](const float* totals) {
    putTotals(dgain, totals, width, accumulateGain);
    putTotals(dbias, totals + stride, width, accumulateBias);
    if (dalpha != nullptr) *dalpha = sum(load(totals + 2 * stride)) + (accumulateAlpha ? *dalpha : 0.0f);
  });
}

KERNELS(dynamic_tanh) = {{"dynamic_tanh.forward", forward}, {"dynamic_tanh.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
