// Scaled dot-product attention, fused: scores never leave a thread's own cache. One task is one batch element and one key head with the query heads that
// share it; keys and values are packed once for all of them.
//
// Scores are computed across: a row for each key, 32 queries side by side in the lanes. So softmax needs no sum within a register, and the block is already what
// the product with the values takes as its left operand. Keys that no query of the block sees are left out: half of the work where it is causal.
//
// A single query has nothing to stand beside in the lanes: there the keys do (stories260K, 32 texts of 40 tokens: 257 -> 48 us a layer on one thread).
//
// Each element of y, dq, dk and dv, each maximum and each sum is one chain in the order of the summed index: bits do not depend on threads, batch or blocking.
// A hidden score counts as probability 0.
#include "attention.h"
#include "transpose.h"

namespace kernels::KERNELS_ISA {

// --- forward ---

struct ForwardTask {
  const Shape& shape;
  const float *q, *k, *v, *slopes;
  float *y, *logSumExps;

  int64_t floats() const {
    return times(paddedRows(shape.keyTime), shape.dim) + times(shape.keyTime, paddedColumns(shape.dim)) + times(kQueries, shape.dim) +
           times(paddedRows(shape.keyTime), kQueries) + 5 * kLanes + kPanelSlack;
  }

  struct Softmax {
    Lanes top, total;
  };
  // Turns sixteen queries' products (from lane group h on) into exp(s - max), 0 where hidden.
  Softmax exponentials(float* products, const Sight& sight, Range keys, int h, float slope) const {
    Lanes top = broadcast(-__builtin_inff()), total = broadcast(0.0f);
    float* column = products + h * kLanes;
    for (int64_t j = keys.from; j < keys.to; j++) {
      Lanes s = shape.score(load(column + j * kQueries), j, slope);
      if (!sight.whole(j)) s = sight.masked(s, j, h, -__builtin_inff());
      store(column + j * kQueries, s);
      top = larger(s, top);
    }
    for (int64_t j = keys.from; j < keys.to; j++) {
      const Lanes e = expOfNegative(load(column + j * kQueries) - top);
      store(column + j * kQueries, e);
      total = total + e;
    }
    return {top, total};
  }

  // `Groups` registers of y of one query and head, from feature d on: the keys' values, weighed.
  template <int Groups>
  KERNELS_INLINE void weighOne(const float* weights, const float* values, int64_t keys, int64_t stride, int64_t rest, float scale, float* to) const {
    Lanes sum[Groups];
    for (int g = 0; g < Groups; g++) sum[g] = broadcast(0.0f);
    const int64_t last = rest - (Groups - 1) * kLanes;
    for (int64_t j = 0; j < keys; j++, values += stride) {
      const Lanes weight = broadcast(weights[j]);
#pragma GCC unroll 4
      for (int g = 0; g < Groups - 1; g++) sum[g] = fma(weight, load(values + g * kLanes), sum[g]);
      const float* end = values + (Groups - 1) * kLanes;
      sum[Groups - 1] = fma(weight, last >= kLanes ? load(end) : load(end, last), sum[Groups - 1]);
    }
    for (int g = 0; g < Groups - 1; g++) store(to + g * kLanes, sum[g] * scale);
    store(to + (Groups - 1) * kLanes, sum[Groups - 1] * scale, last < kLanes ? last : kLanes);
  }

  // Keys `seen` of a head with the features before the keys, [dim][room]: keys that are not there are 0.
  void turnKeys(Matrix rows, Range seen, int64_t room, float* keys) const {
    for (int64_t j = 0; j < room; j += kWidth) {
      for (int64_t d = 0; d < shape.dim; d += kWidth) {
        Vec square[kWidth];
#pragma GCC unroll 16
        for (int r = 0; r < kWidth; r++) {
          const float* from = rows.data + (seen.from + j + r) * rows.rowStride + d;
          square[r] = j + r >= seen.length() ? Vec{} : shape.dim - d >= kWidth ? loadVec(from) : loadSome(from, shape.dim - d);
        }
        transposeSquare(square);
        for (int r = 0; r < kWidth && d + r < shape.dim; r++) storeVec(keys + (d + r) * room + j, square[r]);
      }
    }
  }

