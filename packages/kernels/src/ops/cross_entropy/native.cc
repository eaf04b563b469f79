// Cross-entropy in nats of logits against targets, with label smoothing and z-loss; the gradient recomputes the probabilities.
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

enum Reduction { kNone = 0, kMean = 1, kSum = 2 };

struct Shape {
  int64_t rows, classes;
  double ignoreIndex;
  int reduction;
  float smoothing, zLoss;
};

static Shape readShape(Call& call) {
  return {call.extent(0), call.extent(1), call.number(2), int(call.integer(3, 0, 2)), call.real(4), call.real(5)};
}

static void forward(Call& call) {
  call.form(5, 6);
  const Shape shape = readShape(call);
  const float* logits = call.floats(0, times(shape.rows, shape.classes));
  const int32_t* targets = call.integers(1, shape.rows);
  float* y = call.out(2, shape.reduction == kNone ? shape.rows : 1);
  float* logSumExps = call.out(3, shape.rows);
  float* kept = call.out(4, 1);
  if (call.refused()) return;
  Workspace space;
  if (!call.workspace(shape.rows, 0, &space)) return;
  float* losses = shape.reduction == kNone ? y : space.all;
  const int64_t classes = shape.classes;
  call.ranges(shape.rows, rowGrain(classes), [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = logits + row * classes;
      Lanes top = broadcast(-__builtin_inff());
      eachLanes(0, classes, [&](int64_t i, int64_t n) { top = larger(padded(load(from + i, n), n, -__builtin_inff()), top); });
      const float most = largest(top);
      const float total = sum(rowLanes(classes, [=](int64_t i, int64_t n) { return expOfNegative(load(from + i, n) - most); }));
      const float logSumExp = most + log(total);
      logSumExps[row] = logSumExp;
      const int32_t target = targets[row];
      if (double(target) == shape.ignoreIndex) {
        losses[row] = 0.0f;
        continue;
      }
      if (target < 0 || target >= classes) {
        call.fail("index-out-of-range", "target %d of row %lld is not one of %lld classes", int(target), (long long)row, (long long)classes);
        losses[row] = __builtin_nanf("");
        continue;
      }
      float loss = logSumExp - from[target];
      if (shape.smoothing != 0.0f) {
        const float mean = sum(rowLanes(classes, [=](int64_t i, int64_t n) { return load(from + i, n); })) / float(classes);
        loss = fma(1.0f - shape.smoothing, loss, shape.smoothing * (logSumExp - mean));
      }
      losses[row] = fma(shape.zLoss * logSumExp, logSumExp, loss);
    }
  });
  int64_t count = 0;
  for (int64_t row = 0; row < shape.rows; row++) count += double(targets[row]) != shape.ignoreIndex;
  *kept = float(count);
  if (shape.reduction == kNone) return;
  // In double: the mean over a whole evaluation keeps its digits.
  double total = 0;
  for (int64_t row = 0; row < shape.rows; row++) total += double(losses[row]);
  *y = float(shape.reduction == kMean ? total / double(count) : total);
}

static void backward(Call& call) {
  call.form(6, 7);
  const Shape shape = readShape(call);
  const bool accumulate = call.flag(6);
  const float* dy = call.floats(0, shape.reduction == kNone ? shape.rows : 1);
  const float* logits = call.floats(1, times(shape.rows, shape.classes));
  const int32_t* targets = call.integers(2, shape.rows);
  const float* logSumExps = call.floats(3, shape.rows);
  const float* kept = call.floats(4, 1);
  float* dlogits = call.out(5, times(shape.rows, shape.classes));
  if (call.refused()) return;
  const int64_t classes = shape.classes;
  call.ranges(shape.rows, rowGrain(classes), [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = logits + row * classes;
      float* to = dlogits + row * classes;
      const int32_t target = targets[row];
      if (double(target) == shape.ignoreIndex || target < 0 || target >= classes) {
        if (!accumulate) eachLanes(0, classes, [=](int64_t i, int64_t n) { store(to + i, broadcast(0.0f), n); });
        continue;
      }
      const float weight = shape.reduction == kNone ? dy[row] : shape.reduction == kMean ? dy[0] / kept[0] : dy[0];
      const float logSumExp = logSumExps[row];
      const float factor = weight * fma(2.0f * shape.zLoss, logSumExp, 1.0f);
      const float spread = weight * (shape.smoothing / float(classes));
      const float before = accumulate ? to[target] : 0.0f;
      eachLanes(0, classes, [=](int64_t i, int64_t n) {
        put(to + i, fma(expOfNegative(load(from + i, n) - logSumExp), factor, broadcast(-spread)), n, accumulate);
      });
      // The target's element once more, whole: p - 1 in one piece loses less where p is near 1.
      float p[kLanes];
      store(p, fma(expOfNegative(broadcast(from[target] - logSumExp)), factor, broadcast(-spread)));
      to[target] = before + (p[0] - weight * (1.0f - shape.smoothing));
    }
  });
}

KERNELS(cross_entropy) = {{"cross_entropy.forward", forward}, {"cross_entropy.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
