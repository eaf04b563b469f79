#include "gemm.h"

#include "transpose.h"

namespace kernels::KERNELS_ISA {
namespace {

// --- the tile ---

// left[p * leftStride + i] where the rows of the left operand stand side by side (a packed panel); left[i * leftStride + p] where it is read in place.
enum class Left { kSideBySide, kInPlace };

template <int kRows, int kVectors, Left kLeft>
void tile(int64_t k, const float* left, int64_t leftStride, const float* right, float* c, int64_t cStride, int columns, bool fromC,
          const Epilogue* epilogue) {
  Vec sum[kRows][kVectors];
  const int whole = columns / kWidth, rest = columns % kWidth;
  if (fromC) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) {
        const float* at = c + i * cStride + j * kWidth;
        sum[i][j] = j < whole ? loadVec(at) : j == whole && rest > 0 ? loadSome(at, rest) : Vec{};
      }
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) sum[i][j] = Vec{};
    }
  }
  // Three indices and four pointers reach twelve rows in place.
  const float* third[4] = {left, left + 3 * leftStride, left + 6 * leftStride, left + 9 * leftStride};
  int64_t at[3] = {0, leftStride, 2 * leftStride};
  for (int64_t p = 0; p < k; p++, right += kTileColumns) {
    Vec b[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) b[j] = loadVec(right + j * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
      const Vec a = broadcastVec(kLeft == Left::kSideBySide ? left[i] : third[i / 3][at[i % 3]]);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) sum[i][j] = fma(a, b[j], sum[i][j]);
    }
    if (kLeft == Left::kSideBySide) left += leftStride;
    at[0]++;
    at[1]++;
    at[2]++;
  }
  if (epilogue != nullptr && epilogue->bias != nullptr) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) {
      const float* at = epilogue->bias + j * kWidth;
      const Vec bias = j < whole ? loadVec(at) : j == whole && rest > 0 ? loadSome(at, rest) : Vec{};
#pragma GCC unroll 16
      for (int i = 0; i < kRows; i++) sum[i][j] += bias;
    }
  }
  if (epilogue != nullptr && epilogue->residual != nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) {
        const float* at = epilogue->residual + i * epilogue->residualStride + j * kWidth;
        sum[i][j] += j < whole ? loadVec(at) : j == whole && rest > 0 ? loadSome(at, rest) : Vec{};
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) {
      float* at = c + i * cStride + j * kWidth;
      if (j < whole) storeVec(at, sum[i][j]);
      else if (j == whole && rest > 0) storeSome(at, sum[i][j], rest);
    }
  }
}

