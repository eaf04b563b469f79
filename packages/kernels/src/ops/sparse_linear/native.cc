// Products with a weight of which some elements are stored: compressed rows, blocks, or N of M. An element of y is sixteen chains of fused multiply-adds, stored
// element q in chain q mod 16, added up by one fixed tree, so that a row of x gives the same bits alone and in any batch. A few rows of x are gathered from; for more
// rows x is turned round, and the lanes are rows.
#include "../quantized_linear/packed_weight.h"
#include "elementwise.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct SparseWeight {
  int64_t in, out, stored, blockRows, blockColumns, kept, of;
  const int32_t *rowStarts, *columns;
  const uint8_t* positions;
  int bits = 1;

  int64_t perRow() const { return of > 0 ? in / of * kept : 0; }
  int64_t blocks() const { return stored / (blockRows * blockColumns); }
};

// The stored elements of a row: how many, their columns, and the place of each among the values (contiguous for `run` elements at a time).
struct StoredRow {
  int64_t count = 0;
  const int32_t* columns = nullptr;
  int64_t first = 0, run = 1, step = 1;  // element q stands at first + q / run * step + q % run
  int64_t at(int64_t q) const { return first + q / run * step + q % run; }
};

// Buffers from `firstBuffer` on: rowStarts, columns, positions.
static SparseWeight readPattern(Call& call, int firstBuffer) {
  SparseWeight weight{};
  weight.in = call.extent(1);
  weight.out = call.extent(2);
  weight.stored = call.extent(3);
  weight.blockRows = call.integer(4, 1, kMostElements);
  weight.blockColumns = call.integer(5, 1, kMostElements);
  weight.kept = call.integer(6, 0, 256);
  weight.of = call.integer(7, 0, 256);
  call.require(weight.kept <= weight.of && (weight.of == 0) == (weight.kept == 0), "N of M with N at most M");
  if (weight.of > 0) {
    while ((1 << weight.bits) < weight.of) weight.bits++;
    call.require(weight.in % weight.of == 0 && weight.stored == times(weight.out, weight.perRow()), "M divides in, and N in / M values are stored a row");
    weight.positions = call.bytes(firstBuffer + 2, times(weight.out, (times(weight.perRow(), weight.bits) + 7) / 8));
    return weight;
  }
  const int64_t size = times(weight.blockRows, weight.blockColumns);
  call.require(weight.out % weight.blockRows == 0 && weight.in % weight.blockColumns == 0 && weight.stored % size == 0, "blocks divide the weight");
  weight.rowStarts = call.integers(firstBuffer, weight.out / weight.blockRows + 1);
  weight.columns = call.integers(firstBuffer + 1, weight.stored / size);
  return weight;
}

// Elements of the longest row; -1 and a fault where the row starts do not go from the first stored value to the last.
static int64_t longestRow(Call& call, const SparseWeight& weight) {
  if (weight.of > 0) return weight.perRow();
  int64_t longest = 0;
  const int64_t first = weight.rowStarts[0], last = weight.rowStarts[weight.out / weight.blockRows];
  if (first != 0 || last != weight.blocks()) {
    call.fail("index-out-of-range", "rows go from %lld to %lld, not from 0 to %lld", (long long)first, (long long)last, (long long)weight.blocks());
    return -1;
  }
  for (int64_t i = 0; i < weight.out / weight.blockRows; i++) {
    const int64_t from = weight.rowStarts[i], to = weight.rowStarts[i + 1];
    if (from < 0 || from > to || to > weight.blocks()) {
      call.fail("index-out-of-range", "row %lld goes from %lld to %lld of %lld", (long long)(i * weight.blockRows), (long long)from, (long long)to,
                (long long)weight.blocks());
      return -1;
    }
    if (to - from > longest) longest = to - from;
  }
  return longest * weight.blockColumns;
}

// N of M: what takes sixteen positions apart, and the first column of each element's neighbours, the same for every row.
struct Positions {
  PackedWeight stream;
  Extraction how;
  int32_t* bases = nullptr;

