// Floats as int8 codes that share a scale.
#pragma once
#include "math.h"
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

// codes[0 .. n) of x[0 .. n); returns their scale, max |x| / 127. Codes are rounded half to even, 0 where the scale is 0.
KERNELS_INLINE float quantizeGroup(const float* x, int64_t n, uint8_t* codes) {
  Lanes top = broadcast(0.0f);
  eachLanes(0, n, [&](int64_t i, int64_t count) { top = larger(top, magnitude(load(x + i, count))); });
  const float scale = largest(top) / 127.0f;
  eachLanes(0, n, [&](int64_t i, int64_t count) {
    // Adding the rounder rounds half to even and leaves the integer in the low bits.
    const Lanes quotient = scale == 0 ? broadcast(0.0f) : load(x + i, count) / broadcast(scale);
    const Ints rounded = bitsOf(quotient + kRounder);
#if defined(KERNELS_AVX512)
    if (count == kLanes) {
      _mm_storeu_si128((__m128i*)(codes + i), _mm512_cvtepi32_epi8((__m512i)rounded.part[0]));
      return;
    }
#endif
    alignas(64) int32_t bits[kLanes];
    KERNELS_EACH_PART __builtin_memcpy(bits + i * kWidth, &rounded.part[i], sizeof(IntVec));
    for (int64_t l = 0; l < count; l++) codes[i + l] = uint8_t(bits[l] & 255);
  });
  return scale;
}

}  // namespace kernels::KERNELS_ISA
