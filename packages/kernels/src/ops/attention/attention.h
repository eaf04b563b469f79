// The shape of an attention, who sees whom, and where its operands' rows stand.
#pragma once
#include "gemm.h"
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

// Indices [from, to).
struct Visible {
  int64_t from, to;
};

struct Shape {
  int64_t batch, queryTime, keyTime, keyCapacity, heads, keyHeads, dim;
  bool causal;
  int64_t window;
  float scale, softcap;

  int64_t group() const { return heads / keyHeads; }
  int64_t packedKeys() const { return paddedColumns(keyTime); }
  int64_t queries() const { return times(batch, queryTime, heads, dim); }
  int64_t keys() const { return times(batch, keyCapacity, keyHeads, dim); }

  // Keys that at least one of `rows` queries from i on sees.
  Visible visibleTo(int64_t i, int64_t rows) const {
    if (!causal) return {0, keyTime};
    const int64_t position = i + keyTime - queryTime, last = position + rows;
    const int64_t from = window > 0 && position - window + 1 > 0 ? position - window + 1 : 0;
    return {from, last < keyTime ? last : keyTime};
  }
  // Queries within [from, from + count), counted from `from`, between the first and the last that see one of `rows` keys from j on.
  Visible seeing(int64_t j, int64_t rows, int64_t from, int64_t count) const {
    if (!causal) return {0, count};
    const int64_t offset = keyTime - queryTime + from;
    const int64_t first = j - offset, end = window > 0 ? j + rows - 1 + window - offset : count;
    const int64_t begin = first < 0 ? 0 : first < count ? first : count, stop = end < count ? end : count;
    return {begin, stop > begin ? stop : begin};
  }

  // Matrices of one head: rows are times.
  Matrix queryRows(const float* data, int64_t b, int64_t head) const {
    return {data + (b * queryTime * heads + head) * dim, heads * dim, 1};
  }
  // Of keys or values: [time, dim], or across, [dim, time].
  Matrix keyRows(const float* data, int64_t b, int64_t keyHead, bool across) const {
    const float* first = data + (b * keyCapacity * keyHeads + keyHead) * dim;
    return across ? Matrix{first, 1, keyHeads * dim} : Matrix{first, keyHeads * dim, 1};
  }

  // What a raw product of query and keys j.. becomes.
  KERNELS_INLINE Lanes score(Lanes raw, int64_t j, float slope) const {
    Lanes s = raw * scale;
    if (softcap > 0) s = softcap * tanh(s / broadcast(softcap));
    if (slope != 0) s = fma(positions(j), slope, s);
    return s;
  }
  // Derivative of the soft cap at the raw product.
  KERNELS_INLINE Lanes capSlope(Lanes raw) const {
    const Lanes t = tanh(raw * scale / broadcast(softcap));
    return fma(-t, t, 1.0f);
  }
  static KERNELS_INLINE Lanes positions(int64_t j) {
    alignas(64) static const float lane[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return load(lane) + float(j);
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

// All columns of b, panel after panel.
static inline void packRightAll(Matrix b, int64_t k, int64_t columns, float* panels) {
  for (int64_t j = 0; j < columns; j += kTileColumns) {
    packRight(b.from(0, j), k, columns - j < kTileColumns ? columns - j : kTileColumns, panels + j * k);
  }
}

static inline void clear(float* row, int64_t from, int64_t to) {
  for (int64_t j = from; j < to; j++) row[j] = 0.0f;
}

}  // namespace kernels::KERNELS_ISA
