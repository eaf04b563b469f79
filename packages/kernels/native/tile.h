// What a matrix product is made of: the tile of C that stands in registers, and the copies that put operands into panels for it. gemm.cc alone includes this;
// others see gemm.h.
#pragma once
#include "gemm.h"
#include "transpose.h"

namespace kernels::KERNELS_ISA {

// --- the tile ---

// left[p * leftStride + i] where the rows of the left operand stand side by side (a packed panel, or a transposed matrix in place);
// left[i * leftStride + p] where each row stands by itself. kSummed stands side by side too, and sums[i] continues row i's own sum.
enum class Left { kSideBySide, kSummed, kApart };

// Steps ahead at which the tile asks for its operands: what stands in place comes in strides that the hardware does not foresee.
constexpr int64_t kAhead = 16;
constexpr int kLine = 16;  // floats
// Floats ahead at which a transposing copy asks for each of its lines: they are more than the hardware follows.
constexpr int64_t kLinesAhead = 128;

// A register's worth of a tile's columns, of which the last tile may have only some, or none.
struct Part {
#if defined(KERNELS_AVX512)
  // Always by mask, which costs nothing here: without branches the compiler is done in a third of the time.
  __mmask16 mask;
  KERNELS_INLINE static Part of(int columns) { return {__mmask16(columns >= kWidth ? 0xffff : columns > 0 ? (1 << columns) - 1 : 0)}; }
  KERNELS_INLINE Vec load(const float* from) const { return (Vec)_mm512_maskz_loadu_ps(mask, from); }
  KERNELS_INLINE void store(float* to, Vec value) const { _mm512_mask_storeu_ps(to, mask, (__m512)value); }
#else
  int columns;
  KERNELS_INLINE static Part of(int columns) { return {columns}; }
  KERNELS_INLINE Vec load(const float* from) const { return columns >= kWidth ? loadVec(from) : columns > 0 ? loadSome(from, columns) : Vec{}; }
  KERNELS_INLINE void store(float* to, Vec value) const {
    if (columns >= kWidth) storeVec(to, value);
    else if (columns > 0) storeSome(to, value, columns);
  }
#endif
};

template <int kRows, int kVectors, Left kLeft>
static void tile(int64_t k, const float* left, int64_t leftStride, const float* right, int64_t rightStride, float* c, int64_t cStride, int columns, bool fromC,
          const Epilogue* epilogue, float* sums) {
  Vec sum[kRows][kVectors];
  Part part[kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; j++) part[j] = Part::of(columns - j * kWidth);
  if (fromC) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) {
        sum[i][j] = part[j].load(c + i * cStride + j * kWidth);
      }
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) sum[i][j] = Vec{};
    }
  }
  constexpr int kSumVectors = (kRows + kWidth - 1) / kWidth;
  Vec rowSum[kSumVectors];
  if (kLeft == Left::kSummed) {
#pragma GCC unroll 2
    for (int i = 0; i < kSumVectors; i++) rowSum[i] = loadSome(sums + i * kWidth, kRows - i * kWidth);
  }
  // Three indices and four pointers reach twelve rows apart.
  const float* third[4] = {left, left + 3 * leftStride, left + 6 * leftStride, left + 9 * leftStride};
  int64_t at[3] = {0, leftStride, 2 * leftStride};
  const int64_t rightAhead = kAhead * rightStride, leftAhead = kAhead * leftStride;
  for (int64_t p = 0; p < k; p++, right += rightStride) {
#pragma GCC unroll 2
    for (int j = 0; j < kVectors * kWidth; j += kLine) __builtin_prefetch(right + rightAhead + j);
    if (kLeft != Left::kApart) __builtin_prefetch(left + leftAhead);
    Vec b[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) b[j] = loadVec(right + j * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
      const Vec a = broadcastVec(kLeft == Left::kApart ? third[i / 3][at[i % 3]] : left[i]);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) sum[i][j] = fma(a, b[j], sum[i][j]);
    }
    if (kLeft == Left::kSummed) {
#pragma GCC unroll 2
      for (int i = 0; i < kSumVectors; i++) rowSum[i] += loadSome(left + i * kWidth, kRows - i * kWidth);
    }
    if (kLeft != Left::kApart) left += leftStride;
    at[0]++;
    at[1]++;
    at[2]++;
  }
  if (kLeft == Left::kSummed) {
#pragma GCC unroll 2
    for (int i = 0; i < kSumVectors; i++) storeSome(sums + i * kWidth, rowSum[i], kRows - i * kWidth);
  }
  if (epilogue != nullptr && epilogue->bias != nullptr) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) {
      const Vec bias = part[j].load(epilogue->bias + j * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; i++) sum[i][j] += bias;
    }
  }
  if (epilogue != nullptr && epilogue->residual != nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) {
        sum[i][j] += part[j].load(epilogue->residual + i * epilogue->residualStride + j * kWidth);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) {
      part[j].store(c + i * cStride + j * kWidth, sum[i][j]);
    }
  }
}

