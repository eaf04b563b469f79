// Lines of softmax and log-softmax: x, y [outer, width, inner], along width. With inner 1 a line is a row, and the sixteen lanes run along it; otherwise
// sixteen neighbouring lines are taken at once, one in each lane.
#pragma once
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

struct LineShape {
  int64_t width;
  int64_t stride;  // from one element of a line to the next
  int64_t lanes;   // across: lines taken at once; 0: along
};

// body(offset of the first element, n elements in the lanes) for all of a line, or of several.
template <class Body>
KERNELS_INLINE void overLine(const LineShape& shape, Body&& body) {
  if (shape.lanes == 0) return eachLanes(0, shape.width, body);
  for (int64_t i = 0; i < shape.width; i++) body(i * shape.stride, shape.lanes);
}

struct Line {
  LineShape shape;
  const float* x;
  float* y;

  template <class Body>
  KERNELS_INLINE void each(Body&& body) const {
    overLine(shape, [&](int64_t at, int64_t n) { body(at, y + at, x + at, n); });
  }
  // A NaN may get lost here; it comes back in the sum.
  KERNELS_INLINE Lanes largest() const {
    if (shape.lanes == 0) return broadcast(largestOfRow());
    Lanes top = broadcast(-__builtin_inff());
    each([&](int64_t, float*, const float* from, int64_t n) { top = larger(load(from, n), top); });
    return top;
  }
  // sum exp(x - top), each term shown to keep(offset, term, n).
  template <class Keep>
  KERNELS_INLINE Lanes exponentials(Lanes top, Keep keep) const {
    Lanes total = broadcast(0.0f);
    each([&](int64_t at, float*, const float* from, int64_t n) {
      // The next row, while this one keeps the arithmetic busy.
      if (shape.lanes == 0) expectRead(from + shape.width);
      const Lanes term = expOfNegative(load(from, n) - top);
      keep(at, term, n);
      total = total + (shape.lanes == 0 ? padded(term, n, 0.0f) : term);
    });
    return shape.lanes == 0 ? broadcast(kernels::KERNELS_ISA::sum(total)) : total;
  }

 private:
  // Four chains, which any order may fold: a comparison waits four cycles for the one before.
  KERNELS_INLINE float largestOfRow() const {
    Lanes top[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) top[c] = broadcast(-__builtin_inff());
    int64_t i = 0;
    for (; i + 4 * kLanes <= shape.width; i += 4 * kLanes) {
#pragma GCC unroll 4
      for (int c = 0; c < 4; c++) top[c] = larger(load(x + i + c * kLanes), top[c]);
    }
    for (; i < shape.width; i += kLanes) {
      const int64_t n = shape.width - i < kLanes ? shape.width - i : kLanes;
      top[0] = larger(padded(load(x + i, n), n, -__builtin_inff()), top[0]);
    }
    return kernels::KERNELS_ISA::largest(larger(larger(top[0], top[1]), larger(top[2], top[3])));
  }
};

struct LineGradient {
  LineShape shape;
  const float* dy;
  const float* y;
  float* dx;
  bool accumulate;

  template <class Term>
  KERNELS_INLINE Lanes sum(Term term) const {
    Lanes total = broadcast(0.0f);
    overLine(shape, [&](int64_t at, int64_t n) {
      const Lanes value = term(load(dy + at, n), load(y + at, n));
      total = total + (shape.lanes == 0 ? padded(value, n, 0.0f) : value);
    });
    return shape.lanes == 0 ? broadcast(kernels::KERNELS_ISA::sum(total)) : total;
  }
  template <class Value>
  KERNELS_INLINE void each(Value value) const {
    overLine(shape, [&](int64_t at, int64_t n) {
      const Lanes gradient = value(load(dy + at, n), load(y + at, n));
      store(dx + at, accumulate ? load(dx + at, n) + gradient : gradient, n);
    });
  }
};

// body(shape, offset) for every line (or up to sixteen neighbours) of [outer, width, inner]; what it writes past the caches is settled.
template <class Past, class Body>
KERNELS_INLINE void everyLine(Past past, Call& call, int64_t outer, int64_t width, int64_t inner, Body&& body) {
  if (width == 0) return;
  const int64_t strips = inner == 1 ? 1 : (inner + kLanes - 1) / kLanes;
  call.ranges(outer * strips, kElementGrain / (width * (inner == 1 ? 1 : kLanes)) + 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t first = task % strips * kLanes;
      const int64_t lanes = inner - first < kLanes ? inner - first : kLanes;
      body(LineShape{width, inner, inner == 1 ? 0 : lanes}, task / strips * width * inner + first);
    }
    settle(past);
  });
}

// body(past, line) for every line; past as in `writing`, true only for rows of at most `mostPast` floats.
template <class Body>
KERNELS_INLINE void alongLines(Call& call, int64_t mostPast, Body body) {
  call.form(2, 3);
  const int64_t outer = call.extent(0), width = call.extent(1), inner = call.extent(2);
  const float* x = call.floats(0, times(outer, width, inner));
  float* y = call.out(1, times(outer, width, inner));
  if (call.refused()) return;
  writing(y, inner == 1 && width % kLanes == 0 && width <= mostPast ? outer * width : 0, [&](auto past) {
    everyLine(past, call, outer, width, inner, [&](LineShape shape, int64_t at) { body(past, Line{shape, x + at, y + at}); });
  });
}

template <class Body>
KERNELS_INLINE void alongLinesBackward(Call& call, Body body) {
  call.form(3, 4);
  const int64_t outer = call.extent(0), width = call.extent(1), inner = call.extent(2);
  const bool accumulate = call.flag(3);
  const float* dy = call.floats(0, times(outer, width, inner));
  const float* y = call.floats(1, times(outer, width, inner));
  float* dx = call.out(2, times(outer, width, inner));
  if (call.refused()) return;
  everyLine(std::false_type{}, call, outer, width, inner,
            [&](LineShape shape, int64_t at) { body(LineGradient{shape, dy + at, y + at, dx + at, accumulate}); });
}

}  // namespace kernels::KERNELS_ISA