  int64_t floatsOfOne() const {
    const int64_t room = (shape.keyTime + kLanes - 1) / kLanes * kLanes;
    return times(room, shape.dim) + room + 3 * kLanes;
  }

  // A single query, as decoding has it: the keys stand side by side in the lanes, so that no lane computes for queries that are not there. The chains are those of
  // `run`, and so are the bits.
  void runOne(int64_t task, float* memory) const {
    const int64_t b = task / shape.keyHeads, keyHead = task % shape.keyHeads, dim = shape.dim;
    const Range seen = shape.visibleTo(0, 1);
    const int64_t count = seen.length(), room = (count + kLanes - 1) / kLanes * kLanes;
    Carver carve{memory};
    float* keys = carve.take(room * dim);
    float* weights = carve.take(room);
    turnKeys(shape.keyRows(k, b, keyHead), seen, room, keys);
    const Matrix rows = shape.keyRows(v, b, keyHead).from(seen.from, 0);
    for (int64_t head = keyHead * shape.group(); head < (keyHead + 1) * shape.group(); head++) {
      const float* query = q + (b * shape.heads + head) * dim;
      const float slope = slopes != nullptr ? slopes[head] : 0.0f;
      Lanes tops = broadcast(-__builtin_inff());
      for (int64_t j = 0; j < room; j += kLanes) {
        Lanes raw = broadcast(0.0f);
        for (int64_t d = 0; d < dim; d++) raw = fma(load(keys + d * room + j), broadcast(query[d]), raw);
        const Lanes s = padded(shape.score(raw, laneNumbers() + float(seen.from + j), slope), count - j, -__builtin_inff());
        store(weights + j, s);
        tops = larger(s, tops);
      }
      float each[kLanes];
      store(each, tops);
      float top = each[0];
      for (int lane = 1; lane < kLanes; lane++) top = each[lane] > top ? each[lane] : top;
      for (int64_t j = 0; j < room; j += kLanes) store(weights + j, expOfNegative(load(weights + j) - broadcast(top)));
      float total = 0;
      for (int64_t j = 0; j < count; j++) total = total + weights[j];
      const float scale = 1.0f / total;
      float* to = y + (b * shape.heads + head) * dim;
      for (int64_t d = 0; d < dim; d += 4 * kLanes) {
        const int64_t rest = dim - d < 4 * kLanes ? dim - d : 4 * kLanes;
        const float* from = rows.data + d;
        switch ((rest + kLanes - 1) / kLanes) {
          case 1: weighOne<1>(weights, from, count, rows.rowStride, rest, scale, to + d); break;
          case 2: weighOne<2>(weights, from, count, rows.rowStride, rest, scale, to + d); break;
          case 3: weighOne<3>(weights, from, count, rows.rowStride, rest, scale, to + d); break;
          default: weighOne<4>(weights, from, count, rows.rowStride, rest, scale, to + d);
        }
      }
      if (logSumExps != nullptr) store(logSumExps + b * shape.heads + head, broadcast(top) + log(broadcast(total)), 1);
    }
  }