using Tile = void (*)(int64_t, const float*, int64_t, const float*, float*, int64_t, int, bool, const Epilogue*);

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
void packAcross(const float* lines, int64_t lineStride, int64_t count, int64_t k, float* panel) {
  int64_t p = 0;
  for (; p + kWidth <= k; p += kWidth) {
#pragma GCC unroll 2
    for (int first = 0; first < kTile; first += kWidth) {
      const int64_t here = count - first;
      Vec square[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; i++) {
        square[i] = first + i < kTile && i < here ? loadVec(lines + (first + i) * lineStride + p) : Vec{};
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
void packAlong(const float* rows, int64_t rowStride, int64_t count, int64_t k, float* panel) {
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

// sums[i] continues its chain over the k of a packed panel.
void addPanelRows(const float* panel, int64_t k, int64_t rows, bool start, float* sums) {
  for (int first = 0; first < kTileRows; first += kWidth) {
    const int64_t tileRest = kTileRows - first;
    const int64_t rest = rows - first < tileRest ? rows - first : tileRest;
    if (rest <= 0) return;
    const int64_t here = rest < kWidth ? rest : kWidth;
    Vec sum = start ? Vec{} : loadSome(sums + first, here);
    for (int64_t p = 0; p < k; p++) sum += loadSome(panel + p * kTileRows + first, here);
    storeSome(sums + first, sum, here);
  }
}

// --- blocking ---

// Panels of the left operand packed together. Where its rows stand side by side in memory, whole cache lines are read that way.
constexpr int64_t kGroup = 8;

// Depth of a block: kDepth x 512 columns of the right operand are half of a second-level cache of 1 MB.
constexpr int64_t kDepth = 256;
constexpr int64_t kBlockColumns = 512 / kTileColumns * kTileColumns;
// What is packed at once of the right operand, for all threads, in floats.
constexpr int64_t kMostPacked = int64_t(4) << 20;
// Multiply-adds below which one more thread costs more than it brings.
constexpr int64_t kWorthSharing = 1 << 15;

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

struct Block {
  int64_t row, rows, column, columns;
};

void packLeftGroup(Matrix a, int64_t rows, int64_t k, float* group) {
  if (a.rowStride != 1 || rows <= kTileRows) {
    for (int64_t i = 0; i < rows; i += kTileRows) packLeft(a.from(i, 0), least(rows - i, kTileRows), k, group + i * k);
    return;
  }
  const int64_t whole = rows / kTileRows;
  for (int64_t p = 0; p < k; p++) {
    const float* from = a.data + p * a.columnStride;
    for (int64_t panel = 0; panel < whole; panel++) {
#pragma GCC unroll 4
      for (int i = 0; i < kTileRows; i += kWidth) {
        const float* at = from + panel * kTileRows + i;
        float* to = group + (panel * k + p) * kTileRows + i;
        if (i + kWidth <= kTileRows) storeVec(to, loadVec(at));
        else storeSome(to, loadSome(at, kTileRows - i), kTileRows - i);
      }
    }
  }
  if (whole * kTileRows < rows) packLeft(a.from(whole * kTileRows, 0), rows - whole * kTileRows, k, group + whole * kTileRows * k);
}

// Whether the left operand is read where it stands: packing it pays only over many columns, or where its rows would fall into too few sets of the first cache.
bool inPlace(const Product& product) {
  if (product.a.columnStride != 1 || product.rowSums != nullptr || product.n > 8 * kTileColumns) return false;
  constexpr int64_t kPage = 1024;  // floats; rows that many apart share a set
  int64_t apart = product.a.rowStride, rest = kPage;
  while (rest != 0) {
    const int64_t next = apart % rest;
    apart = rest;
    rest = next;
  }
  return apart * kTileRows <= 4 * kPage;
}

// The tiles of one block. `packed` holds the right operand's panels from column `packedFrom` on, each [k][kTileColumns].
void multiplyBlock(const Product& product, const Block& block, const float* packed, int64_t packedFrom, float* group) {
  const bool direct = inPlace(product);
  const int64_t inGroups = product.a.rowStride == 1 ? kGroup : 1;
  int64_t p0 = 0;
  do {
    const int64_t depth = least(product.k - p0, kDepth);
    const bool first = p0 == 0, last = p0 + depth >= product.k;
    for (int64_t i = block.row; i < block.row + block.rows; i += kTileRows) {
      const int64_t rows = least(block.row + block.rows - i, kTileRows);
      const float* left = product.a.from(i, p0).data;
      if (!direct) {
        const int64_t inGroup = (i - block.row) / kTileRows % inGroups;
        if (inGroup == 0) packLeftGroup(product.a.from(i, p0), least(block.row + block.rows - i, inGroups * kTileRows), depth, group);
        left = group + inGroup * kTileRows * depth;
        if (product.rowSums != nullptr && block.column == 0) {
          addPanelRows(left, depth, rows, first && !product.accumulateSums, product.rowSums + i);
        }
      }
      const Tile wide = direct ? tileOfRows<kTileVectors, Left::kInPlace>(int(rows)) : tileOfRows<kTileVectors, Left::kSideBySide>(int(rows));
      const Tile narrow = direct ? tileOfRows<1, Left::kInPlace>(int(rows)) : tileOfRows<1, Left::kSideBySide>(int(rows));
      for (int64_t j = block.column; j < block.column + block.columns; j += kTileColumns) {
        const int64_t columns = least(block.column + block.columns - j, kTileColumns);
        Epilogue epilogue = product.epilogue;
        if (epilogue.bias != nullptr) epilogue.bias += j;
        if (epilogue.residual != nullptr) epilogue.residual += i * epilogue.residualStride + j;
        (columns > kWidth ? wide : narrow)(depth, left, direct ? product.a.rowStride : kTileRows,
                                           packed + (j - packedFrom) * product.k + p0 * kTileColumns, product.c + i * product.cStride + j,
                                           product.cStride, int(columns), !first || product.accumulate, last ? &epilogue : nullptr);
      }
    }
    p0 += depth;
  } while (p0 < product.k);
}

}  // namespace

void packLeft(Matrix a, int64_t rows, int64_t k, float* panel) {
  packPanel<kTileRows>(a.data, a.rowStride, a.columnStride, rows, k, panel);
}

void packRight(Matrix b, int64_t k, int64_t columns, float* panel) {
  packPanel<kTileColumns>(b.data, b.columnStride, b.rowStride, columns, k, panel);
}

void multiplyTile(int64_t k, const float* left, int64_t leftStep, const float* right, float* c, int64_t cStride, int rows, int columns, bool fromC,
                  const Epilogue* epilogue) {
  const Tile chosen = columns > kWidth ? tileOfRows<kTileVectors, Left::kSideBySide>(rows) : tileOfRows<1, Left::kSideBySide>(rows);
  chosen(k, left, leftStep, right, c, cStride, columns, fromC, epilogue);
}

int64_t workspaceOfOne(int64_t n, int64_t k) { return kGroup * kTileRows * kDepth + kPanelSlack + times(paddedColumns(n), k); }

void multiplyAlone(const Product& product, float* workspace) {
  float* packed = workspace + kGroup * kTileRows * kDepth + kPanelSlack;
  for (int64_t j = 0; j < product.n; j += kTileColumns) {
    packRight(product.b.from(0, j), product.k, least(product.n - j, kTileColumns), packed + j * product.k);
  }
  multiplyBlock(product, {0, product.m, 0, product.n}, packed, 0, workspace);
}

void multiply(Call& call, const Product& product) {
  if (product.m == 0 || product.n == 0) return;
  const int64_t most = kMostPacked / (product.k > 0 ? product.k : 1) / kTileColumns * kTileColumns;
  const int64_t atOnce = most < kTileColumns ? kTileColumns : most;
  Workspace space;
  if (!call.workspace(times(paddedColumns(least(product.n, atOnce)), product.k), kGroup * kTileRows * kDepth + kPanelSlack, &space)) return;
  for (int64_t from = 0; from < product.n; from += atOnce) {
    const int64_t columns = least(product.n - from, atOnce);
    const int64_t work = times(product.m, columns, product.k);
    const int64_t columnPanels = panels(columns, kTileColumns);
    const auto pack = [&](int64_t panel, int) {
      const int64_t j = panel * kTileColumns;
      packRight(product.b.from(0, from + j), product.k, least(columns - j, kTileColumns), space.all + j * product.k);
    };
    if (work < kWorthSharing || columns * product.k < 1 << 14) {
      for (int64_t panel = 0; panel < columnPanels; panel++) pack(panel, 0);
    } else {
      call.parallel(columnPanels, pack);
    }
    // Blocks as wide as the cache allows (the left operand is packed once for each), as tall as keeps all threads busy to the end.
    const int64_t blockColumns = least(columns, kBlockColumns);
    const int64_t across = panels(columns, int(blockColumns));
    const int64_t wanted = work < kWorthSharing ? 1 : (call.workers() * 4 + across - 1) / across;
    const int64_t rowPanels = panels(product.m, kTileRows);
    const int64_t tall = panels(rowPanels, int(least(wanted, rowPanels))) * kTileRows;
    const int64_t down = panels(product.m, int(tall));
    const auto block = [&](int64_t task, int worker) {
      const int64_t i = task / across * tall, j = task % across * blockColumns;
      multiplyBlock(product, {i, least(product.m - i, tall), from + j, least(columns - j, blockColumns)}, space.all, from,
                    space.of(worker));
    };
    if (work < kWorthSharing) {
      for (int64_t task = 0; task < down * across; task++) block(task, 0);
    } else {
      call.parallel(down * across, block);
    }
  }
}

}  // namespace kernels::KERNELS_ISA
