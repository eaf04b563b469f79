// Matrix products in registers. Every element of a product is one chain of fused multiply-adds in the order of k, from k = 0 up, whatever the
// blocking, the packing, the width of the registers and the number of threads: so its bits depend on its row, its column and nothing else.
//
// The ladder (f32, M = N = K = 1024; docs/kernels.md tells it with numbers): plain loops; registers hold a tile of C; both operands packed into panels
// that are walked from front to back; the k loop cut so that a block of the right operand stays in the second-level cache; threads.
#pragma once
#include "simd.h"

namespace kernels::KERNELS_ISA {

// A tile of C: kTileRows rows of kTileVectors registers.
#if defined(KERNELS_AVX512)
constexpr int kTileRows = 12, kTileVectors = 2;
#elif defined(KERNELS_AVX2)
constexpr int kTileRows = 6, kTileVectors = 2;
#elif defined(KERNELS_NEON)
constexpr int kTileRows = 6, kTileVectors = 4;
#else
constexpr int kTileRows = 4, kTileVectors = 2;
#endif
constexpr int kTileColumns = kTileVectors * kWidth;

// Element (i, j) stands at data[i * rowStride + j * columnStride].
struct Matrix {
  const float* data;
  int64_t rowStride;
  int64_t columnStride;
  KERNELS_INLINE Matrix from(int64_t i, int64_t j) const { return {data + i * rowStride + j * columnStride, rowStride, columnStride}; }
};

// What becomes of the finished chain: + bias[j] + residual[i, j], either may be null.
struct Epilogue {
  const float* bias = nullptr;
  const float* residual = nullptr;
  int64_t residualStride = 0;
};

KERNELS_INLINE int64_t panels(int64_t extent, int tile) { return (extent + tile - 1) / tile; }
KERNELS_INLINE int64_t paddedRows(int64_t rows) { return panels(rows, kTileRows) * kTileRows; }
KERNELS_INLINE int64_t paddedColumns(int64_t columns) { return panels(columns, kTileColumns) * kTileColumns; }

// Rows [0, rows) of `a`, rows <= kTileRows, k columns, as a panel [k][kTileRows]; missing rows are 0. Writes up to kPanelSlack floats more.
void packLeft(Matrix a, int64_t rows, int64_t k, float* panel);
constexpr int kPanelSlack = 16;
// Columns [0, columns) of `b`, columns <= kTileColumns, k rows, as a panel [k][kTileColumns]; missing columns are 0.
void packRight(Matrix b, int64_t k, int64_t columns, float* panel);

// One tile: c[rows x columns] = (fromC ? c : 0) + left right, in the order of k.
// rows <= kTileRows, columns <= kTileColumns. left[p * leftStep + i] is row i at p (kTileRows for a packed panel); right is a packed panel.
void multiplyTile(int64_t k, const float* left, int64_t leftStep, const float* right, float* c, int64_t cStride, int rows, int columns, bool fromC);

// C [m, n] = (accumulate ? C : 0) + A [m, k] B [k, n], then the epilogue. Over all threads of the call.
struct Product {
  int64_t m, n, k;
  Matrix a, b;
  float* c;
  int64_t cStride;
  bool accumulate = false;
  Epilogue epilogue;
  // Where not null: rowSums[i] = (accumulateSums ? rowSums[i] : 0) + sum over k of A[i, k], in the order of k. The tiles of the first columns add it up.
  float* rowSums = nullptr;
  bool accumulateSums = false;
};
void multiply(Call& call, const Product& product);

// The same on the calling thread alone, in memory of its own: workspaceOfOne(n, k) floats.
int64_t workspaceOfOne(int64_t n, int64_t k);
void multiplyAlone(const Product& product, float* workspace);

}  // namespace kernels::KERNELS_ISA