  void run(int64_t task, float* memory) const {
    const int64_t b = task / shape.keyHeads, keyHead = task % shape.keyHeads, dim = shape.dim, stride = shape.heads * dim;
    Carver carve{memory};
    float* keys = carve.take(paddedRows(shape.keyTime) * dim + kPanelSlack);
    float* values = carve.take(shape.keyTime * paddedColumns(dim));
    float* queries = carve.take(kQueries * dim);
    float* products = carve.take(paddedRows(shape.keyTime) * kQueries);
    packLeftAll(shape.keyRows(k, b, keyHead), shape.keyTime, dim, keys);
    packRightAll(shape.keyRows(v, b, keyHead), shape.keyTime, dim, values);
    for (int64_t head = keyHead * shape.group(); head < (keyHead + 1) * shape.group(); head++) {
      for (int64_t i = 0; i < shape.queryTime; i += kQueries) {
        const int64_t count = shape.queryTime - i < kQueries ? shape.queryTime - i : kQueries;
        const Range seen = shape.visibleTo(i, count);
        packRightAll(transposed(shape.queryRows(q, b, head).from(i, 0)), dim, count, queries);
        scoreBlock(keys, queries, dim, shape.keyTime, seen, count, products);
        const Sight sight(shape, i, count);
        Softmax softmax[kQueryLanes];
        for (int h = 0; h * kLanes < count; h++) softmax[h] = exponentials(products, sight, seen, h, slopes != nullptr ? slopes[head] : 0.0f);
        float* to = y + ((b * shape.queryTime + i) * shape.heads + head) * dim;
        weighRows(products, values, seen, shape.keyTime, dim, count, to, stride, false);
        for (int64_t first = 0, h = 0; first < count; first += kLanes, h++) {
          const int64_t n = count - first < kLanes ? count - first : kLanes;
          float scale[kLanes];
          store(scale, 1.0f / softmax[h].total);
          for (int64_t r = 0; r < n; r++) {
            float* row = to + (first + r) * stride;
            eachLanes(0, dim, [&](int64_t d, int64_t m) { store(row + d, load(row + d, m) * scale[r], m); });
          }
          if (logSumExps != nullptr) {
            store(logSumExps + (b * shape.heads + head) * shape.queryTime + i + first, softmax[h].top + log(softmax[h].total), n);
          }
        }
      }
    }
  }
};

static void forward(Call& call) {
  call.form(6, 11);
  const Shape shape = readShape(call);
  const float* q = call.floats(0, shape.queries());
  const float* k = call.floats(1, shape.keys());
  const float* v = call.floats(2, shape.keys());
  const float* slopes = call.floatsOrNone(3, shape.heads);
  float* y = call.out(4, shape.queries());
  float* logSumExps = call.outOrNone(5, times(shape.batch, shape.heads, shape.queryTime));
  if (call.refused()) return;
  const ForwardTask work{shape, q, k, v, slopes, y, logSumExps};
  Workspace space;
  const bool one = shape.queryTime == 1;
  if (!call.workspace(0, one ? work.floatsOfOne() : work.floats(), &space)) return;
  call.parallel(shape.batch * shape.keyHeads, [&](int64_t task, int worker) {
    if (one) {
      work.runOne(task, space.of(worker));
    } else {
      work.run(task, space.of(worker));
    }
  });
}

// --- backward ---

// Queries whose p and ds are kept, so that dk and dv are products over many queries.
constexpr int64_t kKeptQueries = 8 * kQueries;

struct BackwardTask {
  const Shape& shape;
  const float *dy, *q, *k, *v, *slopes, *y, *logSumExps;
  float *dq, *dk, *dv;
  bool accumulateQ, accumulateK, accumulateV;

  struct Memory {
    float *keys, *values;               // panels of k and v rows, along dim
    float* keyColumns;                  // panels of k columns, along the keys
    float *queryColumns, *dyColumns;    // panels of q and dy columns, along the kept queries
    float *queries, *gradients;         // a block of queries and of dy, along dim
    float *p, *ds;                      // a block, [key][query]
    float *keptP, *keptDs;              // the kept queries, [query][key]
  };

  int64_t kept() const { return shape.queryTime < kKeptQueries ? shape.queryTime : kKeptQueries; }
  int64_t keptRows() const { return (kept() + kQueries - 1) / kQueries * kQueries; }
  // A row of p or ds: panels of keys are read whole, beyond the last key too.
  int64_t keptStride() const { return (shape.keyTime + kLanes - 1) / kLanes * kLanes + kLanes; }

  Memory carve(float* from, int64_t* floats) const {
    const int64_t dim = shape.dim, wide = paddedColumns(dim), rows = paddedRows(shape.keyTime);
    const int64_t sizes[] = {times(rows, dim) + kPanelSlack, times(rows, dim) + kPanelSlack, times(shape.keyTime, wide), times(kept(), wide),
                             times(kept(), wide), times(kQueries, dim), times(kQueries, dim), times(keptStride(), kQueries),
                             times(keptStride(), kQueries), times(keptRows(), keptStride()), times(keptRows(), keptStride())};
    Memory memory;
    float** pieces[] = {&memory.keys, &memory.values, &memory.keyColumns, &memory.queryColumns, &memory.dyColumns, &memory.queries,
                        &memory.gradients, &memory.p, &memory.ds, &memory.keptP, &memory.keptDs};
    int64_t at = 0;
    for (int i = 0; i < 11; i++) {
      if (from != nullptr) *pieces[i] = from + at;
      at += (sizes[i] + 15) & ~int64_t(15);
      if (at > kMostElements) at = kMostElements;
    }
    if (floats != nullptr) *floats = at;
    return memory;
  }

