// Kernels that compute each element from the elements at the same place.
#pragma once
#include <type_traits>

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

// Calls body(past) with std::true_type where an output of `count` floats is more than the caches hold and stands on lines: then it is written past them.
template <class Body>
KERNELS_INLINE void writing(const float* to, int64_t count, Body&& body) {
  if (4 * count > lastCacheBytes() && (uintptr_t)to % 64 == 0) body(std::true_type{});
  else body(std::false_type{});
}
template <class Past>
KERNELS_INLINE void write(Past, float* to, Lanes value, int64_t n) {
  if (Past::value && n >= kLanes) storePast(to, value);
  else store(to, value, n);
}
template <class Past>
KERNELS_INLINE void settle(Past) {
  if (Past::value) settlePast();
}
// What is written past the caches need not be fetched.
template <class Past>
KERNELS_INLINE void expectWrite(Past, const float* at) {
  if (!Past::value) expectWrite(at);
}

// y[i] = f(x[i]). Buffers x, y; scalars count, and those that f was made from.
template <class Function>
KERNELS_INLINE void unaryForward(Call& call, Function f, int more = 0) {
  call.form(2, 1 + more);
  const int64_t count = call.extent(0);
  const float* x = call.floats(0, count);
  float* y = call.out(1, count);
  if (call.refused()) return;
  writing(y, count, [&](auto past) {
    call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
      eachLanes(begin, end, [=](int64_t i, int64_t n) {
        expectRead(x + i + kFloatsAhead);
        expectWrite(past, y + i + kFloatsAhead);
        write(past, y + i, f(load(x + i, n)), n);
      });
      settle(past);
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
  // What is added to has been fetched anyway.
  writing(dx, accumulate ? 0 : count, [&](auto past) {
    call.ranges(count, kElementGrain, [=](int64_t begin, int64_t end, int) {
      eachLanes(begin, end, [=](int64_t i, int64_t n) {
        expectRead(dy + i + kFloatsAhead);
        expectRead(saved + i + kFloatsAhead);
        expectWrite(past, dx + i + kFloatsAhead);
        Lanes gradient = f(load(dy + i, n), load(saved + i, n));
        if (accumulate) gradient = load(dx + i, n) + gradient;
        write(past, dx + i, gradient, n);
      });
      settle(past);
    });
  });
}

}  // namespace kernels::KERNELS_ISA
