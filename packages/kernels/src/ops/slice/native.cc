// A piece along an axis of x, and the gradient that puts it back.
#include <cstring>

#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Piece {
  int64_t outer, inner, xLength, start, length;
  bool accumulate;
};

static Piece readPiece(Call& call) {
  call.form(2, 6);
  const Piece piece{call.extent(0), call.extent(1), call.extent(2), call.extent(3), call.extent(4), call.flag(5)};
  call.require(piece.start + piece.length <= piece.xLength, "start + length lies within xLength");
  return piece;
}

static void forward(Call& call) {
  const Piece piece = readPiece(call);
  const float* x = call.floats(0, times(piece.outer, piece.xLength, piece.inner));
  float* y = call.out(1, times(piece.outer, piece.length, piece.inner));
  if (call.refused()) return;
  const int64_t count = piece.length * piece.inner;
  call.ranges(piece.outer, rowGrain(count), [=](int64_t begin, int64_t end, int) {
    for (int64_t o = begin; o < end; o++) {
      const float* from = x + (o * piece.xLength + piece.start) * piece.inner;
      float* to = y + o * count;
      if (!piece.accumulate) memcpy(to, from, size_t(count) * 4);
      else eachLanes(0, count, [=](int64_t i, int64_t n) { put(to + i, load(from + i, n), n, true); });
    }
  });
}

static void backward(Call& call) {
  const Piece piece = readPiece(call);
  const float* dy = call.floats(0, times(piece.outer, piece.length, piece.inner));
  float* dx = call.out(1, times(piece.outer, piece.xLength, piece.inner));
  if (call.refused()) return;
  const int64_t count = piece.length * piece.inner, whole = piece.xLength * piece.inner, before = piece.start * piece.inner;
  call.ranges(piece.outer, rowGrain(whole), [=](int64_t begin, int64_t end, int) {
    for (int64_t o = begin; o < end; o++) {
      const float* from = dy + o * count;
      float* to = dx + o * whole;
      if (piece.accumulate) {
        eachLanes(0, count, [=](int64_t i, int64_t n) { put(to + before + i, load(from + i, n), n, true); });
        continue;
      }
      memset(to, 0, size_t(before) * 4);
      memcpy(to + before, from, size_t(count) * 4);
      memset(to + before + count, 0, size_t(whole - before - count) * 4);
    }
  });
}

KERNELS(slice) = {{"slice.forward", forward}, {"slice.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
