// One step of Adafactor: the parameters one after another, each in five passes. What a pass adds up is cut into blocks by the shape alone.
#include <cmath>

#include "rows.h"
#include "parameters.h"

namespace kernels::KERNELS_ISA {

namespace {

struct Options {
  float keep, take, eps1, least, eps2, threshold, clip;
  double learningRate, rate;
};

struct Parameter {
  int64_t batch, rows, columns;
  float* p;
  const float* g;
  float *row, *column, *variance;
  double weightDecay;
  int64_t lines() const { return batch * rows; }
  int64_t count() const { return lines() * columns; }
  // A block: as many lines as hold some thousand elements; or a piece of the only line, where every element has a moment of its own.
  int64_t linesOfBlock() const { return columns >= ParameterList::kPiece ? 1 : ParameterList::kPiece / columns; }
  int64_t blocks() const {
    return variance != nullptr ? ParameterList::piecesOfSize(columns) : (lines() + linesOfBlock() - 1) / linesOfBlock();
  }
  int64_t columnStride() const { return (columns + kLanes - 1) / kLanes * kLanes; }
};

// The larger of `least` and x; NaN where x is.
float atLeast(float least, float x) { return x < least ? least : x; }

// body(line, first column, last column, block), the lines of a block in order.
template <class Body>
KERNELS_INLINE void eachBlock(Call& call, const Parameter& of, Body&& body) {
  const int64_t grain = of.count() <= kElementGrain ? of.blocks() : 1;
  call.ranges(of.blocks(), grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t block = begin; block < end; block++) {
      if (of.variance != nullptr) {
        const int64_t from = block * ParameterList::kPiece;
        body(int64_t(0), from, of.columns - from < ParameterList::kPiece ? of.columns : from + ParameterList::kPiece, block);
        continue;
      }
      const int64_t first = block * of.linesOfBlock(), last = first + of.linesOfBlock() < of.lines() ? first + of.linesOfBlock() : of.lines();
      for (int64_t line = first; line < last; line++) body(line, int64_t(0), of.columns, block);
    }
  });
}

// sqrt(sum of squares / count): squares(line, column, n) in lanes. `partials` holds a block's lanes each.
template <class Squares>
KERNELS_INLINE float rootMeanSquare(Call& call, const Parameter& of, float* partials, Squares squares) {
  for (int64_t i = 0; i < of.blocks() * kLanes; i++) partials[i] = 0.0f;
  eachBlock(call, of, [&](int64_t line, int64_t from, int64_t to, int64_t block) {
    Lanes total = load(partials + block * kLanes);
    eachLanes(from, to, [&](int64_t i, int64_t n) { total = total + padded(squares(line, i, n), n, 0.0f); });
    store(partials + block * kLanes, total);
  });
  double sum = 0;
  for (int64_t i = 0; i < of.blocks() * kLanes; i++) sum += double(partials[i]);
  return float(__builtin_sqrt(sum / double(of.count())));
}

// Moves the averages of lines and of columns, and leaves in `factors` each line's share: row / max(mean of rows, eps1).
void moveMoments(Call& call, const Parameter& of, const Options& options, float* partials, float* factors) {
  const int64_t stride = of.columnStride(), runs = (of.rows + 255) / 256;
  const auto line = [&](int64_t at) {
    const float* g = of.g + at * of.columns;
    const Lanes total = rowLanes(of.columns, [=](int64_t i, int64_t n) {
      const Lanes gradient = load(g + i, n) * options.clip;
      return gradient * gradient;
    });
    const float mean = sum(total) / float(of.columns);
    of.row[at] = fma(of.row[at], options.keep, mean * options.take);
  };
  call.ranges(of.lines(), rowGrain(of.columns), [&](int64_t begin, int64_t end, int) {
    for (int64_t at = begin; at < end; at++) line(at);
  });
  // Columns: runs of 256 lines in float, then the runs in double.
  const int64_t grain = of.count() <= kElementGrain ? of.batch * runs : 1;
  call.ranges(of.batch * runs, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      float* sums = partials + task * stride;
      for (int64_t i = 0; i < stride; i += kLanes) store(sums + i, broadcast(0.0f));
      const int64_t from = task % runs * 256, to = from + 256 < of.rows ? from + 256 : of.rows;
      for (int64_t r = from; r < to; r++) {
        const float* g = of.g + (task / runs * of.rows + r) * of.columns;
        eachLanes(0, of.columns, [=](int64_t i, int64_t n) {
          const Lanes gradient = load(g + i, n) * options.clip;
          store(sums + i, fma(gradient, gradient, load(sums + i)));
        });
      }
    }
  });
  for (int64_t b = 0; b < of.batch; b++) {
    for (int64_t c = 0; c < of.columns; c++) {
      double total = 0;
      for (int64_t run = 0; run < runs; run++) total += double(partials[(b * runs + run) * stride + c]);
      float& column = of.column[b * of.columns + c];
      column = fma(column, options.keep, float(total / double(of.rows)) * options.take);
    }
    double total = 0;
    for (int64_t r = 0; r < of.rows; r++) total += double(of.row[b * of.rows + r]);
    const float mean = atLeast(options.eps1, float(total / double(of.rows)));
    for (int64_t r = 0; r < of.rows; r++) factors[b * of.rows + r] = of.row[b * of.rows + r] / mean;
  }
}

