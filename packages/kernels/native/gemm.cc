#include "tile.h"

namespace kernels::KERNELS_ISA {
namespace {

// Panels of the left operand packed together. Where its rows stand side by side in memory, whole cache lines are read that way.
constexpr int64_t kGroup = 8;

// Depth of a block: so much of k that a block of the right operand is half of a second-level cache: of 1 MB with 256 steps and all columns that a block
// may have, of 2 MB with 512. Where that is enough, twice the depth halves what is loaded and stored of C.
constexpr int64_t kDepth = 256, kMostDepth = 512;
constexpr int64_t kBlockColumns = 512 / kTileColumns * kTileColumns;
// What a thread packs at once of the left operand.
constexpr int64_t kLeftFloats = kGroup * kTileRows * kMostDepth + kPanelSlack;
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

// How a product reads its operands. Each is packed where that pays: over many panels of the other, or where its lines would fall into too few sets of the
// first cache.
struct Reading {
  bool leftInPlace = false;
  Left left = Left::kSideBySide;  // how the tiles see it
  bool rightInPlace = false;      // whole panels; columns that do not fill one are packed
};

constexpr int64_t kPage = 1024;  // floats; lines that many apart share a set

Reading readingOf(const Product& product) {
  Reading reading;
  const bool fewRows = product.m <= 8 * kTileRows;
  if (product.a.rowStride == 1) {
    reading.leftInPlace = product.n <= 8 * kTileColumns && product.a.columnStride <= kPage / 2;
  } else if (product.a.columnStride == 1 && product.rowSums == nullptr && product.n <= 32 * kTileColumns) {
    int64_t apart = product.a.rowStride, rest = kPage;
    while (rest != 0) {
      const int64_t next = apart % rest;
      apart = rest;
      rest = next;
    }
    reading.leftInPlace = apart * kTileRows <= firstCacheWays() * kPage;
    if (reading.leftInPlace) reading.left = Left::kApart;
  }
  reading.rightInPlace = product.b.columnStride == 1 && (fewRows || product.b.rowStride <= kPage);
  return reading;
}

int64_t depthOf(const Product& product, const Reading& reading) {
  // In place, lines of such strides share too few sets of the second cache.
  const bool stands = reading.rightInPlace && product.b.rowStride > kPage / 2;
  return !stands && kMostDepth * least(product.n, kBlockColumns) * int64_t(sizeof(float)) <= secondCacheBytes() / 2 ? kMostDepth : kDepth;
}

template <int kVectors>
KERNELS_INLINE Tile tileFor(Left left, int rows) {
  switch (left) {
    case Left::kSideBySide: return tileOfRows<kVectors, Left::kSideBySide>(rows);
    case Left::kSummed: return tileOfRows<kVectors, Left::kSummed>(rows);
    case Left::kApart: return tileOfRows<kVectors, Left::kApart>(rows);
  }
  __builtin_unreachable();
}

// The tiles of one block. `packed` holds the right operand's panels from column `packedFrom` on, each [k][kTileColumns].
void multiplyBlock(const Product& product, const Reading& reading, const Block& block, const float* packed, int64_t packedFrom, float* group) {
  const int64_t inGroups = product.a.rowStride == 1 ? kGroup : 1;
  const int64_t leftStride = !reading.leftInPlace ? kTileRows : reading.left == Left::kApart ? product.a.rowStride : product.a.columnStride;
  const int64_t most = depthOf(product, reading);
  int64_t p0 = 0;
  do {
    const int64_t depth = least(product.k - p0, most);
    const bool first = p0 == 0, last = p0 + depth >= product.k;
    for (int64_t i = block.row; i < block.row + block.rows; i += kTileRows) {
      const int64_t rows = least(block.row + block.rows - i, kTileRows);
      const float* left = product.a.from(i, p0).data;
      if (!reading.leftInPlace) {
        const int64_t inGroup = (i - block.row) / kTileRows % inGroups;
        if (inGroup == 0) packLeftGroup(product.a.from(i, p0), least(block.row + block.rows - i, inGroups * kTileRows), depth, group);
        left = group + inGroup * kTileRows * depth;
      }
      float* sums = product.rowSums == nullptr ? nullptr : product.rowSums + i;
      if (sums != nullptr && block.column == 0 && first && !product.accumulateSums) {
        for (int64_t r = 0; r < rows; r++) sums[r] = 0.0f;
      }
      for (int64_t j = block.column; j < block.column + block.columns; j += kTileColumns) {
        const int64_t columns = least(block.column + block.columns - j, kTileColumns);
        const Left seen = sums != nullptr && j == 0 ? Left::kSummed : reading.left;
        const Tile chosen = columns > kWidth ? tileFor<kTileVectors>(seen, int(rows)) : tileFor<1>(seen, int(rows));
        const bool stands = reading.rightInPlace && columns == kTileColumns;
        const float* right = stands ? product.b.from(p0, j).data : packed + (j - packedFrom) * product.k + p0 * kTileColumns;
        Epilogue epilogue = product.epilogue;
        if (epilogue.bias != nullptr) epilogue.bias += j;
        if (epilogue.residual != nullptr) epilogue.residual += i * epilogue.residualStride + j;
        chosen(depth, left, leftStride, right, stands ? product.b.rowStride : kTileColumns, product.c + i * product.cStride + j, product.cStride,
               int(columns), !first || product.accumulate, last ? &epilogue : nullptr, sums);
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

void multiplyTile(int64_t k, const float* left, int64_t leftStep, const float* right, float* c, int64_t cStride, int rows, int columns, bool fromC) {
  const Tile chosen = columns > kWidth ? tileOfRows<kTileVectors, Left::kSideBySide>(rows) : tileOfRows<1, Left::kSideBySide>(rows);
  chosen(k, left, leftStep, right, kTileColumns, c, cStride, columns, fromC, nullptr, nullptr);
}

namespace {
// The first column of those that are packed.
int64_t packedFromOf(const Reading& reading, int64_t columns) { return reading.rightInPlace ? columns / kTileColumns * kTileColumns : 0; }
}  // namespace

int64_t workspaceOfOne(int64_t n, int64_t k) { return kLeftFloats + times(paddedColumns(n), k); }

void multiplyAlone(const Product& product, float* workspace) {
  float* packed = workspace + kLeftFloats;
  const Reading reading = readingOf(product);
  const int64_t first = packedFromOf(reading, product.n);
  for (int64_t j = first; j < product.n; j += kTileColumns) {
    packRight(product.b.from(0, j), product.k, least(product.n - j, kTileColumns), packed + (j - first) * product.k);
  }
  multiplyBlock(product, reading, {0, product.m, 0, product.n}, packed, first, workspace);
}

namespace {
// Few rows: a packed panel of the right operand meets a few tiles only. So each thread packs a piece that its first cache holds and uses it up at once; what
// the right operand's memory gives is the limit (M = 1: a matrix and a vector).
bool hasFewRows(const Call& call, const Product& product) {
  if (product.b.columnStride == 1 || product.rowSums != nullptr || (product.a.rowStride != 1 && product.a.columnStride != 1)) return false;
  return product.m <= kTileRows || (product.m <= 8 * kTileRows && panels(product.n, kTileColumns) >= 8 * call.workers());
}

// A few rows against columns that are lines of a weight [n, k]: squares of it are turned round in registers on their way into the chains, and never packed. A
// register's worth of lines is read to its end before the next: the hardware follows that many streams, and not four times as many. What is asked for ahead
// waits in the second cache, because lines of 4 kB or a multiple of it share a set of the first, which holds fewer than a square has.

// As many rows as leave registers for a square and for what turns it round.
constexpr int kMostStraight = kWidth == 16 ? 8 : 4;
// Floats ahead; behind a line's end stand the next lines, those of the next columns.
constexpr int64_t kStraightAhead = 16 * kLine;

template <int kRows>
void straightColumns(const Product& product, int64_t j) {
  const float* lines = product.b.from(0, j).data;
  const int64_t apart = product.b.columnStride, k = product.k;
  const float* x[kRows];
  Vec sum[kRows];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; i++) {
    x[i] = product.a.from(i, 0).data;
    sum[i] = product.accumulate ? loadVec(product.c + i * product.cStride + j) : Vec{};
  }
  int64_t p = 0;
  for (; p + kWidth <= k; p += kWidth) {
    const int64_t later = p + kStraightAhead;
    const float* ahead = later < k ? lines + later : lines + kWidth * apart + (later - k);
    Vec square[kWidth];
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; i++) {
      square[i] = loadVec(lines + i * apart + p);
      __builtin_prefetch(ahead + i * apart, 0, 2);
    }
    transposeSquare(square);
#pragma GCC unroll 16
    for (int c = 0; c < kWidth; c++) {
#pragma GCC unroll 8
      for (int i = 0; i < kRows; i++) sum[i] = fma(broadcastVec(x[i][p + c]), square[c], sum[i]);
    }
  }
  for (; p < k; p++) {
    float column[kWidth];
    for (int i = 0; i < kWidth; i++) column[i] = lines[i * apart + p];
#pragma GCC unroll 8
    for (int i = 0; i < kRows; i++) sum[i] = fma(broadcastVec(x[i][p]), loadVec(column), sum[i]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; i++) {
    if (product.epilogue.bias != nullptr) sum[i] += loadVec(product.epilogue.bias + j);
    if (product.epilogue.residual != nullptr) sum[i] += loadVec(product.epilogue.residual + i * product.epilogue.residualStride + j);
    storeVec(product.c + i * product.cStride + j, sum[i]);
  }
}

template <int kRows = kMostStraight>
void straightPanel(const Product& product, int64_t j) {
  if constexpr (kRows > 1) {
    if (product.m < kRows) return straightPanel<kRows - 1>(product, j);
  }
  for (int v = 0; v < kTileVectors; v++) straightColumns<kRows>(product, j + v * kWidth);
}

void multiplyFewRows(Call& call, const Product& product) {
  Workspace space;
  if (!call.workspace(0, kDepth * kTileColumns, &space)) return;
  const Left left = product.a.columnStride == 1 ? Left::kApart : Left::kSideBySide;
  const int64_t leftStride = product.a.columnStride == 1 ? product.a.rowStride : product.a.columnStride;
  const bool straight = product.m <= kMostStraight && product.a.columnStride == 1 && product.b.rowStride == 1;
  const auto panel = [&](int64_t task, int worker) {
    float* packed = space.of(worker);
    const int64_t j = task * kTileColumns, columns = least(product.n - j, kTileColumns);
    if (straight && columns == kTileColumns) return straightPanel(product, j);
    int64_t p0 = 0;
    do {
      const int64_t depth = least(product.k - p0, kDepth);
      packRight(product.b.from(p0, j), depth, columns, packed);
      for (int64_t i = 0; i < product.m; i += kTileRows) {
        const int rows = int(least(product.m - i, kTileRows));
        Epilogue epilogue = product.epilogue;
        if (epilogue.bias != nullptr) epilogue.bias += j;
        if (epilogue.residual != nullptr) epilogue.residual += i * epilogue.residualStride + j;
        const Tile chosen = columns > kWidth ? tileFor<kTileVectors>(left, rows) : tileFor<1>(left, rows);
        chosen(depth, product.a.from(i, p0).data, leftStride, packed, kTileColumns, product.c + i * product.cStride + j, product.cStride, int(columns),
               p0 > 0 || product.accumulate, p0 + depth >= product.k ? &epilogue : nullptr, nullptr);
      }
      p0 += depth;
    } while (p0 < product.k);
  };
  const int64_t tasks = panels(product.n, kTileColumns);
  if (times(product.m, product.n, product.k) < kWorthSharing) {
    for (int64_t task = 0; task < tasks; task++) panel(task, 0);
  } else {
    call.parallel(tasks, panel);
  }
}
}  // namespace

void multiply(Call& call, const Product& product) {
  if (product.m == 0 || product.n == 0) return;
  if (hasFewRows(call, product)) return multiplyFewRows(call, product);
  const Reading reading = readingOf(product);
  const int64_t most = reading.rightInPlace ? product.n : kMostPacked / (product.k > 0 ? product.k : 1) / kTileColumns * kTileColumns;
  const int64_t atOnce = least(product.n, most < kTileColumns ? kTileColumns : most);
  Workspace space;
  const int64_t leftFloats = reading.leftInPlace ? 0 : kLeftFloats;
  if (!call.workspace(times(paddedColumns(atOnce) - packedFromOf(reading, atOnce), product.k), leftFloats, &space)) return;
  for (int64_t from = 0; from < product.n; from += atOnce) {
    const int64_t columns = least(product.n - from, atOnce);
    const int64_t work = times(product.m, columns, product.k);
    const int64_t first = packedFromOf(reading, columns);
    const auto pack = [&](int64_t panel, int) {
      const int64_t j = panel * kTileColumns;
      packRight(product.b.from(0, from + first + j), product.k, least(columns - first - j, kTileColumns), space.all + j * product.k);
    };
    const int64_t packedPanels = panels(columns - first, kTileColumns);
    if (work < kWorthSharing || packedPanels * kTileColumns * product.k < 1 << 14) {
      for (int64_t panel = 0; panel < packedPanels; panel++) pack(panel, 0);
    } else {
      call.parallel(packedPanels, pack);
    }
    // Blocks as wide as the cache allows (the left operand is packed once for each), of as many panels of rows, give or take one, as give each thread four:
    // two where whole groups of panels are packed together.
    const int64_t blockColumns = least(columns, kBlockColumns);
    const int64_t across = panels(columns, int(blockColumns));
    const int64_t each = product.a.rowStride == 1 ? 2 : 4;
    const int64_t wanted = work < kWorthSharing ? 1 : (call.workers() * each + across - 1) / across;
    const int64_t rowPanels = panels(product.m, kTileRows);
    const int64_t down = least(wanted, rowPanels);
    const auto block = [&](int64_t task, int worker) {
      const int64_t part = task % down, j = task / down * blockColumns;
      const int64_t i = rowPanels * part / down * kTileRows, end = least(rowPanels * (part + 1) / down * kTileRows, product.m);
      multiplyBlock(product, reading, {i, end - i, from + j, least(columns - j, blockColumns)}, space.all, from + first, space.of(worker));
    };
    if (work < kWorthSharing) {
      for (int64_t task = 0; task < down * across; task++) block(task, 0);
    } else {
      call.parallel(down * across, block);
    }
  }
}

}  // namespace kernels::KERNELS_ISA
