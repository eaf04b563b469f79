// y, contiguous, (+)= x at its strides. Where x runs along another axis than y, squares are transposed in registers.
#include "rows.h"
#include "strided.h"
#include "transpose.h"

namespace kernels::KERNELS_ISA {

// to[j * toStride + i] (+)= from[i * fromStride + j] for i < rows, j < columns.
static void transposeTile(const float* from, int64_t fromStride, float* to, int64_t toStride, int64_t rows, int64_t columns, bool accumulate) {
  for (int64_t i = 0; i < rows; i += kWidth) {
    for (int64_t j = 0; j < columns; j += kWidth) {
      if (i + kWidth <= rows && j + kWidth <= columns) {
        Vec square[kWidth];
#pragma GCC unroll 16
        for (int r = 0; r < kWidth; r++) square[r] = loadVec(from + (i + r) * fromStride + j);
        transposeSquare(square);
#pragma GCC unroll 16
        for (int r = 0; r < kWidth; r++) {
          float* at = to + (j + r) * toStride + i;
          storeVec(at, accumulate ? loadVec(at) + square[r] : square[r]);
        }
        continue;
      }
      for (int64_t r = i; r < rows && r < i + kWidth; r++) {
        for (int64_t c = j; c < columns && c < j + kWidth; c++) {
          float* at = to + c * toStride + r;
          *at = from[r * fromStride + c] + (accumulate ? *at : 0.0f);
        }
      }
    }
  }
}

static void forward(Call& call) {
  call.form(2, -1);
  const bool accumulate = call.flag(0);
  const Loop loop = readLoop(call, 1, 1);
  const int64_t total = loop.total();
  const float* x = call.floats(0, loop.span(0));
  float* y = call.out(1, total);
  if (call.refused() || total == 0) return;
  const int last = loop.rank - 1;
  const int64_t width = loop.extent[last], stride = loop.stride[0][last];
  // An outer axis along which x is contiguous: y's innermost axis and it are transposed.
  int axis = last;
  int64_t yStride = width;
  for (int a = last - 1; a >= 0 && stride != 1; a--) {
    if (loop.stride[0][a] == 1) {
      axis = a;
      break;
    }
    yStride *= loop.extent[a];
  }
  Walk outer(&loop);
  for (int a = 0; a < last; a++) {
    if (a != axis) outer.axes[outer.count++] = a;
  }
  // Where y stands at an index of the outer walk.
  const auto placeOf = [&](const Walk& at) {
    int64_t place = 0, step = width;
    for (int a = last - 1, i = at.count - 1; a >= 0; step *= loop.extent[a], a--) {
      if (a != axis) place += step * at.index[i--];
    }
    return place;
  };
  const int64_t length = axis == last ? 1 : loop.extent[axis];
  call.ranges(outer.total(), rowGrain(width * length), [&](int64_t begin, int64_t end, int) {
    Walk at = outer;
    at.start(begin, nullptr);
    for (int64_t o = begin; o < end; o++, at.next()) {
      const float* from = x + at.offset[0];
      float* to = y + placeOf(at);
      if (axis != last) {
        transposeTile(from, stride, to, yStride, width, length, accumulate);
      } else {
        eachLanes(0, width, [=](int64_t i, int64_t n) { put(to + i, loadStrided(from + i * stride, stride, n), n, accumulate); });
      }
    }
  });
}

KERNELS(transpose) = {{"transpose.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
