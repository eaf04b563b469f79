// Root-mean-square normalisation.
#include "rows.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(4, 4);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float eps = call.real(2), gainOffset = call.real(3);
  const float* x = call.floats(0, times(rows, width));
  const float* gain = call.floatsOrNone(1, width);
  float* y = call.out(2, times(rows, width));
  float* rstds = call.outOrNone(3, rows);
  if (call.refused()) return;
  writing(y, width % kLanes == 0 ? rows * width : 0, [&](auto past) {
    call.ranges(rows, rowGrain(width), [=](int64_t begin, int64_t end, int) {
      for (int64_t row = begin; row < end; row++) {
        const float* from = x + row * width;
        const Lanes squares = rowLanes(width, [=](int64_t i, int64_t n) {
          expectRead(from + i + kFloatsAhead);
          expectWrite(past, y + row * width + i);
          const Lanes value = load(from + i, n);
          return value * value;
        });
        const float rstd = 1.0f / __builtin_sqrtf(sum(squares) / float(width) + eps);
        eachLanes(0, width, [=](int64_t i, int64_t n) {
          Lanes value = load(from + i, n) * rstd;
          if (gain != nullptr) value = value * (load(gain + i, n) + gainOffset);
          write(past, y + row * width + i, value, n);
        });
        if (rstds != nullptr) rstds[row] = rstd;
      }
      settle(past);
    });
  });
}

static void backward(Call& call) {
  call.form(6, 5);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float gainOffset = call.real(2);
  const bool accumulateX = call.flag(3), accumulateGain = call.flag(4);
  const float* dy = call.floats(0, times(rows, width));
  const float* x = call.floats(1, times(rows, width));
  const float* gain = call.floatsOrNone(2, width);
  const float* rstds = call.floats(3, rows);
  float* dx = call.outOrNone(4, times(rows, width));
  float* dgain = call.outOrNone(5, width);
  if (call.refused()) return;
  const auto row = [=](int64_t r, float* sums) {
    const float *gradient = dy + r * width, *from = x + r * width;
    const float rstd = rstds[r];
    Lanes sumGX = broadcast(0.0f);
    eachLanes(0, width, [&](int64_t i, int64_t n) {
      const Lanes d = load(gradient + i, n), value = load(from + i, n);
      const Lanes g = gain != nullptr ? d * (load(gain + i, n) + gainOffset) : d;
      sumGX = fma(g, value, sumGX);
      store(sums + i, fma(d, value * rstd, load(sums + i)));
    });
    if (dx == nullptr) return;
    const float pull = rstd * rstd * (sum(sumGX) / float(width));
    eachLanes(0, width, [&](int64_t i, int64_t n) {
      const Lanes d = load(gradient + i, n);
      const Lanes g = gain != nullptr ? d * (load(gain + i, n) + gainOffset) : d;
      put(dx + r * width + i, fma(load(from + i, n), -pull, g) * rstd, n, accumulateX);
    });
  };
  sumOverRows(call, rows, width, row, [=](const float* totals) { putTotals(dgain, totals, width, accumulateGain); });
}

KERNELS(rms_norm) = {{"rms_norm.forward", forward}, {"rms_norm.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