  explicit Positions(const SparseWeight& weight) : stream(streamOf(weight)), how(stream) {}
  static PackedWeight streamOf(const SparseWeight& weight) {
    PackedWeight stream{};
    stream.in = weight.perRow();
    stream.out = weight.out;
    stream.bits = weight.bits;
    stream.codes = weight.positions;
    return stream;
  }
  // `memory` holds the elements of a row, rounded up to sixteen.
  void place(const SparseWeight& weight, int32_t* memory) {
    bases = memory;
    for (int64_t q = 0; q < weight.perRow(); q += weight.kept) {
      for (int64_t j = 0; j < weight.kept; j++) bases[q + j] = int32_t(q / weight.kept * weight.of);
    }
  }
};

// False where a column lies beyond the weight.
static bool storedRow(Call& call, const SparseWeight& weight, const Positions& positions, int64_t o, int32_t* memory, StoredRow* row) {
  row->columns = memory;
  if (weight.of > 0) {
    row->count = row->run = weight.perRow();
    row->first = o * row->count;
    for (int64_t q = 0; q < row->count; q += kLanes) {
      const Ints codes = codesAt<Coding::kBits>(positions.how, positions.stream.row(o), q);
      KERNELS_EACH_PART {
        IntVec base;
        __builtin_memcpy(&base, positions.bases + q + i * kWidth, sizeof base);
        base = base + codes.part[i];
        __builtin_memcpy(memory + q + i * kWidth, &base, sizeof base);
      }
    }
    // Every position of its bits is one of M neighbours.
    if (weight.of == 1 << weight.bits) {
      if (row->run == 0) row->run = 1;
      return true;
    }
  } else {
    const int64_t from = weight.rowStarts[o / weight.blockRows], to = weight.rowStarts[o / weight.blockRows + 1], width = weight.blockColumns;
    row->count = (to - from) * width;
    row->first = (from * weight.blockRows + o % weight.blockRows) * width;
    row->run = width;
    row->step = weight.blockRows * width;
    if (width == 1) {
      row->columns = weight.columns + from;
    } else {
      for (int64_t b = from; b < to; b++) {
        const int64_t first = int64_t(weight.columns[b]) * width;
        // A block beyond the weight stays beyond it as a 32-bit column.
        for (int64_t j = 0; j < width; j++) memory[(b - from) * width + j] = first < 0 || first >= weight.in ? -1 : int32_t(first + j);
      }
    }
  }
  if (row->run == 0) row->run = 1;
  for (int64_t q = 0; q < row->count; q++) {
    if (uint32_t(row->columns[q]) >= uint64_t(weight.in)) {
      call.fail("index-out-of-range", "column %d of %lld in row %lld", row->columns[q], (long long)weight.in, (long long)o);
      return false;
    }
  }
  return true;
}

// The row's values side by side: where they stand, or copied into memory.
static const float* valuesOf(const StoredRow& row, const float* values, float* memory) {
  if (row.run == row.step || row.run >= row.count) return values + row.first;
  for (int64_t q = 0; q < row.count; q += row.run) __builtin_memcpy(memory + q, values + row.at(q), size_t(row.run) * 4);
  return memory;
}

KERNELS_INLINE Lanes gathered(const float* from, const int32_t* columns, int64_t n) {
  alignas(64) float all[kLanes] = {};
#if defined(KERNELS_AVX512)
  if (n >= kLanes) return {(Vec)_mm512_i32gather_ps(_mm512_loadu_si512(columns), from, 4)};
#elif defined(KERNELS_AVX2)
  if (n >= kLanes) {
    return {(Vec)_mm256_i32gather_ps(from, _mm256_loadu_si256((const __m256i*)columns), 4),
            (Vec)_mm256_i32gather_ps(from, _mm256_loadu_si256((const __m256i*)(columns + 8)), 4)};
  }
#endif
  for (int64_t l = 0; l < kLanes && l < n; l++) all[l] = from[columns[l]];
  return load(all);
}

