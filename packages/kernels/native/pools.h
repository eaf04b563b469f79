// What pools share: x [planes, height, width] in windows, a plane for each task.
#pragma once
#include "simd.h"

namespace kernels::KERNELS_ISA {

struct PoolShape {
  int64_t planes, height, width, kernelHeight, kernelWidth, strideY, strideX, paddingY, paddingX, outHeight, outWidth;
  int64_t input() const { return times(planes, height, width); }
  int64_t output() const { return times(planes, outHeight, outWidth); }
};

// The part of a window along one axis that lies inside the image, and its length with the padding that it covers.
struct PoolRange {
  int64_t from, to, padded;
};

KERNELS_INLINE PoolRange poolRange(int64_t at, int64_t stride, int64_t padding, int64_t kernel, int64_t extent) {
  const int64_t start = at * stride - padding, end = start + kernel < extent + padding ? start + kernel : extent + padding;
  return {start > 0 ? start : 0, end < extent ? end : extent, end - start};
}

// Scalars 0 .. 10.
static inline PoolShape readPoolShape(Call& call) {
  constexpr int64_t most = int64_t(1) << 24;
  PoolShape s;
  s.planes = call.extent(0), s.height = call.integer(1, 0, int64_t(1) << 38), s.width = call.integer(2, 0, int64_t(1) << 38);
  s.kernelHeight = call.integer(3, 1, most), s.kernelWidth = call.integer(4, 1, most);
  s.strideY = call.integer(5, 1, most), s.strideX = call.integer(6, 1, most);
  s.paddingY = call.integer(7, 0, most), s.paddingX = call.integer(8, 0, most);
  s.outHeight = call.integer(9, 0, int64_t(1) << 38), s.outWidth = call.integer(10, 0, int64_t(1) << 38);
  call.require((s.outHeight == 0 || s.outHeight - 1 <= (s.height + s.paddingY) / s.strideY) && (s.outWidth == 0 || s.outWidth - 1 <= (s.width + s.paddingX) / s.strideX),
               "every window begins inside the image or the padding before it");
  return s;
}

// body(plane) on all threads.
template <class Body>
KERNELS_INLINE void eachPlane(Call& call, const PoolShape& s, Body&& body) {
  const int64_t work = times(s.outHeight, s.outWidth, s.kernelHeight, s.kernelWidth) + times(s.height, s.width);
  call.ranges(s.planes, (int64_t(1) << 14) / (work + 1) + 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t plane = begin; plane < end; plane++) body(plane);
  });
}

// body(output, rows, columns) for each window of a plane, in row order.
template <class Body>
KERNELS_INLINE void eachPoolWindow(const PoolShape& s, Body&& body) {
  for (int64_t i = 0; i < s.outHeight; i++) {
    const PoolRange rows = poolRange(i, s.strideY, s.paddingY, s.kernelHeight, s.height);
    for (int64_t j = 0; j < s.outWidth; j++) body(i * s.outWidth + j, rows, poolRange(j, s.strideX, s.paddingX, s.kernelWidth, s.width));
  }
}

}  // namespace kernels::KERNELS_ISA
