// Loops over operands of different shapes (src/ops/strides.ts): extents, and for each operand one stride in elements for each extent. A stride 0
// repeats a read operand and sums into the written one.
//
// The order of a sum follows from the loop alone: lanes along the innermost extent where that is summed, chains over the outer ones otherwise; long sums go
// through a number of partial sums that depends on the extents only.
#pragma once
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

constexpr int kMostRank = 8;
constexpr int kMostOperands = 5;

struct Loop {
  int rank = 0;
  int operands = 0;
  int64_t extent[kMostRank];
  int64_t stride[kMostOperands][kMostRank];

  KERNELS_INLINE int64_t total() const {
    int64_t product = 1;
    for (int axis = 0; axis < rank; axis++) product = times(product, extent[axis]);
    return product;
  }
  // Elements that an operand must hold.
  KERNELS_INLINE int64_t span(int operand) const {
    int64_t last = 0;
    for (int axis = 0; axis < rank; axis++) {
      if (extent[axis] == 0) return 0;
      last += times(extent[axis] - 1, stride[operand][axis]);
      if (last > kMostElements) return kMostElements;
    }
    return last + 1;
  }
};

// `[rank, ...extents, ...strides of each operand]` from scalar `at` to the end of the list.
static inline Loop readLoop(Call& call, int at, int operands) {
  Loop loop;
  loop.operands = operands;
  const int rank = int(call.integer(at, 1, kMostRank));
  call.form(-1, at + 1 + rank * (1 + operands));
  if (at + 1 + rank * (1 + operands) > call.scalarCount()) return loop;
  loop.rank = rank;
  for (int axis = 0; axis < rank; axis++) loop.extent[axis] = call.extent(at + 1 + axis);
  for (int operand = 0; operand < operands; operand++) {
    for (int axis = 0; axis < rank; axis++) loop.stride[operand][axis] = call.extent(at + 1 + rank * (1 + operand) + axis);
  }
  return loop;
}

// Walks some axes of a loop in row-major order and keeps the offset of every operand.
struct Walk {
  explicit Walk(const Loop* walked) : loop(walked) {}

  const Loop* loop;
  int axes[kMostRank];
  int count = 0;
  int64_t index[kMostRank];
  int64_t offset[kMostOperands];

  KERNELS_INLINE int64_t total() const {
    int64_t product = 1;
    for (int i = 0; i < count; i++) product *= loop->extent[axes[i]];
    return product;
  }
  __attribute__((noinline)) void start(int64_t position, const int64_t* base) {
    for (int operand = 0; operand < loop->operands; operand++) offset[operand] = base == nullptr ? 0 : base[operand];
    for (int i = count - 1; i >= 0; i--) {
      const int64_t extent = loop->extent[axes[i]];
      index[i] = position % extent;
      position /= extent;
      for (int operand = 0; operand < loop->operands; operand++) offset[operand] += index[i] * loop->stride[operand][axes[i]];
    }
  }
  __attribute__((noinline)) void next() {
    for (int i = count - 1; i >= 0; i--) {
      const int axis = axes[i];
      for (int operand = 0; operand < loop->operands; operand++) offset[operand] += loop->stride[operand][axis];
      if (++index[i] < loop->extent[axis]) return;
      for (int operand = 0; operand < loop->operands; operand++) offset[operand] -= loop->extent[axis] * loop->stride[operand][axis];
      index[i] = 0;
    }
  }
};

// n <= 16 elements of an operand, `stride` apart.
KERNELS_OUTLINE Lanes loadScattered(const float* from, int64_t stride, int64_t n) {
  float all[kLanes] = {};
  for (int64_t i = 0; i < n; i++) all[i] = from[i * stride];
  return load(all);
}
KERNELS_INLINE Lanes loadStrided(const float* from, int64_t stride, int64_t n) {
  if (stride == 1) return load(from, n);
  if (stride == 0) return broadcast(*from);
  return loadScattered(from, stride, n);
}

// How values become one where the last operand has stride 0. `finish` makes what is stored of what was combined.
struct Addition {
  static constexpr float kIdentity = 0.0f;
  KERNELS_INLINE static Lanes combine(Lanes a, Lanes b) { return a + b; }
  KERNELS_INLINE static float fold(Lanes a) { return sum(a); }
  template <class T>
  KERNELS_INLINE static T finish(T total) {
    return total;
  }
};

// What one of these kernels computes: value(reads...) for every index of the loop, combined where the last operand has stride 0, times `factor`.
template <int kReads, class Value, class Combine = Addition>
struct StridedKernel {
  const Loop loop;
  const float* read[kReads];
  float* y;
  float factor;
  bool accumulate;
  Value value;

  static constexpr int64_t kRun = 8192;  // elements in one partial sum of a whole tensor
  static constexpr int kChunks = 16;     // partial sums of a long column

