// Rows over their p-norm. Terms are taken relative to the largest magnitude, so that squares neither overflow nor vanish.
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

// a^p for a >= 0, p > 0.
KERNELS_INLINE Lanes power(Lanes a, float p) {
  if (p == 1.0f) return a;
  if (p == 2.0f) return a * a;
  return exp(log(a) * p);
}

KERNELS_INLINE float power(float a, float p) {
  if (p == 1.0f) return a;
  if (p == 0.5f) return __builtin_sqrtf(a);
  float all[kLanes];
  store(all, power(broadcast(a), p));
  return all[0];
}

static void forward(Call& call) {
  call.form(4, 4);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float p = call.real(2), eps = call.real(3);
  const float* x = call.floats(0, times(rows, width));
  const float* gain = call.floatsOrNone(1, 1);
  float* y = call.out(2, times(rows, width));
  float* norms = call.outOrNone(3, rows);
  call.require(p >= 1.0f, "p is at least 1");
  if (call.refused()) return;
  const float factor = gain != nullptr ? *gain : 1.0f;
  const float root = float(1 / call.number(2));
  call.ranges(rows, rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = x + row * width;
      Lanes top = broadcast(0.0f);
      eachLanes(0, width, [&](int64_t i, int64_t n) { top = larger(magnitude(load(from + i, n)), top); });
      const float most = largest(top), unit = most > 0.0f ? most : 1.0f;
      const float total = sum(rowLanes(width, [=](int64_t i, int64_t n) { return power(magnitude(load(from + i, n)) / unit, p); }));
      const float relative = power(total, root), norm = unit * relative;
      const bool below = norm < eps;
      const float scale = factor / (below ? eps : relative);
      // x / unit first: the norm itself may lie beyond float's range.
      eachLanes(0, width, [=](int64_t i, int64_t n) {
        const Lanes value = load(from + i, n);
        store(y + row * width + i, (below ? value : value / unit) * scale, n);
      });
      if (norms != nullptr) norms[row] = norm;
    }
  });
}

static void backward(Call& call) {
  call.form(6, 6);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float p = call.real(2), eps = call.real(3);
  const bool accumulateX = call.flag(4), accumulateGain = call.flag(5);
  const float* dy = call.floats(0, times(rows, width));
  const float* x = call.floats(1, times(rows, width));
  const float* gain = call.floatsOrNone(2, 1);
  const float* norms = call.floats(3, rows);
  float* dx = call.outOrNone(4, times(rows, width));
  float* dgain = call.outOrNone(5, 1);
  if (call.refused()) return;
  const float factor = gain != nullptr ? *gain : 1.0f;
  const auto row = [=](int64_t r, float* sums) {
    const float *gradient = dy + r * width, *from = x + r * width;
    const float norm = norms[r], divisor = norm < eps ? eps : norm;
    // The products are taken with y / gain: x itself may be near the ends of float's range.
    const float product = sum(rowLanes(width, [=](int64_t i, int64_t n) { return load(gradient + i, n) * (load(from + i, n) / divisor); }));
    sums[0] += product;
    if (dx == nullptr) return;
    const float scale = factor / divisor;
    eachLanes(0, width, [=](int64_t i, int64_t n) {
      const Lanes value = load(from + i, n), share = value / norm;
      Lanes pull = broadcast(0.0f);
      if (!(norm < eps)) {
        const Lanes size = p == 2.0f ? magnitude(share) : p == 1.0f ? broadcast(1.0f) : power(magnitude(share), p - 1.0f);
        pull = select(value == 0.0f, broadcast(0.0f), withSign(size, value)) * product;
      }
      put(dx + r * width + i, (load(gradient + i, n) - pull) * scale, n, accumulateX);
    });
  };
  sumOverRows(call, rows, 1, row, [=](const float* totals) { putTotals(dgain, totals, 1, accumulateGain); });
}

KERNELS(p_normalize) = {{"p_normalize.forward", forward}, {"p_normalize.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
