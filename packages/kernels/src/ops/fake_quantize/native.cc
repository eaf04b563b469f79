// Values on a grid, and the gradients that go straight through its rounding. Runs are cut into pieces by the shape alone; sums of a piece in sixteen lanes, then
// the pieces in double.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

namespace {

constexpr int64_t kPiece = 8192;
constexpr float kNoFractions = 8388608.0f;  // 2^23: from there on float32 has whole numbers only

KERNELS_INLINE Lanes roundHalfEven(Lanes x) {
  const Lanes size = magnitude(x);
  return select(size < kNoFractions, withSign((size + kNoFractions) - kNoFractions, x), x);
}

struct Grid {
  int64_t runs, width;
  float lowest, highest;
  int64_t pieces() const { return (width + kPiece - 1) / kPiece; }
};

Grid readGrid(Call& call) {
  constexpr int64_t most = int64_t(1) << 22;
  return {call.extent(0), call.extent(1), float(call.integer(2, -most, most)), float(call.integer(3, -most, most))};
}

struct Step {
  float scale, zero;
};
KERNELS_INLINE Step stepOf(const float* scale, const float* zero, int64_t run) {
  return {scale[run], zero == nullptr ? 0.0f : __builtin_nearbyintf(zero[run])};
}

struct Quantized {
  Lanes quotient, code;
  Mask below, above;
};
KERNELS_INLINE Quantized quantize(const Grid& grid, Step step, Lanes x) {
  Quantized q;
  q.quotient = x / step.scale;
  const Lanes rounded = roundHalfEven(q.quotient) + step.zero;
  q.below = rounded < grid.lowest;
  q.above = rounded > grid.highest;
  q.code = select(q.below, broadcast(grid.lowest), select(q.above, broadcast(grid.highest), rounded));
  return q;
}

// body(run, begin, end, piece): elements [begin, end) of x.
template <class Body>
KERNELS_INLINE void eachPiece(Call& call, const Grid& grid, Body&& body) {
  const int64_t pieces = grid.pieces(), length = grid.width < kPiece ? grid.width : kPiece;
  call.ranges(grid.runs * pieces, kElementGrain / (length + 16) + 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t run = piece / pieces, from = piece % pieces * kPiece, to = grid.width - from < kPiece ? grid.width : from + kPiece;
      body(run, run * grid.width + from, run * grid.width + to, piece);
    }
  });
}

}  // namespace

static void forward(Call& call) {
  call.form(4, 4);
  const Grid grid = readGrid(call);
  const int64_t count = times(grid.runs, grid.width);
  const float* x = call.floats(0, count);
  const float* scale = call.floats(1, grid.runs);
  const float* zero = call.floatsOrNone(2, grid.runs);
  float* y = call.out(3, count);
  if (call.refused()) return;
  eachPiece(call, grid, [&](int64_t run, int64_t begin, int64_t end, int64_t) {
    const Step step = stepOf(scale, zero, run);
    eachLanes(begin, end, [&](int64_t i, int64_t n) { store(y + i, (quantize(grid, step, load(x + i, n)).code - step.zero) * step.scale, n); });
  });
}

static void backward(Call& call) {
  call.form(7, 8);
  const Grid grid = readGrid(call);
  const double factor = call.number(4);
  const bool accumulateX = call.flag(5), accumulateScale = call.flag(6), accumulateZero = call.flag(7);
  const int64_t count = times(grid.runs, grid.width);
  const float* dy = call.floats(0, count);
  const float* x = call.floats(1, count);
  const float* scale = call.floats(2, grid.runs);
  const float* zero = call.floatsOrNone(3, grid.runs);
  float* dx = call.outOrNone(4, count);
  float* dscale = call.outOrNone(5, grid.runs);
  float* dzero = call.outOrNone(6, grid.runs);
  if (call.refused()) return;
  const int64_t pieces = grid.pieces();
  Workspace space;
  if (!call.workspace(2 * grid.runs * pieces, 0, &space)) return;
  eachPiece(call, grid, [&](int64_t run, int64_t begin, int64_t end, int64_t piece) {
    const Step step = stepOf(scale, zero, run);
    const Lanes none = broadcast(0.0f);
    Lanes ofScale = none, ofZero = none;
    eachLanes(begin, end, [&](int64_t i, int64_t n) {
      const Quantized q = quantize(grid, step, load(x + i, n));
      const Lanes gradient = load(dy + i, n), code = q.code - step.zero;
      const Lanes passed = select(q.below, none, select(q.above, none, gradient));
      const Lanes slope = select(q.below, code, select(q.above, code, code - q.quotient));
      ofScale = ofScale + padded(gradient * slope, n, 0.0f);
      const Lanes lost = select(q.below, gradient, select(q.above, gradient, none));
      ofZero = ofZero + padded(lost, n, 0.0f);
      if (dx != nullptr) store(dx + i, accumulateX ? load(dx + i, n) + passed : passed, n);
    });
    space.all[2 * piece] = sum(ofScale);
    space.all[2 * piece + 1] = sum(ofZero);
  });
  for (int64_t run = 0; run < grid.runs; run++) {
    double ofScale = 0, ofZero = 0;
    for (int64_t piece = run * pieces; piece < (run + 1) * pieces; piece++) {
      ofScale += double(space.all[2 * piece]);
      ofZero += double(space.all[2 * piece + 1]);
    }
    if (dscale != nullptr) dscale[run] = (accumulateScale ? dscale[run] : 0.0f) + float(factor * ofScale);
    if (dzero != nullptr) dzero[run] = (accumulateZero ? dzero[run] : 0.0f) + float(factor * -ofZero * double(scale[run]));
  }
}

KERNELS(fake_quantize) = {{"fake_quantize.forward", forward}, {"fake_quantize.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
