// Kernels over rows whose parameters' gradients are sums over the rows: each of a fixed number of runs of rows is summed in order, then the runs.
#pragma once
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

constexpr int64_t kRowRuns = 16;

KERNELS_INLINE int64_t rowGrain(int64_t width) { return kElementGrain / (width + 16) + 1; }

// Sums over a row of `width`: total(i, n) in lanes.
template <class Term>
KERNELS_INLINE Lanes rowLanes(int64_t width, Term term) {
  Lanes total = broadcast(0.0f);
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) total = total + term(i, int64_t(kLanes));
  if (i < width) total = total + padded(term(i, width - i), width - i, 0.0f);
  return total;
}

// The same for kRows rows at once: sums[r] from term(r, i, n). A sum is one chain of additions in each lane, and several hide each other's latency.
template <int kRows, class Term>
KERNELS_INLINE void sumsOfRows(int64_t width, float (&sums)[kRows], Term term) {
  Lanes total[kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; r++) total[r] = broadcast(0.0f);
  eachLanes(0, width, [&](int64_t i, int64_t n) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; r++) total[r] = total[r] + padded(term(r, i, n), n, 0.0f);
  });
#pragma GCC unroll 4
  for (int r = 0; r < kRows; r++) sums[r] = sum(total[r]);
}

KERNELS_INLINE void put(float* to, Lanes value, int64_t n, bool accumulate) {
  store(to, accumulate ? load(to, n) + value : value, n);
}

// Runs rowBody(row, sums) over all rows, where `sums` is a private array of `columns` floats (set to 0 at the start of a run) to which the row adds; then
// finish(totals) with the sums of all rows. `columns` is rounded up to whole lanes, so that a row may add whole lanes.
template <class RowBody, class Finish>
KERNELS_INLINE void sumOverRows(Call& call, int64_t rows, int64_t columns, RowBody&& rowBody, Finish&& finish) {
  const int64_t stride = (columns + kLanes - 1) / kLanes * kLanes;
  const int64_t runs = rows < kRowRuns ? (rows > 0 ? rows : 1) : kRowRuns;
  Workspace space;
  if (!call.workspace(runs * stride, 0, &space)) return;
  const auto run = [&](int64_t task, int) {
    float* sums = space.all + task * stride;
    for (int64_t i = 0; i < stride; i += kLanes) store(sums + i, broadcast(0.0f));
    const int64_t end = rows * (task + 1) / runs;
    for (int64_t row = rows * task / runs; row < end; row++) rowBody(row, sums);
  };
  if (rows * columns <= kElementGrain) {
    for (int64_t task = 0; task < runs; task++) run(task, 0);
  } else {
    call.parallel(runs, run);
  }
  for (int64_t i = 0; i < stride; i += kLanes) {
    Lanes total = load(space.all + i);
    for (int64_t task = 1; task < runs; task++) total = total + load(space.all + task * stride + i);
    store(space.all + i, total);
  }
  finish(static_cast<const float*>(space.all));
}

// gradient (+)= totals, where there is a gradient.
KERNELS_INLINE void putTotals(float* gradient, const float* totals, int64_t width, bool accumulate) {
  if (gradient == nullptr) return;
  eachLanes(0, width, [&](int64_t i, int64_t n) { put(gradient + i, load(totals + i, n), n, accumulate); });
}

}  // namespace kernels::KERNELS_ISA
