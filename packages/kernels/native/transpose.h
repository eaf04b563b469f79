// Transposes a square of kWidth x kWidth floats in registers.
#pragma once
#include "simd.h"

namespace kernels::KERNELS_ISA {

#if defined(KERNELS_AVX512)
KERNELS_INLINE void transposeSquare(Vec (&row)[kWidth]) {
  __m512 a[16], b[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_ps((__m512)row[i], (__m512)row[i + 1]);
    a[i + 1] = _mm512_unpackhi_ps((__m512)row[i], (__m512)row[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    b[i] = _mm512_shuffle_ps(a[i], a[i + 2], 0x44);
    b[i + 1] = _mm512_shuffle_ps(a[i], a[i + 2], 0xee);
    b[i + 2] = _mm512_shuffle_ps(a[i + 1], a[i + 3], 0x44);
    b[i + 3] = _mm512_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
  // b[4 g + c], 128-bit lane l: rows 4 g .. 4 g + 3 of column 4 l + c
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    const __m512 low02 = _mm512_shuffle_f32x4(b[c], b[4 + c], 0x88);
    const __m512 low13 = _mm512_shuffle_f32x4(b[c], b[4 + c], 0xdd);
    const __m512 high02 = _mm512_shuffle_f32x4(b[8 + c], b[12 + c], 0x88);
    const __m512 high13 = _mm512_shuffle_f32x4(b[8 + c], b[12 + c], 0xdd);
    row[c] = (Vec)_mm512_shuffle_f32x4(low02, high02, 0x88);
    row[8 + c] = (Vec)_mm512_shuffle_f32x4(low02, high02, 0xdd);
    row[4 + c] = (Vec)_mm512_shuffle_f32x4(low13, high13, 0x88);
    row[12 + c] = (Vec)_mm512_shuffle_f32x4(low13, high13, 0xdd);
  }
}
#elif defined(KERNELS_AVX2)
KERNELS_INLINE void transposeSquare(Vec (&row)[kWidth]) {
  __m256 a[8], b[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps((__m256)row[i], (__m256)row[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps((__m256)row[i], (__m256)row[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
    b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xee);
    b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
    b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    row[c] = (Vec)_mm256_permute2f128_ps(b[c], b[4 + c], 0x20);
    row[4 + c] = (Vec)_mm256_permute2f128_ps(b[c], b[4 + c], 0x31);
  }
}
#else
KERNELS_INLINE void transposeSquare(Vec (&row)[kWidth]) {
  Vec out[kWidth];
#pragma GCC unroll 4
  for (int i = 0; i < kWidth; i++) out[i] = Vec{row[0][i], row[1][i], row[2][i], row[3][i]};
#pragma GCC unroll 4
  for (int i = 0; i < kWidth; i++) row[i] = out[i];
}
#endif

}  // namespace kernels::KERNELS_ISA
