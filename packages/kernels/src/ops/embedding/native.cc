// Rows of a table, and the gradient that adds them up in the order of the ids.
#include <cstring>

#include "rows.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(3, 3);
  const int64_t count = call.extent(0), vocabulary = call.extent(1), width = call.extent(2);
  const int32_t* ids = call.integers(0, count);
  const float* table = call.floats(1, times(vocabulary, width));
  float* y = call.out(2, times(count, width));
  if (call.refused()) return;
  call.ranges(count, rowGrain(width), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i++) {
      if (ids[i] < 0 || ids[i] >= vocabulary) {
        call.fail("index-out-of-range", "id %d at %lld is not one of %lld rows", int(ids[i]), (long long)i, (long long)vocabulary);
        for (int64_t c = 0; c < width; c++) y[i * width + c] = __builtin_nanf("");
        continue;
      }
      memcpy(y + i * width, table + ids[i] * width, size_t(width) * 4);
    }
  });
}

static void backward(Call& call) {
  call.form(3, 5);
  const int64_t count = call.extent(0), vocabulary = call.extent(1), width = call.extent(2);
  const double paddingIndex = call.number(3);
  const bool accumulate = call.flag(4);
  const float* dy = call.floats(0, times(count, width));
  const int32_t* ids = call.integers(1, count);
  float* dtable = call.out(2, times(vocabulary, width));
  if (call.refused()) return;
  if (!accumulate) {
    call.ranges(times(vocabulary, width), 4 * kElementGrain,
                [=](int64_t begin, int64_t end, int) { memset(dtable + begin, 0, size_t(end - begin) * 4); });
  }
  // A thread owns columns, not rows: so every sum runs in the order of the ids.
  const int64_t strips = (width + kLanes - 1) / kLanes;
  call.ranges(strips, count * width <= kElementGrain ? strips : (strips + 7) / 8, [=](int64_t begin, int64_t end, int) {
    const int64_t from = begin * kLanes, to = end * kLanes < width ? end * kLanes : width;
    for (int64_t i = 0; i < count; i++) {
      const int32_t id = ids[i];
      if (id < 0 || id >= vocabulary || double(id) == paddingIndex) continue;  // forward has reported the first two
      eachLanes(from, to, [=](int64_t c, int64_t n) {
        store(dtable + id * width + c, load(dtable + id * width + c, n) + load(dy + i * width + c, n), n);
      });
    }
  });
}

KERNELS(embedding) = {{"embedding.forward", forward}, {"embedding.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