using Tile = void (*)(int64_t, const float*, int64_t, const float*, int64_t, float*, int64_t, int, bool, const Epilogue*, float*);

template <int kVectors, Left kLeft>
KERNELS_INLINE Tile tileOfRows(int rows) {
  switch (rows) {
    case 1: return tile<1, kVectors, kLeft>;
    case 2: return tile<2, kVectors, kLeft>;
    case 3: return tile<3, kVectors, kLeft>;
    case 4: return tile<4, kVectors, kLeft>;
#if !defined(KERNELS_PORTABLE)
    case 5: return tile<5, kVectors, kLeft>;
    case 6: return tile<6, kVectors, kLeft>;
#endif
#if defined(KERNELS_AVX512)
    case 7: return tile<7, kVectors, kLeft>;
    case 8: return tile<8, kVectors, kLeft>;
    case 9: return tile<9, kVectors, kLeft>;
    case 10: return tile<10, kVectors, kLeft>;
    case 11: return tile<11, kVectors, kLeft>;
    case 12: return tile<12, kVectors, kLeft>;
#endif
  }
  __builtin_unreachable();
}

// --- packing ---

// panel[p * tile + i] = lines[i * lineStride + p], i < count <= tile, p < k: the panel's lines run along k in memory, so squares are transposed.
// Writes whole registers: up to kWidth - 1 floats behind the panel.
template <int kTile>
static void packAcross(const float* lines, int64_t lineStride, int64_t count, int64_t k, float* panel) {
  int64_t p = 0;
  for (; p + kWidth <= k; p += kWidth) {
#pragma GCC unroll 2
    for (int first = 0; first < kTile; first += kWidth) {
      const int64_t here = count - first;
      Vec square[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; i++) {
        square[i] = first + i < kTile && i < here ? loadVec(lines + (first + i) * lineStride + p) : Vec{};
        if (first + i < kTile && i < here) __builtin_prefetch(lines + (first + i) * lineStride + p + kLinesAhead);
      }
      transposeSquare(square);
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; i++) storeVec(panel + (p + i) * kTile + first, square[i]);
    }
  }
  for (; p < k; p++) {
    for (int i = 0; i < kTile; i++) panel[p * kTile + i] = i < count ? lines[i * lineStride + p] : 0.0f;
  }
}

// panel[p * tile + i] = rows[p * rowStride + i]: the panel's lines stand side by side in memory.
template <int kTile>
static void packAlong(const float* rows, int64_t rowStride, int64_t count, int64_t k, float* panel) {
  if (count == kTile && kTile % kWidth == 0) {
    for (int64_t p = 0; p < k; p++) {
#pragma GCC unroll 4
      for (int i = 0; i < kTile; i += kWidth) storeVec(panel + p * kTile + i, loadVec(rows + p * rowStride + i));
    }
    return;
  }
  for (int64_t p = 0; p < k; p++) {
#pragma GCC unroll 4
    for (int i = 0; i < kTile; i += kWidth) {
      const int64_t here = count - i;
      const Vec value = here >= kWidth ? loadVec(rows + p * rowStride + i) : here > 0 ? loadSome(rows + p * rowStride + i, here) : Vec{};
      if (i + kWidth <= kTile) storeVec(panel + p * kTile + i, value);
      else storeSome(panel + p * kTile + i, value, kTile - i);
    }
  }
}

template <int kTile>
KERNELS_INLINE void packPanel(const float* data, int64_t lineStride, int64_t stepStride, int64_t count, int64_t k, float* panel) {
  if (lineStride == 1) return packAlong<kTile>(data, stepStride, count, k, panel);
  if (stepStride == 1) return packAcross<kTile>(data, lineStride, count, k, panel);
  for (int64_t p = 0; p < k; p++) {
    for (int i = 0; i < kTile; i++) panel[p * kTile + i] = i < count ? data[i * lineStride + p * stepStride] : 0.0f;
  }
}

}  // namespace kernels::KERNELS_ISA