  KERNELS_INLINE Lanes at(const int64_t* offset, int axis, int64_t i, int64_t n) const {
    Lanes operand[kReads];
#pragma GCC unroll 4
    for (int r = 0; r < kReads; r++) {
      const int64_t stride = loop.stride[r][axis];
      operand[r] = loadStrided(read[r] + offset[r] + i * stride, stride, n);
    }
    if constexpr (kReads == 1) return value(operand[0]);
    if constexpr (kReads == 2) return value(operand[0], operand[1]);
    if constexpr (kReads == 3) return value(operand[0], operand[1], operand[2]);
    if constexpr (kReads == 4) return value(operand[0], operand[1], operand[2], operand[3]);
  }

  KERNELS_INLINE void put(float* to, Lanes result, int64_t n) const {
    result = Combine::finish(result) * factor;
    store(to, accumulate ? load(to, n) + result : result, n);
  }
  KERNELS_INLINE void put(float* to, float result) const {
    result = Combine::finish(result) * factor;
    *to = accumulate ? *to + result : result;
  }

  void run(Call& call) const {
    const int inner = loop.rank - 1;
    Walk kept(&loop), summed(&loop);
    for (int axis = 0; axis < inner; axis++) {
      Walk& walk = loop.stride[kReads][axis] == 0 && loop.extent[axis] != 1 ? summed : kept;
      walk.axes[walk.count++] = axis;
    }
    const int64_t width = loop.extent[inner];
    const bool innerSummed = loop.stride[kReads][inner] == 0 && width != 1;
    if (kept.total() == 0 || (!innerSummed && width == 0)) return;
    if (innerSummed) return kept.count == 0 && summed.count == 0 && width > kRun ? sumAll(call) : sumRows(call, kept, summed);
    if (summed.count == 0) return map(call, kept);
    return sumColumns(call, kept, summed);
  }

  // Nothing is summed.
  void map(Call& call, const Walk& rows) const {
    const int inner = loop.rank - 1;
    const int64_t width = loop.extent[inner], stride = loop.stride[kReads][inner], total = rows.total();
    const auto row = [&](const Walk& at_, int64_t begin, int64_t end) {
      float* to = y + at_.offset[kReads];
      eachLanes(begin, end, [&](int64_t i, int64_t n) {
#pragma GCC unroll 4
        for (int r = 0; r < kReads; r++) {
          if (loop.stride[r][inner] == 1) expectRead(read[r] + at_.offset[r] + i + kFloatsAhead);
        }
        const Lanes result = at(at_.offset, inner, i, n);
        if (stride == 1) {
          expectWrite(to + i + kFloatsAhead);
          return put(to + i, result, n);
        }
        float all[kLanes];
        store(all, result);
        for (int64_t l = 0; l < n; l++) put(to + (i + l) * stride, all[l]);
      });
    };
    if (total == 1) {
      return call.ranges(width, kElementGrain, [&](int64_t begin, int64_t end, int) {
        Walk walk = rows;
        walk.start(0, nullptr);
        row(walk, begin, end);
      });
    }
    call.ranges(total, kElementGrain / (width + 16) + 1, [&](int64_t begin, int64_t end, int) {
      Walk walk = rows;
      walk.start(begin, nullptr);
      for (int64_t r = begin; r < end; r++, walk.next()) row(walk, 0, width);
    });
  }

  // The innermost extent is summed: sixteen lanes along it, kept through the outer summed extents, folded at the end.
  void sumRows(Call& call, const Walk& rows, const Walk& outer) const {
    const int inner = loop.rank - 1;
    const int64_t width = loop.extent[inner], outerTotal = width == 0 ? 0 : outer.total();
    call.ranges(rows.total(), kElementGrain / (times(width, outerTotal) + 16) + 1, [&](int64_t begin, int64_t end, int) {
      Walk walk = rows;
      walk.start(begin, nullptr);
      for (int64_t r = begin; r < end; r++, walk.next()) {
        Lanes lanes = broadcast(Combine::kIdentity);
        Walk deep = outer;
        if (outerTotal > 0) deep.start(0, walk.offset);
        for (int64_t o = 0; o < outerTotal; o++, deep.next()) {
          eachLanes(0, width, [&](int64_t i, int64_t n) {
            lanes = Combine::combine(lanes, padded(at(deep.offset, inner, i, n), n, Combine::kIdentity));
          });
        }
        put(y + walk.offset[kReads], Combine::fold(lanes));
      }
    });
  }

  // One long sum: partial sums of kRun elements, then their sum.
  void sumAll(Call& call) const {
    const int64_t width = loop.extent[0], runs = (width + kRun - 1) / kRun;
    const int64_t origin[kMostOperands] = {};
    Workspace space;
    if (!call.workspace(runs, 0, &space)) return;
    call.parallel(runs, [&](int64_t run, int) {
      Lanes lanes = broadcast(Combine::kIdentity);
      const int64_t end = (run + 1) * kRun < width ? (run + 1) * kRun : width;
      eachLanes(run * kRun, end, [&](int64_t i, int64_t n) {
        lanes = Combine::combine(lanes, padded(at(origin, 0, i, n), n, Combine::kIdentity));
      });
      space.all[run] = Combine::fold(lanes);
    });
    Lanes lanes = broadcast(Combine::kIdentity);
    eachLanes(0, runs, [&](int64_t i, int64_t n) {
      lanes = Combine::combine(lanes, padded(load(space.all + i, n), n, Combine::kIdentity));
    });
    put(y, Combine::fold(lanes));
  }

