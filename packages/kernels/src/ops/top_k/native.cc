// The k first of each line in the order of their values, then of their indices: a heap of the k best so far, with the worst of them on top, which the sixteen
// lanes of a line are held against before any is looked at alone.
#include "order.h"

namespace kernels::KERNELS_ISA {

// An element as one number: the larger comes first. No two are equal, so their order does not depend on how they are sorted.
KERNELS_INLINE uint64_t candidate(int32_t order, int64_t index) {
  return uint64_t(uint32_t(order) ^ 0x80000000u) << 32 | uint64_t(0xffffffffu - uint32_t(index));
}
KERNELS_INLINE int64_t indexOf(uint64_t candidate) { return int64_t(0xffffffffu - uint32_t(candidate)); }
KERNELS_INLINE int32_t orderIn(uint64_t candidate) { return int32_t(uint32_t(candidate >> 32) ^ 0x80000000u); }

// Puts `value` at the root of a heap whose root is free.
static void sink(uint64_t* heap, int64_t count, uint64_t value) {
  int64_t at = 0;
  while (2 * at + 1 < count) {
    int64_t child = 2 * at + 1;
    if (child + 1 < count && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = value;
}

static void rise(uint64_t* heap, int64_t at, uint64_t value) {
  while (at > 0 && heap[(at - 1) / 2] > value) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = value;
}

// Leaves the k best of a line in `heap`, best first.
static void best(const float* x, int64_t stride, int64_t width, int64_t k, bool largest, uint64_t* heap) {
  int64_t held = 0;
  eachLanes(0, width, [&](int64_t i, int64_t n) {
    const Lanes value = loadStrided(x + i * stride, stride, n);
    // 0 and -0 are equal
    const Lanes orders = padded(fromBits(orderOf((largest ? value : -value) + 0.0f)), n, LargestOrder::kIdentity);
    if (held == k) {
      const float top = LargestOrder::fold(orders);
      int32_t order;
      __builtin_memcpy(&order, &top, 4);
      if (order <= orderIn(heap[0])) return;
    }
    float all[kLanes];
    store(all, orders);
    for (int64_t l = 0; l < n; l++) {
      int32_t order;
      __builtin_memcpy(&order, all + l, 4);
      const uint64_t found = candidate(order, i + l);
      if (held < k) {
        rise(heap, held, found);
        held++;
      } else if (found > heap[0]) {
        sink(heap, k, found);
      }
    }
  });
  for (int64_t last = k - 1; last > 0; last--) {
    const uint64_t worst = heap[0], moved = heap[last];
    sink(heap, last, moved);
    heap[last] = worst;
  }
}

static void forward(Call& call) {
  call.form(3, 5);
  const int64_t outer = call.extent(0), width = call.integer(1, 0, 0x7fffffff), inner = call.extent(2);
  const int64_t k = call.integer(3, 0, width);
  const bool largest = call.flag(4);
  const float* x = call.floats(0, times(outer, width, inner));
  float* values = call.out(1, times(outer, k, inner));
  int32_t* indices = call.outIntegers(2, times(outer, k, inner));
  if (call.refused() || k == 0) return;
  Workspace space;
  if (!call.workspace(0, 2 * k, &space)) return;
  call.ranges(times(outer, inner), kElementGrain / (width + 16) + 1, [&](int64_t begin, int64_t end, int worker) {
    uint64_t* heap = reinterpret_cast<uint64_t*>(space.of(worker));
    for (int64_t line = begin; line < end; line++) {
      const int64_t o = line / inner, i = line % inner;
      const float* from = x + o * width * inner + i;
      best(from, inner, width, k, largest, heap);
      for (int64_t rank = 0; rank < k; rank++) {
        const int64_t to = (o * k + rank) * inner + i, index = indexOf(heap[rank]);
        values[to] = from[index * inner];
        indices[to] = int32_t(index);
      }
    }
  });
}

KERNELS(top_k) = {{"top_k.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
