// The shape of an attention, who sees whom, and where its operands' rows stand.
#pragma once
#include "gemm.h"
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

// Indices [from, to).
struct Range {
  int64_t from, to;
  int64_t length() const { return to - from; }
};

// Queries whose scores are computed together, side by side in the lanes.
constexpr int kQueries = 32;
constexpr int kQueryLanes = kQueries / kLanes;
static_assert(kQueries % kTileColumns == 0, "a block of queries is a whole number of panels");

struct Shape {
  int64_t batch, queryTime, keyTime, keyCapacity, heads, keyHeads, dim;
  bool causal;
  int64_t window;
  float scale, softcap;

  int64_t group() const { return heads / keyHeads; }
  int64_t queries() const { return times(batch, queryTime, heads, dim); }
  int64_t keys() const { return times(batch, keyCapacity, keyHeads, dim); }
  // Position of query i among the keys.
  int64_t position(int64_t i) const { return i + keyTime - queryTime; }

  // Keys that at least one of `count` queries from i on sees.
  Range visibleTo(int64_t i, int64_t count) const {
    if (!causal) return {0, keyTime};
    const int64_t first = position(i) - window + 1;
    return {window > 0 && first > 0 ? first : 0, position(i) + count};
  }
  // Keys that all of them see.
  Range visibleToAll(int64_t i, int64_t count) const {
    if (!causal) return {0, keyTime};
    const int64_t last = position(i + count - 1) - window + 1;
    return {window > 0 && last > 0 ? last : 0, position(i) + 1};
  }
  // Queries within [from, from + count), counted from `from`, between the first and the last that see one of `rows` keys from j on.
  Range seeing(int64_t j, int64_t rows, int64_t from, int64_t count) const {
    if (!causal) return {0, count};
    const int64_t offset = position(from);
    const int64_t first = j - offset, end = window > 0 ? j + rows - 1 + window - offset : count;
    const int64_t begin = first < 0 ? 0 : first < count ? first : count, stop = end < count ? end : count;
    return {begin, stop > begin ? stop : begin};
  }

  // Matrices of one head: rows are times.
  Matrix queryRows(const float* data, int64_t b, int64_t head) const {
    return {data + (b * queryTime * heads + head) * dim, heads * dim, 1};
  }
  Matrix keyRows(const float* data, int64_t b, int64_t keyHead) const {
    return {data + (b * keyCapacity * keyHeads + keyHead) * dim, keyHeads * dim, 1};
  }

  // What raw products of queries with keys become; the keys' numbers stand in the lanes.
  KERNELS_INLINE Lanes score(Lanes raw, Lanes keys, float slope) const {
    Lanes s = raw * scale;
    if (softcap > 0) s = softcap * tanh(s / broadcast(softcap));
    if (slope != 0) s = s + slope * keys;
    return s;
  }
  KERNELS_INLINE Lanes score(Lanes raw, int64_t j, float slope) const { return score(raw, broadcast(float(j)), slope); }
  // Derivative of the soft cap at the raw product.
  KERNELS_INLINE Lanes capSlope(Lanes raw) const {
    const Lanes t = tanh(raw * scale / broadcast(softcap));
    return fma(-t, t, 1.0f);
  }
};

// Which of a block's queries see a key.
struct Sight {
  Range all;  // keys that every query sees
  Lanes position[kQueryLanes];
  float window;

  Sight(const Shape& shape, int64_t i, int64_t count) : all(shape.visibleToAll(i, count)), window(float(shape.window)) {
    for (int h = 0; h < kQueryLanes; h++) position[h] = laneNumbers() + float(shape.position(i) + h * kLanes);
  }
  KERNELS_INLINE bool whole(int64_t j) const { return j >= all.from && j < all.to; }
  // value where the query of the lane sees key j, `hidden` elsewhere.
  KERNELS_INLINE Lanes masked(Lanes value, int64_t j, int h, float hidden) const {
    const Lanes key = broadcast(float(j));
    value = select(position[h] >= key, value, broadcast(hidden));
    return window > 0 ? select(position[h] - window < key, value, broadcast(hidden)) : value;
  }
};

