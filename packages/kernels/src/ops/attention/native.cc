// Scaled dot-product attention, fused: scores never leave a thread's own cache. One task is one batch element and one key head with the query heads that
// share it; keys and values are packed once for all of them. Scores that no query of a row panel can see are not computed.
//
// Each element of y, dq, dk and dv is one chain in the order of the summed index, each row of scores is reduced on its own: bits do not depend on threads,
// batch or blocking. A hidden score counts as probability 0.
#include "attention.h"

namespace kernels::KERNELS_ISA {

// Scores of a panel of query rows against keys [0, keys): s = scale q.k, in rows of `stride` floats.
static void scorePanel(const float* left, const float* right, int64_t dim, int64_t from, int64_t to, float* scores, int64_t stride, int rows) {
  for (int64_t j = from / kTileColumns * kTileColumns; j < to; j += kTileColumns) {
    multiplyTile(dim, left, right + j * dim, scores + j, stride, rows, kTileColumns, false, nullptr);
  }
}

// --- forward ---

struct ForwardTask {
  const Shape& shape;
  const float *q, *k, *v, *slopes;
  float *y, *logSumExps;

  // Turns a row of raw scores into exp(s - max) on its visible keys and 0 elsewhere; gives the sum, and max in `top`.
  float exponentials(float* row, Visible visible, Visible computed, float slope, float* top) const {
    Lanes most = broadcast(-__builtin_inff());
    eachLanes(visible.from, visible.to, [&](int64_t j, int64_t n) {
      const Lanes s = shape.score(load(row + j, n), j, slope);
      store(row + j, s, n);
      most = larger(padded(s, n, -__builtin_inff()), most);
    });
    *top = largest(most);
    const float top_ = *top;
    Lanes total = broadcast(0.0f);
    eachLanes(visible.from, visible.to, [&](int64_t j, int64_t n) {
      const Lanes e = padded(expOfNegative(load(row + j, n) - top_), n, 0.0f);
      store(row + j, e, n);
      total = total + e;
    });
    clear(row, computed.from, visible.from);
    clear(row, visible.to, computed.to);
    return sum(total);
  }