void stepOf(Call& call, const Parameter& of, const Options& options) {
  if (of.count() == 0) return;
  const int64_t runs = times(of.batch, (of.rows + 255) / 256, of.columnStride()), blocks = of.blocks() * kLanes;
  const int64_t lines = of.variance != nullptr ? 0 : of.lines();
  Workspace space;
  if (!call.workspace((of.variance == nullptr && runs > blocks ? runs : blocks) + lines, 0, &space)) return;
  float *factors = space.all, *partials = space.all + lines;
  const float size = rootMeanSquare(call, of, partials, [&](int64_t line, int64_t i, int64_t n) {
    const Lanes value = load(of.p + line * of.columns + i, n);
    return value * value;
  });
  if (of.variance == nullptr) {
    moveMoments(call, of, options, partials, factors);
  } else {
    eachBlock(call, of, [&](int64_t, int64_t from, int64_t to, int64_t) {
      eachLanes(from, to, [&](int64_t i, int64_t n) {
        const Lanes gradient = load(of.g + i, n) * options.clip;
        store(of.variance + i, fma(load(of.variance + i, n), options.keep, gradient * gradient * options.take), n);
      });
    });
  }
  const auto update = [&](int64_t line, int64_t i, int64_t n) {
    const Lanes moment = of.variance != nullptr ? load(of.variance + i, n) : load(of.column + line / of.rows * of.columns + i, n) * factors[line];
    return load(of.g + line * of.columns + i, n) * options.clip / sqrt(larger(broadcast(options.least), moment));
  };
  const float length = rootMeanSquare(call, of, partials, [&](int64_t line, int64_t i, int64_t n) {
    const Lanes u = update(line, i, n);
    return u * u;
  });
  const double alpha = double(atLeast(options.eps2, size)) * options.rate;
  const float rate = float(alpha / double(atLeast(1.0f, length / options.threshold)));
  const float decay = float(1 - options.learningRate * of.weightDecay);
  eachBlock(call, of, [&](int64_t line, int64_t from, int64_t to, int64_t) {
    float* p = of.p + line * of.columns;
    eachLanes(from, to, [&](int64_t i, int64_t n) { store(p + i, fma(update(line, i, n), -rate, load(p + i, n) * decay), n); });
  });
}

}  // namespace

static void step(Call& call) {
  ParameterList list{1, 7, 5, 4};
  list.read(call);
  Options options;
  options.learningRate = call.number(0);
  options.rate = call.number(1);
  options.take = call.real(2);
  options.keep = float(1 - call.number(2));
  options.eps1 = call.real(3);
  options.least = float(call.number(3) * call.number(3));
  options.eps2 = call.real(4);
  options.threshold = call.real(5);
  const float maxNorm = call.real(6);
  const float* norm = call.floatsOrNone(0, 1);
  const auto parameterAt = [&](int tensor) {
    const int64_t batch = call.extent(list.scalar(tensor, 0)), rows = call.extent(list.scalar(tensor, 1)), columns = call.extent(list.scalar(tensor, 2));
    const int64_t count = times(batch, rows, columns);
    Parameter of{batch, rows, columns, call.out(list.buffer(tensor, 0), count), call.floats(list.buffer(tensor, 1), count),
                 call.outOrNone(list.buffer(tensor, 2), times(batch, rows)), call.outOrNone(list.buffer(tensor, 3), times(batch, columns)),
                 call.outOrNone(list.buffer(tensor, 4), count), call.number(list.scalar(tensor, 3))};
    const bool whole = call.has(list.buffer(tensor, 4));
    call.require(whole != call.has(list.buffer(tensor, 2)) && whole != call.has(list.buffer(tensor, 3)),
                 "a parameter has moments of rows and columns, or of elements");
    call.require(!whole || (batch == 1 && rows == 1), "moments of elements belong to one row");
    return of;
  };
  for (int tensor = 0; tensor < list.count; tensor++) parameterAt(tensor);
  if (call.refused()) return;
  options.clip = clipFactor(norm, maxNorm);
  for (int tensor = 0; tensor < list.count; tensor++) stepOf(call, parameterAt(tensor), options);
}

KERNELS(adafactor) = {{"adafactor.step", step}, {}};

}  // namespace kernels::KERNELS_ISA