// to[i * stride + r] = from[r * width + i]; rows up to the stride are 0.
static void turnRound(Call& call, const float* from, int64_t rows, int64_t width, int64_t stride, float* to) {
  call.ranges(width, kElementGrain / (stride + 1) + 1, [=](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t r = 0; r < rows; r++) to[i * stride + r] = from[r * width + i];
      for (int64_t r = rows; r < stride; r++) to[i * stride + r] = 0.0f;
    }
  });
}

constexpr int64_t kManyRows = 8;
constexpr int64_t kRowGrain = 16;

static void forward(Call& call) {
  call.form(7, 8);
  const int64_t rows = call.extent(0);
  const SparseWeight weight = readPattern(call, 2);
  const float* x = call.floats(0, times(rows, weight.in));
  const float* values = call.floats(1, weight.stored);
  const float* bias = call.floatsOrNone(5, weight.out);
  float* y = call.out(6, times(rows, weight.out));
  if (call.refused() || rows == 0 || weight.out == 0) return;
  const int64_t longest = longestRow(call, weight);
  if (longest < 0) return;
  const bool turned = rows >= kManyRows;
  const int64_t stride = turned ? (rows + kLanes - 1) / kLanes * kLanes : 0;
  Workspace space;
  const int64_t turnedFloats = times(weight.in, stride);
  if (!call.workspace(turnedFloats + longest + kLanes, 2 * (longest + kLanes), &space)) return;
  Positions positions(weight);
  if (weight.of > 0) positions.place(weight, (int32_t*)(space.all + turnedFloats));
  if (turned) turnRound(call, x, rows, weight.in, stride, space.all);
  call.ranges(weight.out, kRowGrain, [&](int64_t begin, int64_t end, int worker) {
    int32_t* columns = (int32_t*)space.of(worker);
    for (int64_t o = begin; o < end; o++) {
      StoredRow row;
      if (!storedRow(call, weight, positions, o, columns, &row)) return;
      const float* value = valuesOf(row, values, space.of(worker) + longest + kLanes);
      const float added = bias != nullptr ? bias[o] : 0.0f;
      if (!turned) {
        for (int64_t r = 0; r < rows; r++) {
          Lanes chain = broadcast(0.0f);
          eachLanes(0, row.count, [&](int64_t q, int64_t n) { chain = fma(gathered(x + r * weight.in, row.columns + q, n), load(value + q, n), chain); });
          y[r * weight.out + o] = sum(chain) + added;
        }
        continue;
      }
      for (int64_t r = 0; r < rows; r += kWidth) {
        Vec chain[kLanes];
#pragma GCC unroll 16
        for (int c = 0; c < kLanes; c++) chain[c] = Vec{};
        int64_t q = 0;
        for (; q + kLanes <= row.count; q += kLanes) {
#pragma GCC unroll 16
          for (int c = 0; c < kLanes; c++) {
            chain[c] = fma(loadVec(space.all + row.columns[q + c] * stride + r), broadcastVec(value[q + c]), chain[c]);
          }
        }
#pragma GCC unroll 16
        for (int c = 0; c < kLanes; c++) {
          if (q + c >= row.count) break;
          chain[c] = fma(loadVec(space.all + row.columns[q + c] * stride + r), broadcastVec(value[q + c]), chain[c]);
        }
        // The tree of sum(): chain c with c + 8, then + 4, + 2, + 1.
#pragma GCC unroll 4
        for (int half = 8; half > 0; half /= 2) {
#pragma GCC unroll 8
          for (int c = 0; c < half; c++) chain[c] = chain[c] + chain[c + half];
        }
        for (int l = 0; l < kWidth && r + l < rows; l++) y[(r + l) * weight.out + o] = chain[0][l] + added;
      }
    }
  });
}

