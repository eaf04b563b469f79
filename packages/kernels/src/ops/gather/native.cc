// Elements picked along one axis, and the gradient that adds them up, line by line in the order of the index.
#include <cstring>

#include "strided.h"

namespace kernels::KERNELS_ISA {

// Elements that lines of a loop span, where each has `count` elements, `step` apart.
static int64_t spanOfLines(const Loop& loop, int operand, int64_t count, int64_t step) {
  const int64_t first = loop.span(operand);
  return first == 0 || count == 0 ? 0 : first + times(count - 1, step);
}

static void forward(Call& call) {
  call.form(3, -1);
  const bool accumulate = call.flag(0);
  const int64_t length = call.extent(1), step = call.extent(2);
  const Loop loop = readLoop(call, 3, 1);
  const int64_t total = loop.total();
  const float* x = call.floats(0, spanOfLines(loop, 0, length, step));
  const int32_t* index = call.integers(1, total);
  float* y = call.out(2, total);
  if (call.refused()) return;
  Walk rows(&loop);
  for (int axis = 0; axis < loop.rank - 1; axis++) rows.axes[rows.count++] = axis;
  const int64_t width = loop.extent[loop.rank - 1], stride = loop.stride[0][loop.rank - 1];
  const auto row = [&](int64_t r, int64_t offset, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t at = r * width + i, picked = index[at];
      if (picked < 0 || picked >= length) {
        call.fail("index-out-of-range", "index %d at %lld does not lie in 0..%lld", int(picked), (long long)at, (long long)(length - 1));
        y[at] = __builtin_nanf("");
        continue;
      }
      const float value = x[offset + i * stride + picked * step];
      y[at] = accumulate ? y[at] + value : value;
    }
  };
  if (rows.total() == 1) {
    return call.ranges(width, kElementGrain, [&](int64_t begin, int64_t end, int) { row(0, 0, begin, end); });
  }
  call.ranges(rows.total(), kElementGrain / (width + 16) + 1, [&](int64_t begin, int64_t end, int) {
    Walk walk = rows;
    walk.start(begin, nullptr);
    for (int64_t r = begin; r < end; r++, walk.next()) row(r, walk.offset[0], 0, width);
  });
}

static void backward(Call& call) {
  call.form(3, -1);
  const bool accumulate = call.flag(0);
  const int64_t size = call.extent(1), length = call.extent(2), step = call.extent(3), count = call.extent(4), dyStep = call.extent(5);
  const Loop lines = readLoop(call, 6, 2);
  const int64_t read = spanOfLines(lines, 0, count, dyStep);
  const float* dy = call.floats(0, read);
  const int32_t* index = call.integers(1, read);
  float* dx = call.out(2, size);
  call.require(spanOfLines(lines, 1, length, step) <= size, "lines of dx within its size");
  if (call.refused()) return;
  if (!accumulate) {
    call.ranges(size, 4 * kElementGrain, [=](int64_t begin, int64_t end, int) { memset(dx + begin, 0, size_t(end - begin) * 4); });
  }
  Walk rows(&lines);
  for (int axis = 0; axis < lines.rank - 1; axis++) rows.axes[rows.count++] = axis;
  const int64_t width = lines.extent[lines.rank - 1];
  const int64_t across = lines.stride[0][lines.rank - 1], acrossDx = lines.stride[1][lines.rank - 1];
  const auto add = [&](int64_t k, int64_t line) {
    const int64_t picked = index[k];
    if (picked < 0 || picked >= length) {
      call.fail("index-out-of-range", "index %d at %lld does not lie in 0..%lld", int(picked), (long long)k, (long long)(length - 1));
    } else {
      dx[line + picked * step] += dy[k];
    }
  };
  // A thread owns lines, so every sum runs in the order of the index. Neighbours in memory are taken one after another.
  constexpr int64_t kStrip = 64;
  const int64_t strips = (width + kStrip - 1) / kStrip;
  call.ranges(times(rows.total(), strips), kElementGrain / (times(count, width < kStrip ? width : kStrip) + 16) + 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      Walk walk = rows;
      walk.start(task / strips, nullptr);
      const int64_t first = task % strips * kStrip, last = first + kStrip < width ? first + kStrip : width;
      const int64_t from = walk.offset[0], to = walk.offset[1];
      if (across == 1) {
        for (int64_t j = 0; j < count; j++) {
          for (int64_t i = first; i < last; i++) add(from + i + j * dyStep, to + i * acrossDx);
        }
      } else {
        for (int64_t i = first; i < last; i++) {
          for (int64_t j = 0; j < count; j++) add(from + i * across + j * dyStep, to + i * acrossDx);
        }
      }
    }
  });
}

KERNELS(gather) = {{"gather.forward", forward}, {"gather.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
