// Floats as integers in the order of their values, -0 below 0 and every NaN above all. The largest of such integers has the same bits in whatever order
// they are compared, and a NaN is never lost.
#pragma once
#include "strided.h"

namespace kernels::KERNELS_ISA {

constexpr int32_t kMagnitude = 0x7fffffff;
constexpr int32_t kInfinityBits = 0x7f800000;

// Its own inverse but for NaN, which it takes as 0x7fffffff.
template <class T>
KERNELS_INLINE T flippedWhereNegative(T bits) {
  return bits ^ ((bits >> 31) & kMagnitude);
}

KERNELS_INLINE Ints orderOf(Lanes x) {
  Ints order;
  KERNELS_EACH_PART {
    const IntVec bits = (IntVec)x.part[i];
    const IntVec isNaN = (bits & kMagnitude) > kInfinityBits;
    order.part[i] = (flippedWhereNegative(bits) & ~isNaN) | (isNaN & kMagnitude);
  }
  return order;
}

KERNELS_INLINE Ints larger(Ints a, Ints b) {
  KERNELS_EACH_PART a.part[i] = a.part[i] > b.part[i] ? a.part[i] : b.part[i];
  return a;
}

// The largest of such integers, which pass through the loops of strided.h as the bits of floats.
struct LargestOrder {
  static constexpr float kIdentity = -0.0f;  // the bits of the smallest integer
  KERNELS_INLINE static Lanes combine(Lanes a, Lanes b) { return fromBits(larger(bitsOf(a), bitsOf(b))); }
  KERNELS_INLINE static float fold(Lanes a) {
    return kernels::KERNELS_ISA::fold(a, [](Four x, Four y) {
      const FourInts left = (FourInts)x, right = (FourInts)y;
      return (Four)(left > right ? left : right);
    });
  }
  KERNELS_INLINE static Lanes finish(Lanes total) {
    KERNELS_EACH_PART total.part[i] = (Vec)flippedWhereNegative((IntVec)total.part[i]);
    return total;
  }
  KERNELS_INLINE static float finish(float total) {
    int32_t bits;
    __builtin_memcpy(&bits, &total, 4);
    bits = flippedWhereNegative(bits);
    __builtin_memcpy(&total, &bits, 4);
    return total;
  }
};

}  // namespace kernels::KERNELS_ISA