// Sixteen rows of dx at a time stand in the lanes, [in][16]: each element is one chain in the order of (o, q).
static void backward(Call& call) {
  call.form(6, 9);
  const int64_t rows = call.extent(0);
  const SparseWeight weight = readPattern(call, 2);
  const bool accumulate = call.flag(8);
  const float* dy = call.floats(0, times(rows, weight.out));
  const float* values = call.floats(1, weight.stored);
  float* dx = call.out(5, times(rows, weight.in));
  if (call.refused() || rows == 0 || weight.in == 0) return;
  const int64_t longest = longestRow(call, weight);
  if (longest < 0) return;
  Workspace space;
  if (!call.workspace(longest + kLanes, 2 * (longest + kLanes) + times(weight.in, kLanes), &space)) return;
  Positions positions(weight);
  if (weight.of > 0) positions.place(weight, (int32_t*)space.all);
  call.parallel((rows + kLanes - 1) / kLanes, [&](int64_t task, int worker) {
    const int64_t first = task * kLanes, n = rows - first < kLanes ? rows - first : kLanes;
    int32_t* columns = (int32_t*)space.of(worker);
    float *copied = space.of(worker) + longest + kLanes, *sums = copied + longest + kLanes;
    for (int64_t i = 0; i < weight.in; i++) store(sums + i * kLanes, broadcast(0.0f));
    for (int64_t o = 0; o < weight.out; o++) {
      StoredRow row;
      if (!storedRow(call, weight, positions, o, columns, &row)) return;
      const float* value = valuesOf(row, values, copied);
      alignas(64) float gradient[kLanes] = {};
      for (int64_t r = 0; r < n; r++) gradient[r] = dy[(first + r) * weight.out + o];
      const Lanes all = load(gradient);
      for (int64_t q = 0; q < row.count; q++) {
        float* at = sums + row.columns[q] * int64_t(kLanes);
        store(at, fma(all, value[q], load(at)));
      }
    }
    for (int64_t r = 0; r < n; r++) {
      float* to = dx + (first + r) * weight.in;
      for (int64_t i = 0; i < weight.in; i++) to[i] = accumulate ? to[i] + sums[i * kLanes + r] : sums[i * kLanes + r];
    }
  });
}

// Rows of x and dy stand in the lanes: row r in chain r mod 16.
static void gradientOfValues(Call& call) {
  call.form(6, 9);
  const int64_t rows = call.extent(0);
  const SparseWeight weight = readPattern(call, 2);
  const bool accumulate = call.flag(8);
  const float* dy = call.floats(0, times(rows, weight.out));
  const float* x = call.floats(1, times(rows, weight.in));
  float* dvalues = call.out(5, weight.stored);
  if (call.refused() || weight.stored == 0) return;
  const int64_t longest = longestRow(call, weight);
  if (longest < 0) return;
  const int64_t stride = (rows + kLanes - 1) / kLanes * kLanes;
  Workspace space;
  const int64_t turnedFloats = times(weight.in + weight.out, stride);
  if (!call.workspace(turnedFloats + longest + kLanes, longest + kLanes, &space)) return;
  Positions positions(weight);
  if (weight.of > 0) positions.place(weight, (int32_t*)(space.all + turnedFloats));
  float *turnedX = space.all, *turnedDy = space.all + weight.in * stride;
  turnRound(call, x, rows, weight.in, stride, turnedX);
  turnRound(call, dy, rows, weight.out, stride, turnedDy);
  call.ranges(weight.out, kRowGrain, [&](int64_t begin, int64_t end, int worker) {
    for (int64_t o = begin; o < end; o++) {
      StoredRow row;
      if (!storedRow(call, weight, positions, o, (int32_t*)space.of(worker), &row)) return;
      for (int64_t q = 0; q < row.count; q++) {
        const float* column = turnedX + row.columns[q] * stride;
        Lanes chain = broadcast(0.0f);
        for (int64_t r = 0; r < stride; r += kLanes) chain = fma(load(turnedDy + o * stride + r), load(column + r), chain);
        float* to = dvalues + row.at(q);
        *to = accumulate ? *to + sum(chain) : sum(chain);
      }
    }
  });
}

KERNELS(sparse_linear) = {
    {"sparse_linear.forward", forward}, {"sparse_linear.backward", backward}, {"sparse_linear.values", gradientOfValues}, {}};

}  // namespace kernels::KERNELS_ISA