  void run(int64_t task, float* memory) const {
    const int64_t b = task / shape.keyHeads, keyHead = task % shape.keyHeads, dim = shape.dim;
    Carver carve{memory};
    float* keys = carve.take(shape.packedKeys() * dim);
    float* values = carve.take(shape.keyTime * paddedColumns(dim));
    float* left = carve.take(kTileRows * (shape.packedKeys() > dim ? shape.packedKeys() : dim) + kPanelSlack);
    float* scores = carve.take(kTileRows * shape.packedKeys());
    packRightAll(shape.keyRows(k, b, keyHead, true), dim, shape.keyTime, keys);
    packRightAll(shape.keyRows(v, b, keyHead, false), shape.keyTime, dim, values);
    for (int64_t head = keyHead * shape.group(); head < (keyHead + 1) * shape.group(); head++) {
      const float slope = slopes != nullptr ? slopes[head] : 0.0f;
      for (int64_t i = 0; i < shape.queryTime; i += kTileRows) {
        const int rows = int(shape.queryTime - i < kTileRows ? shape.queryTime - i : kTileRows);
        const Visible seen = shape.visibleTo(i, rows);
        packLeft(shape.queryRows(q, b, head).from(i, 0), rows, dim, left);
        scorePanel(left, keys, dim, seen.from, seen.to, scores, shape.packedKeys(), rows);
        float scale[kTileRows];
        for (int r = 0; r < rows; r++) {
          float top;
          const float total = exponentials(scores + r * shape.packedKeys(), shape.visibleTo(i + r, 1), seen, slope, &top);
          scale[r] = 1.0f / total;
          if (logSumExps != nullptr) logSumExps[(b * shape.heads + head) * shape.queryTime + i + r] = top + log(total);
        }
        packLeft({scores + seen.from, shape.packedKeys(), 1}, rows, seen.to - seen.from, left);
        float* to = y + ((b * shape.queryTime + i) * shape.heads + head) * dim;
        const int64_t stride = shape.heads * dim;
        for (int64_t d = 0; d < dim; d += kTileColumns) {
          const int columns = int(dim - d < kTileColumns ? dim - d : kTileColumns);
          multiplyTile(seen.to - seen.from, left, values + d * shape.keyTime + seen.from * kTileColumns, to + d, stride, rows, columns, false,
                       nullptr);
        }
        for (int r = 0; r < rows; r++) {
          eachLanes(0, dim, [&](int64_t d, int64_t n) { store(to + r * stride + d, load(to + r * stride + d, n) * scale[r], n); });
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
  const int64_t longest = shape.packedKeys() > shape.dim ? shape.packedKeys() : shape.dim;
  const int64_t own = times(shape.packedKeys(), shape.dim) + times(shape.keyTime, paddedColumns(shape.dim)) + 2 * times(kTileRows, longest) + 128;
  Workspace space;
  if (!call.workspace(0, own, &space)) return;
  call.parallel(shape.batch * shape.keyHeads, [&](int64_t task, int worker) { work.run(task, space.of(worker)); });
}

// --- backward ---

// Queries taken at once: p and ds of a block are kept, so that dk and dv are products over many queries.
constexpr int64_t kQueryBlock = 240;  // a multiple of every kTileRows

struct BackwardTask {
  const Shape& shape;
  const float *dy, *q, *k, *v, *slopes, *y, *logSumExps;
  float *dq, *dk, *dv;
  bool accumulateQ, accumulateK, accumulateV;

  int64_t block() const { return shape.queryTime < kQueryBlock ? shape.queryTime : kQueryBlock; }
  int64_t floats() const {
    const int64_t wide = paddedColumns(shape.dim), longest = shape.packedKeys() > shape.dim ? shape.packedKeys() : shape.dim;
    return times(shape.packedKeys(), shape.dim) * 2 + times(shape.keyTime, wide) + 2 * times(block(), wide) +
           2 * times(block(), shape.packedKeys()) + times(kTileRows, longest > block() ? longest : block()) + 256;
  }

  void run(int64_t task, float* memory) const {
    const int64_t b = task / shape.keyHeads, keyHead = task % shape.keyHeads, dim = shape.dim, wide = paddedColumns(dim);
    const int64_t stride = shape.packedKeys(), longest = stride > dim ? stride : dim;
    Carver carve{memory};
    float* keysAcross = carve.take(stride * dim);    // k as [dim][keys]
    float* valuesAcross = carve.take(stride * dim);  // v as [dim][keys]
    float* keysAlong = carve.take(shape.keyTime * wide);
    float* queriesAlong = carve.take(block() * wide);
    float* gradientsAlong = carve.take(block() * wide);
    float* p = carve.take(block() * stride);
    float* ds = carve.take(block() * stride);
    float* left = carve.take(kTileRows * (longest > block() ? longest : block()) + kPanelSlack);
    packRightAll(shape.keyRows(k, b, keyHead, true), dim, shape.keyTime, keysAcross);
    packRightAll(shape.keyRows(v, b, keyHead, true), dim, shape.keyTime, valuesAcross);
    if (dq != nullptr) packRightAll(shape.keyRows(k, b, keyHead, false), shape.keyTime, dim, keysAlong);
    bool first = true;
    for (int64_t head = keyHead * shape.group(); head < (keyHead + 1) * shape.group(); head++) {
      for (int64_t from = 0; from < shape.queryTime; from += block(), first = false) {
        const int64_t count = shape.queryTime - from < block() ? shape.queryTime - from : block();
        for (int64_t i = 0; i < count; i += kTileRows) {
          const int rows = int(count - i < kTileRows ? count - i : kTileRows);
          scoreGradients(b, head, from + i, rows, keysAcross, valuesAcross, p + i * stride, ds + i * stride, left);
          if (dq != nullptr) gradientOfQueries(b, head, from + i, rows, keysAlong, ds + i * stride, left);
        }
        if (dk != nullptr) {
          packRightAll(shape.queryRows(q, b, head).from(from, 0), count, dim, queriesAlong);
          gradientOfKeys(b, keyHead, from, count, ds, queriesAlong, left, dk, accumulateK || !first);
        }
        if (dv != nullptr) {
          packRightAll(shape.queryRows(dy, b, head).from(from, 0), count, dim, gradientsAlong);
          gradientOfKeys(b, keyHead, from, count, p, gradientsAlong, left, dv, accumulateV || !first);
        }
      }
    }
    if (shape.queryTime == 0) {
      if (dk != nullptr) gradientOfKeys(b, keyHead, 0, 0, ds, queriesAlong, left, dk, accumulateK);
      if (dv != nullptr) gradientOfKeys(b, keyHead, 0, 0, p, gradientsAlong, left, dv, accumulateV);
    }
  }

  // p and ds (with the score's scale in it) of a panel of query rows; 0 where nothing is seen.
  void scoreGradients(int64_t b, int64_t head, int64_t i, int rows, const float* keysAcross, const float* valuesAcross, float* p, float* ds,
                      float* left) const {
    const int64_t stride = shape.packedKeys(), dim = shape.dim;
    const Visible seen = shape.visibleTo(i, rows);
    packLeft(shape.queryRows(q, b, head).from(i, 0), rows, dim, left);
    scorePanel(left, keysAcross, dim, seen.from, seen.to, p, stride, rows);
    packLeft(shape.queryRows(dy, b, head).from(i, 0), rows, dim, left);
    scorePanel(left, valuesAcross, dim, seen.from, seen.to, ds, stride, rows);
    const float slope = slopes != nullptr ? slopes[head] : 0.0f;
    for (int r = 0; r < rows; r++) {
      const int64_t at = ((b * shape.queryTime + i + r) * shape.heads + head) * dim;
      const float logSumExp = logSumExps[(b * shape.heads + head) * shape.queryTime + i + r];
      const float inner = sum(rowLanes(dim, [&](int64_t d, int64_t n) { return load(dy + at + d, n) * load(y + at + d, n); }));
      float *pRow = p + r * stride, *dsRow = ds + r * stride;
      const Visible visible = shape.visibleTo(i + r, 1);
      eachLanes(visible.from, visible.to, [&](int64_t j, int64_t n) {
        const Lanes raw = load(pRow + j, n);
        const Lanes probability = expOfNegative(shape.score(raw, j, slope) - logSumExp);
        Lanes gradient = probability * (load(dsRow + j, n) - inner);
        if (shape.softcap > 0) gradient = gradient * shape.capSlope(raw);
        store(pRow + j, probability, n);
        store(dsRow + j, gradient * shape.scale, n);
      });
      clear(pRow, 0, visible.from);
      clear(pRow, visible.to, stride);
      clear(dsRow, 0, visible.from);
      clear(dsRow, visible.to, stride);
    }
  }

  void gradientOfQueries(int64_t b, int64_t head, int64_t i, int rows, const float* keysAlong, const float* ds, float* left) const {
    const Visible seen = shape.visibleTo(i, rows);
    packLeft({ds + seen.from, shape.packedKeys(), 1}, rows, seen.to - seen.from, left);
    float* to = dq + ((b * shape.queryTime + i) * shape.heads + head) * shape.dim;
    for (int64_t d = 0; d < shape.dim; d += kTileColumns) {
      const int columns = int(shape.dim - d < kTileColumns ? shape.dim - d : kTileColumns);
      multiplyTile(seen.to - seen.from, left, keysAlong + d * shape.keyTime + seen.from * kTileColumns, to + d, shape.heads * shape.dim, rows, columns,
                   accumulateQ, nullptr);
    }
  }

  // gradient[j] (+)= sum over queries i of weight[i, j] right[i], for queries [from, from + count).
  void gradientOfKeys(int64_t b, int64_t keyHead, int64_t from, int64_t count, const float* weight, const float* right, float* left, float* gradient,
                      bool accumulate) const {
    const int64_t stride = shape.keyHeads * shape.dim;
    for (int64_t j = 0; j < shape.keyTime; j += kTileRows) {
      const int rows = int(shape.keyTime - j < kTileRows ? shape.keyTime - j : kTileRows);
      const Visible seeing = shape.seeing(j, rows, from, count);
      const int64_t length = seeing.to - seeing.from;
      packLeft({weight + seeing.from * shape.packedKeys() + j, 1, shape.packedKeys()}, rows, length, left);
      float* to = gradient + ((b * shape.keyCapacity + j) * shape.keyHeads + keyHead) * shape.dim;
      for (int64_t d = 0; d < shape.dim; d += kTileColumns) {
        const int columns = int(shape.dim - d < kTileColumns ? shape.dim - d : kTileColumns);
        multiplyTile(length, left, right + d * count + seeing.from * kTileColumns, to + d, stride, rows, columns, accumulate, nullptr);
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
  Workspace space;
  if (!call.workspace(0, work.floats(), &space)) return;
  call.parallel(shape.batch * shape.keyHeads, [&](int64_t task, int worker) { work.run(task, space.of(worker)); });
}

KERNELS(attention) = {{"attention.forward", forward}, {"attention.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
