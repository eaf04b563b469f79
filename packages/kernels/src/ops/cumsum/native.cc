// Sums of all elements up to each (or from each on) along width, in double: one chain for each line, so no rounding of one sum reaches the next.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

typedef double Doubles __attribute__((vector_size(8 * kWidth)));

struct Lines {
  int64_t width, inner;
  bool backwards, accumulate;
  const float* x;
  float* y;

  KERNELS_INLINE int64_t at(int64_t i) const { return (backwards ? width - 1 - i : i) * inner; }
};

// kRows neighbouring rows: an addition waits four cycles for the one before, and another row's does not.
template <int kRows>
KERNELS_INLINE void alongRows(const Lines& lines, int64_t row) {
  double total[kRows] = {};
  for (int64_t i = 0; i < lines.width; i++) {
    const int64_t at = row * lines.width + lines.at(i);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; r++) {
      total[r] += double(lines.x[at + r * lines.width]);
      float* to = lines.y + at + r * lines.width;
      *to = lines.accumulate ? *to + float(total[r]) : float(total[r]);
    }
  }
}

// n <= 16 neighbouring lines from element `start` on.
static void acrossLines(const Lines& lines, int64_t start, int64_t n) {
  Doubles total[kParts] = {};
  for (int64_t i = 0; i < lines.width; i++) {
    const int64_t at = start + lines.at(i);
    Lanes sums = load(lines.x + at, n);
    KERNELS_EACH_PART {
      total[i] += __builtin_convertvector(sums.part[i], Doubles);
      sums.part[i] = __builtin_convertvector(total[i], Vec);
    }
    store(lines.y + at, lines.accumulate ? load(lines.y + at, n) + sums : sums, n);
  }
}

static void forward(Call& call) {
  call.form(2, 5);
  const int64_t outer = call.extent(0), width = call.extent(1), inner = call.extent(2);
  const bool backwards = call.flag(3), accumulate = call.flag(4);
  const float* x = call.floats(0, times(outer, width, inner));
  float* y = call.out(1, times(outer, width, inner));
  if (call.refused() || width == 0) return;
  const Lines lines{width, inner, backwards, accumulate, x, y};
  if (inner == 1) {
    return call.ranges(outer, kElementGrain / (width + 16) + 1, [&](int64_t begin, int64_t end, int) {
      int64_t row = begin;
      for (; row + 4 <= end; row += 4) alongRows<4>(lines, row);
      for (; row < end; row++) alongRows<1>(lines, row);
    });
  }
  const int64_t strips = (inner + kLanes - 1) / kLanes;
  call.ranges(outer * strips, kElementGrain / (width * kLanes) + 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t first = task % strips * kLanes;
      acrossLines(lines, task / strips * width * inner + first, inner - first < kLanes ? inner - first : kLanes);
    }
  });
}

KERNELS(cumsum) = {{"cumsum.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