static inline Shape readShape(Call& call) {
  Shape shape;
  shape.batch = call.extent(0);
  shape.queryTime = call.extent(1);
  shape.keyTime = call.extent(2);
  shape.keyCapacity = call.extent(3);
  shape.heads = call.extent(4);
  shape.keyHeads = call.integer(5, 1, kMostElements);
  shape.dim = call.extent(6);
  shape.causal = call.flag(7);
  shape.window = call.extent(8);
  shape.scale = call.real(9);
  shape.softcap = call.real(10);
  call.require(shape.heads % shape.keyHeads == 0, "heads is a multiple of keyHeads");
  call.require(shape.keyTime <= shape.keyCapacity, "keyTime is at most keyCapacity");
  call.require(!shape.causal || shape.queryTime <= shape.keyTime, "a causal attention has at least as many keys as queries");
  call.require(shape.window == 0 || shape.causal, "a window needs causal");
  return shape;
}

// Cuts a thread's memory into aligned pieces.
struct Carver {
  float* next;
  float* take(int64_t floats) {
    float* piece = next;
    next += (floats + 15) & ~int64_t(15);
    return piece;
  }
};

// All rows of a, panel after panel.
static inline void packLeftAll(Matrix a, int64_t rows, int64_t k, float* panels) {
  for (int64_t i = 0; i < rows; i += kTileRows) packLeft(a.from(i, 0), rows - i < kTileRows ? rows - i : kTileRows, k, panels + i * k);
}

// All columns of b, panel after panel.
static inline void packRightAll(Matrix b, int64_t k, int64_t columns, float* panels) {
  for (int64_t j = 0; j < columns; j += kTileColumns) {
    packRight(b.from(0, j), k, columns - j < kTileColumns ? columns - j : kTileColumns, panels + j * k);
  }
}

static inline Matrix transposed(Matrix a) { return {a.data, a.columnStride, a.rowStride}; }

// products[j * kQueries + lane] = key j . query, for keys in `keys` (rounded to whole panels) and a block of `count` queries. `left` holds the panels of all keys,
// `right` the block's columns, both along dim.
static inline void scoreBlock(const float* left, const float* right, int64_t dim, int64_t keyTime, Range keys, int64_t count, float* products) {
  for (int64_t j = keys.from / kTileRows * kTileRows; j < keys.to; j += kTileRows) {
    const int rows = int(keyTime - j < kTileRows ? keyTime - j : kTileRows);
    for (int64_t i = 0; i < count; i += kTileColumns) {
      const int64_t rest = (count - i + kWidth - 1) / kWidth * kWidth;
      multiplyTile(dim, left + j * dim, kTileRows, right + i * dim, products + j * kQueries + i, kQueries, rows,
                   int(rest < kTileColumns ? rest : kTileColumns), false);
    }
  }
}

// to[i * toStride + ..dim] (+)= sum over keys of weights[key * kQueries + i] rows[key], for a block of `count` queries. `right` holds the panels of all keys' rows.
static inline void weighRows(const float* weights, const float* right, Range keys, int64_t keyTime, int64_t dim, int64_t count, float* to,
                             int64_t toStride, bool accumulate) {
  for (int64_t i = 0; i < count; i += kTileRows) {
    const int rows = int(count - i < kTileRows ? count - i : kTileRows);
    for (int64_t d = 0; d < dim; d += kTileColumns) {
      const int columns = int(dim - d < kTileColumns ? dim - d : kTileColumns);
      multiplyTile(keys.length(), weights + keys.from * kQueries + i, kQueries, right + d * keyTime + keys.from * kTileColumns,
                   to + i * toStride + d, toStride, rows, columns, accumulate);
    }
  }
}

}  // namespace kernels::KERNELS_ISA
