// Layer normalisation. The variance is taken about the mean, in a second pass over a row that the first-level cache still holds.
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Forward {
  int64_t width;
  float eps;
  const float *x, *gain, *bias;
  float *y, *means, *rstds;

  template <int kRows, class Past>
  KERNELS_INLINE void rows(Past past, int64_t row) const {
    const float* from = x + row * width;
    float* to = y + row * width;
    float mean[kRows], rstd[kRows];
    sumsOfRows(width, mean, [&](int r, int64_t i, int64_t n) { return load(from + r * width + i, n); });
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r++) mean[r] /= float(width);
    sumsOfRows(width, rstd, [&](int r, int64_t i, int64_t n) {
      expectRead(from + (kRows + r) * width + i);
      expectWrite(past, to + r * width + i);
      const Lanes centred = load(from + r * width + i, n) - mean[r];
      return centred * centred;
    });
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r++) rstd[r] = 1.0f / __builtin_sqrtf(rstd[r] / float(width) + eps);
    eachLanes(0, width, [&](int64_t i, int64_t n) {
#pragma GCC unroll 2
      for (int r = 0; r < kRows; r++) {
        Lanes value = (load(from + r * width + i, n) - mean[r]) * rstd[r];
        if (gain != nullptr) value = bias != nullptr ? fma(value, load(gain + i, n), load(bias + i, n)) : value * load(gain + i, n);
        else if (bias != nullptr) value = value + load(bias + i, n);
        write(past, to + r * width + i, value, n);
      }
    });
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r++) {
      if (means != nullptr) means[row + r] = mean[r];
      if (rstds != nullptr) rstds[row + r] = rstd[r];
    }
  }
};

static void forward(Call& call) {
  call.form(6, 3);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float eps = call.real(2);
  const float* x = call.floats(0, times(rows, width));
  const float* gain = call.floatsOrNone(1, width);
  const float* bias = call.floatsOrNone(2, width);
  float* y = call.out(3, times(rows, width));
  float* means = call.outOrNone(4, rows);
  float* rstds = call.outOrNone(5, rows);
  if (call.refused()) return;
  const Forward work{width, eps, x, gain, bias, y, means, rstds};
  writing(y, width % kLanes == 0 ? rows * width : 0, [&](auto past) {
    call.ranges(rows, rowGrain(width), [=](int64_t begin, int64_t end, int) {
      int64_t row = begin;
      for (; row + 2 <= end; row += 2) work.rows<2>(past, row);
      if (row < end) work.rows<1>(past, row);
      settle(past);
    });
  });
}

static void backward(Call& call) {
  call.form(8, 5);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const bool accumulateX = call.flag(2), accumulateGain = call.flag(3), accumulateBias = call.flag(4);
  const float* dy = call.floats(0, times(rows, width));
  const float* x = call.floats(1, times(rows, width));
  const float* gain = call.floatsOrNone(2, width);
  const float* means = call.floats(3, rows);
  const float* rstds = call.floats(4, rows);
  float* dx = call.outOrNone(5, times(rows, width));
  float* dgain = call.outOrNone(6, width);
  float* dbias = call.outOrNone(7, width);
  if (call.refused()) return;
  const int64_t stride = (width + kLanes - 1) / kLanes * kLanes;
  const auto row = [=](int64_t r, float* sums) {
    const float *gradient = dy + r * width, *from = x + r * width;
    const float mean = means[r], rstd = rstds[r];
    Lanes sumG = broadcast(0.0f), sumGX = broadcast(0.0f);
    eachLanes(0, width, [&](int64_t i, int64_t n) {
      const Lanes d = load(gradient + i, n);
      const Lanes xhat = (load(from + i, n) - mean) * rstd;
      const Lanes g = gain != nullptr ? d * load(gain + i, n) : d;
      // Lanes beyond the width hold d = 0, and xhat there is finite unless the row is not: nothing is added.
      sumG = sumG + g;
      sumGX = fma(g, xhat, sumGX);
      store(sums + i, fma(d, xhat, load(sums + i)));
      store(sums + stride + i, load(sums + stride + i) + d);
    });
    if (dx == nullptr) return;
    const float meanG = sum(sumG) / float(width), meanGX = sum(sumGX) / float(width);
    eachLanes(0, width, [&](int64_t i, int64_t n) {
      const Lanes d = load(gradient + i, n);
      const Lanes xhat = (load(from + i, n) - mean) * rstd;
      const Lanes g = gain != nullptr ? d * load(gain + i, n) : d;
      put(dx + r * width + i, fma(xhat, -meanGX, g - meanG) * rstd, n, accumulateX);
    });
  };
  sumOverRows(call, rows, 2 * stride, row, [=](const float* totals) {
    putTotals(dgain, totals, width, accumulateGain);
    putTotals(dbias, totals + stride, width, accumulateBias);
  });
}

KERNELS(layer_norm) = {{"layer_norm.forward", forward}, {"layer_norm.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
