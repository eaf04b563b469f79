// Fast Walsh-Hadamard transform of runs of `size`. Every element comes from its pair by one sum or difference a stage, the stages in the order 1, 2, 4, ..: the
// same tree whatever the instruction set. The first four stages stay within sixteen elements, the others take whole lanes.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

// Stages 1, 2, 4 and 8 (below `size`) of sixteen elements, or of all `size` where that is less.
static void firstStages(float* block, int64_t size) {
  for (int64_t apart = 1; apart < size && apart < kLanes; apart *= 2) {
    for (int64_t i = 0; i < size; i += 2 * apart) {
      for (int64_t j = i; j < i + apart; j++) {
        const float a = block[j], b = block[j + apart];
        block[j] = a + b;
        block[j + apart] = a - b;
      }
    }
  }
}

static void transform(float* block, int64_t size) {
  for (int64_t i = 0; i < size; i += kLanes) firstStages(block + i, size < kLanes ? size : kLanes);
  for (int64_t apart = kLanes; apart < size; apart *= 2) {
    for (int64_t i = 0; i < size; i += 2 * apart) {
      for (int64_t j = i; j < i + apart; j += kLanes) {
        const Lanes a = load(block + j), b = load(block + j + apart);
        store(block + j, a + b);
        store(block + j + apart, a - b);
      }
    }
  }
}

static void forward(Call& call) {
  call.form(2, 5);
  const int64_t rows = call.extent(0), width = call.extent(1), size = call.integer(2, 1, 1 << 24);
  const float factor = call.real(3);
  const bool accumulate = call.flag(4);
  call.require((size & (size - 1)) == 0 && width % size == 0, "size is a power of two that divides width");
  const int64_t count = times(rows, width);
  const float* x = call.floats(0, count);
  float* y = call.out(1, count);
  if (call.refused()) return;
  Workspace space;
  if (!call.workspace(0, size + kLanes, &space)) return;
  call.ranges(count / size, kElementGrain / size + 1, [&](int64_t begin, int64_t end, int worker) {
    float* block = space.of(worker);
    for (int64_t run = begin; run < end; run++) {
      const float* from = x + run * size;
      float* to = y + run * size;
      eachLanes(0, size, [&](int64_t i, int64_t n) { store(block + i, load(from + i, n), n); });
      transform(block, size);
      eachLanes(0, size, [&](int64_t i, int64_t n) {
        const Lanes value = load(block + i, n) * factor;
        store(to + i, accumulate ? load(to + i, n) + value : value, n);
      });
    }
  });
}

KERNELS(hadamard) = {{"hadamard.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