  void run(int64_t task, float* from) const {
    const int64_t b = task / shape.keyHeads, keyHead = task % shape.keyHeads, dim = shape.dim;
    const Memory memory = carve(from, nullptr);
    packLeftAll(shape.keyRows(k, b, keyHead), shape.keyTime, dim, memory.keys);
    packLeftAll(shape.keyRows(v, b, keyHead), shape.keyTime, dim, memory.values);
    if (dq != nullptr) packRightAll(shape.keyRows(k, b, keyHead), shape.keyTime, dim, memory.keyColumns);
    bool first = true;
    for (int64_t head = keyHead * shape.group(); head < (keyHead + 1) * shape.group(); head++) {
      int64_t begin = 0;
      do {
        const int64_t count = shape.queryTime - begin < kept() ? shape.queryTime - begin : kept();
        for (int64_t i = 0; i < count; i += kQueries) {
          block(memory, b, head, begin + i, count - i < kQueries ? count - i : kQueries, memory.keptP + i * keptStride(), memory.keptDs + i * keptStride());
        }
        if (dk != nullptr) {
          packRightAll(shape.queryRows(q, b, head).from(begin, 0), count, dim, memory.queryColumns);
          gradientOfKeys(b, keyHead, begin, count, memory.keptDs, memory.queryColumns, dk, accumulateK || !first);
        }
        if (dv != nullptr) {
          packRightAll(shape.queryRows(dy, b, head).from(begin, 0), count, dim, memory.dyColumns);
          gradientOfKeys(b, keyHead, begin, count, memory.keptP, memory.dyColumns, dv, accumulateV || !first);
        }
        first = false;
        begin += count;
      } while (begin < shape.queryTime);
    }
  }

  // p and ds (with the score's scale in it) of a block of queries, dq from them, and both turned round into the kept rows.
  void block(const Memory& memory, int64_t b, int64_t head, int64_t i, int64_t count, float* keptP, float* keptDs) const {
    const int64_t dim = shape.dim, stride = shape.heads * dim, at = ((b * shape.queryTime + i) * shape.heads + head) * dim;
    const Range seen = shape.visibleTo(i, count);
    packRightAll(transposed(shape.queryRows(q, b, head).from(i, 0)), dim, count, memory.queries);
    packRightAll(transposed(shape.queryRows(dy, b, head).from(i, 0)), dim, count, memory.gradients);
    scoreBlock(memory.keys, memory.queries, dim, shape.keyTime, seen, count, memory.p);
    scoreBlock(memory.values, memory.gradients, dim, shape.keyTime, seen, count, memory.ds);
    // For each query: log-sum-exp, and dy . y
    alignas(64) float logSumExp[kQueries] = {}, inner[kQueries] = {};
    for (int64_t r = 0; r < count; r++) {
      const float *dyRow = dy + at + r * stride, *yRow = y + at + r * stride;
      logSumExp[r] = logSumExps[(b * shape.heads + head) * shape.queryTime + i + r];
      inner[r] = sum(rowLanes(dim, [&](int64_t d, int64_t n) { return load(dyRow + d, n) * load(yRow + d, n); }));
    }
    const Sight sight(shape, i, count);
    const float slope = slopes != nullptr ? slopes[head] : 0.0f;
    for (int h = 0; h * kLanes < count; h++) {
      const Lanes logSum = load(logSumExp + h * kLanes), product = load(inner + h * kLanes);
      for (int64_t j = seen.from; j < seen.to; j++) {
        float *p = memory.p + j * kQueries + h * kLanes, *ds = memory.ds + j * kQueries + h * kLanes;
        const Lanes raw = load(p);
        Lanes probability = expOfNegative(shape.score(raw, j, slope) - logSum);
        Lanes gradient = load(ds) - product;
        if (shape.softcap > 0) gradient = gradient * shape.capSlope(raw);
        if (!sight.whole(j)) {
          probability = sight.masked(probability, j, h, 0.0f);
          gradient = sight.masked(gradient, j, h, 0.0f);
        }
        gradient = probability * gradient;
        store(p, probability);
        store(ds, gradient * shape.scale);
      }
    }
    if (dq != nullptr) weighRows(memory.ds, memory.keyColumns, seen, shape.keyTime, dim, count, dq + at, stride, accumulateQ);
    if (dv != nullptr) turn(memory.p, seen, keptP);
    if (dk != nullptr) turn(memory.ds, seen, keptDs);
  }

