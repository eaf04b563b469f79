// Kernels that compute each element from the elements at the same place.
#pragma once
#include "simd.h"

namespace kernels::KERNELS_ISA {

// Elements that one thread takes at a time: some microseconds of work, and a piece of memory that fits its first caches.
constexpr int64_t kElementGrain = 8192;

// body(i, n): the n elements from i on, n <= 16.
template <class Body>
KERNELS_INLINE void eachLanes(int64_t begin, int64_t end, Body&& body) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) body(i, int64_t(kLanes));
  if (i < end) body(i, end - i);
}

// y[i] = f(x[i]). Buffers x, y; scalars count, and those that f was made from.
template <class Function>
KERNELS_INLINE void unaryForward(Call& call, Function f, int more = 0) {
  call.form(2, 1 + more);
  const int64_t count = call.extent(0);
  const float* x = call.floats(0, count);
  float* y = call.out(1, count);
  if (call.refused()) return;
  call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      expectRead(x + i + kFloatsAhead);
      expectWrite(y + i + kFloatsAhead);
      store(y + i, f(load(x + i, n)), n);
    });
  });
}

// dx[i] (+)= f(dy[i], saved[i]). Buffers dy, saved, dx; scalars count, accumulate, and those that f was made from.
template <class Function>
KERNELS_INLINE void unaryBackward(Call& call, Function f, int more = 0) {
  call.form(3, 2 + more);
  const int64_t count = call.extent(0);
  const bool accumulate = call.flag(1);
  const float* dy = call.floats(0, count);
  const float* saved = call.floats(1, count);
  float* dx = call.out(2, count);
  if (call.refused()) return;
  call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
    eachLanes(begin, end, [=](int64_t i, int64_t n) {
      expectRead(dy + i + kFloatsAhead);
      expectRead(saved + i + kFloatsAhead);
      expectWrite(dx + i + kFloatsAhead);
      Lanes gradient = f(load(dy + i, n), load(saved + i, n));
      if (accumulate) gradient = load(dx + i, n) + gradient;
      store(dx + i, gradient, n);
    });
  });
}

}  // namespace kernels::KERNELS_ISA
