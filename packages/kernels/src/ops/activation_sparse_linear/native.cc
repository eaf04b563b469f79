// y = sum over the large elements of x of x[i] times its column of the weight; a column that is left out is never read. An element of y is one chain of fused
// multiply-adds in the order of i, whatever the number of rows and threads.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

// Elements of y that one thread takes at a time: eight registers of lanes, whose chains hide each other's latency.
constexpr int64_t kStrip = 8 * kLanes;

static void forward(Call& call) {
  call.form(4, 4);
  const int64_t rows = call.extent(0), in = call.extent(1), out = call.extent(2);
  const float threshold = call.real(3);
  const float* x = call.floats(0, times(rows, in));
  const float* columns = call.floats(1, times(in, out));
  const float* bias = call.floatsOrNone(2, out);
  float* y = call.out(3, times(rows, out));
  if (call.refused() || rows == 0 || out == 0) return;
  // The numbers of the large elements of every row, found once.
  Workspace space;
  if (!call.workspace(times(rows, in + 1), 0, &space)) return;
  int32_t* large = (int32_t*)space.all;
  for (int64_t r = 0; r < rows; r++) {
    int32_t* list = large + r * (in + 1);
    int32_t count = 0;
    for (int64_t i = 0; i < in; i++) {
      const float value = x[r * in + i];
      list[1 + count] = int32_t(i);
      count += !(value <= threshold && value >= -threshold);
    }
    list[0] = count;
  }
  const int64_t strips = (out + kStrip - 1) / kStrip;
  call.ranges(rows * strips, kElementGrain * 4 / (kStrip * (in + 1)) + 1, [=](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t r = task / strips, from = task % strips * kStrip;
      const int32_t* list = large + r * (in + 1);
      const float* row = x + r * in;
      if (from + kStrip <= out) {
        Lanes chain[8];
#pragma GCC unroll 8
        for (int c = 0; c < 8; c++) chain[c] = broadcast(0.0f);
        for (int32_t q = 1; q <= list[0]; q++) {
          const Lanes value = broadcast(row[list[q]]);
          const float* column = columns + list[q] * out + from;
#pragma GCC unroll 8
          for (int c = 0; c < 8; c++) chain[c] = fma(value, load(column + c * kLanes), chain[c]);
        }
        for (int c = 0; c < 8; c++) {
          const int64_t o = from + c * kLanes;
          store(y + r * out + o, bias != nullptr ? chain[c] + load(bias + o) : chain[c]);
        }
        continue;
      }
      eachLanes(from, out, [&](int64_t o, int64_t n) {
        Lanes chain = broadcast(0.0f);
        for (int32_t q = 1; q <= list[0]; q++) chain = fma(broadcast(row[list[q]]), load(columns + list[q] * out + o, n), chain);
        store(y + r * out + o, bias != nullptr ? chain + load(bias + o, n) : chain, n);
      });
    }
  });
}

KERNELS(activation_sparse_linear) = {{"activation_sparse_linear.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