  // kept[query][key] = block[key][query]; 0 around the keys that were computed, as far as a panel of keys that contains one of them reaches.
  void turn(float* block, Range keys, float* kept) const {
    const int64_t stride = keptStride();
    const int64_t from = shape.window > 0 ? 0 : keys.from / kLanes * kLanes, computed = (keys.to + kLanes - 1) / kLanes * kLanes, to = computed + kLanes;
    for (int64_t j = from; j < keys.from; j++) {
      for (int h = 0; h < kQueryLanes; h++) store(block + j * kQueries + h * kLanes, broadcast(0.0f));
    }
    for (int64_t j = keys.to; j < to && j < stride; j++) {
      for (int h = 0; h < kQueryLanes; h++) store(block + j * kQueries + h * kLanes, broadcast(0.0f));
    }
    for (int64_t j = from; j < to && j < stride; j += kWidth) {
      for (int64_t i = 0; i < kQueries; i += kWidth) {
        Vec square[kWidth];
#pragma GCC unroll 16
        for (int r = 0; r < kWidth; r++) square[r] = loadVec(block + (j + r) * kQueries + i);
        transposeSquare(square);
#pragma GCC unroll 16
        for (int r = 0; r < kWidth; r++) storeVec(kept + (i + r) * stride + j, square[r]);
      }
    }
  }

  // gradient[j] (+)= sum over queries i of weight[i, j] right[i], for queries [begin, begin + count).
  void gradientOfKeys(int64_t b, int64_t keyHead, int64_t begin, int64_t count, const float* weight, const float* right, float* gradient,
                      bool accumulate) const {
    const int64_t stride = shape.keyHeads * shape.dim;
    for (int64_t j = 0; j < shape.keyTime; j += kTileRows) {
      const int rows = int(shape.keyTime - j < kTileRows ? shape.keyTime - j : kTileRows);
      const Range seeing = shape.seeing(j, rows, begin, count);
      float* to = gradient + ((b * shape.keyCapacity + j) * shape.keyHeads + keyHead) * shape.dim;
      for (int64_t d = 0; d < shape.dim; d += kTileColumns) {
        const int columns = int(shape.dim - d < kTileColumns ? shape.dim - d : kTileColumns);
        multiplyTile(seeing.length(), weight + seeing.from * keptStride() + j, keptStride(), right + d * count + seeing.from * kTileColumns, to + d,
                     stride, rows, columns, accumulate);
      }
    }
  }
};

static void backward(Call& call) {
  call.form(10, 14);
  const Shape shape = readShape(call);
  BackwardTask work{shape};
  work.accumulateQ = call.flag(11);
  work.accumulateK = call.flag(12);
  work.accumulateV = call.flag(13);
  work.dy = call.floats(0, shape.queries());
  work.q = call.floats(1, shape.queries());
  work.k = call.floats(2, shape.keys());
  work.v = call.floats(3, shape.keys());
  work.slopes = call.floatsOrNone(4, shape.heads);
  work.y = call.floats(5, shape.queries());
  work.logSumExps = call.floats(6, times(shape.batch, shape.heads, shape.queryTime));
  work.dq = call.outOrNone(7, shape.queries());
  work.dk = call.outOrNone(8, shape.keys());
  work.dv = call.outOrNone(9, shape.keys());
  if (call.refused()) return;
  int64_t floats = 0;
  work.carve(nullptr, &floats);
  Workspace space;
  if (!call.workspace(0, floats, &space)) return;
  call.parallel(shape.batch * shape.keyHeads, [&](int64_t task, int worker) { work.run(task, space.of(worker)); });
}

KERNELS(attention) = {{"attention.forward", forward}, {"attention.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