  // Outer extents are summed: a chain for each element of the innermost, in partial sums where the chain is long. Threads share out the rows where each is
  // little work, the columns and partial sums of one row after another where it is much.
  void sumColumns(Call& call, const Walk& rows, const Walk& outer) const {
    const int inner = loop.rank - 1;
    const int64_t width = loop.extent[inner], length = outer.total(), stride = loop.stride[kReads][inner];
    const int64_t chunks = length >= 32 * kChunks ? kChunks : 1;
    const int64_t strips = (width + 4 * kLanes - 1) / (4 * kLanes);
    const int64_t total = rows.total(), work = times(length, width);
    const bool sharesRows = work <= kElementGrain;
    const int64_t partials = chunks * strips * 4 * kLanes;
    Workspace space;
    if (!call.workspace(sharesRows ? 0 : partials, sharesRows ? partials : 0, &space)) return;
    const auto strip = [&](const Walk& walk, float* into, int64_t task) {
      const int64_t chunk = task / strips, column = task % strips * 4 * kLanes;
      const int64_t from = length * chunk / chunks, to = length * (chunk + 1) / chunks;
      const Lanes none = broadcast(Combine::kIdentity);
      Lanes lanes[4] = {none, none, none, none};
      Walk deep = outer;
      if (from < to) deep.start(from, walk.offset);
      for (int64_t o = from; o < to; o++, deep.next()) {
#pragma GCC unroll 4
        for (int s = 0; s < 4; s++) {
          const int64_t i = column + s * kLanes;
          if (i < width) lanes[s] = Combine::combine(lanes[s], at(deep.offset, inner, i, width - i < kLanes ? width - i : kLanes));
        }
      }
      for (int s = 0; s < 4; s++) store(into + (chunk * strips * 4 + task % strips * 4 + s) * kLanes, lanes[s]);
    };
    const auto finish = [&](const Walk& walk, const float* from) {
      eachLanes(0, width, [&](int64_t i, int64_t n) {
        Lanes lanes = load(from + i);
        for (int64_t chunk = 1; chunk < chunks; chunk++) {
          lanes = Combine::combine(lanes, load(from + chunk * strips * 4 * kLanes + i));
        }
        if (stride == 1) return put(y + walk.offset[kReads] + i, lanes, n);
        float all[kLanes];
        store(all, lanes);
        for (int64_t l = 0; l < n; l++) put(y + walk.offset[kReads] + (i + l) * stride, all[l]);
      });
    };
    if (sharesRows) {
      return call.ranges(total, kElementGrain / (work + 16) + 1, [&](int64_t begin, int64_t end, int worker) {
        Walk walk = rows;
        walk.start(begin, nullptr);
        for (int64_t r = begin; r < end; r++, walk.next()) {
          for (int64_t task = 0; task < chunks * strips; task++) strip(walk, space.of(worker), task);
          finish(walk, space.of(worker));
        }
      });
    }
    Walk walk = rows;
    walk.start(0, nullptr);
    for (int64_t r = 0; r < total; r++, walk.next()) {
      call.parallel(chunks * strips, [&](int64_t task, int) { strip(walk, space.all, task); });
      finish(walk, space.all);
    }
  }
};

// The kernels of binary ops: y contiguous in the loop's order. Buffers a, b, y; scalars the loop over (a, b).
template <class Value>
static inline void binaryForward(Call& call, Value value) {
  call.form(3, -1);
  Loop loop = readLoop(call, 0, 2);
  const int64_t total = loop.total();
  const float* a = call.floats(0, loop.span(0));
  const float* b = call.floats(1, loop.span(1));
  float* y = call.out(2, total);
  if (call.refused()) return;
  int64_t stride = 1;
  for (int axis = loop.rank - 1; axis >= 0; axis--) {
    loop.stride[2][axis] = stride;
    stride *= loop.extent[axis];
  }
  loop.operands = 3;
  StridedKernel<2, Value>{loop, {a, b}, y, 1.0f, false, value}.run(call);
}

// Combines into the last operand of the loop, by addition or another way. Buffers reads..., y; scalars from `at` on: the loop over (reads..., y).
template <int kReads, class Combine = Addition, class Value>
static inline void sumForward(Call& call, int at, bool accumulate, float factor, Value value) {
  call.form(kReads + 1, -1);
  const Loop loop = readLoop(call, at, kReads + 1);
  StridedKernel<kReads, Value, Combine> kernel{loop, {}, nullptr, factor, accumulate, value};
  for (int r = 0; r < kReads; r++) kernel.read[r] = call.floats(r, loop.span(r));
  // A sum of nothing still writes its zeros.
  Loop written = loop;
  for (int axis = 0; axis < loop.rank; axis++) {
    if (loop.stride[kReads][axis] == 0) written.extent[axis] = 1;
  }
  kernel.y = call.out(kReads, written.span(kReads));
  if (call.refused()) return;
  kernel.run(call);
}

}  // namespace kernels::KERNELS_ISA
