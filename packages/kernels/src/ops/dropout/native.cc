// Elements, or whole rows, dropped by Philox4x32 (Salmon et al. 2011) at their own places: sixteen blocks of four draws at a time.
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

constexpr int kBlocks = 16;
constexpr int kDraws = 4 * kBlocks;

struct Draws {
  uint32_t key[2], stream[2];
  uint64_t block;
  int64_t skip;
};

// The words of sixteen blocks from `first` on, in the order of their places.
static void philox(const Draws& draws, uint64_t first, uint32_t* words) {
  uint32_t c[4][kBlocks];
  for (int b = 0; b < kBlocks; b++) {
    const uint64_t block = first + uint64_t(b);
    c[0][b] = uint32_t(block);
    c[1][b] = uint32_t(block >> 32);
    c[2][b] = draws.stream[0];
    c[3][b] = draws.stream[1];
  }
  uint32_t k0 = draws.key[0], k1 = draws.key[1];
  for (int round = 0; round < 10; round++) {
    for (int b = 0; b < kBlocks; b++) {
      const uint64_t p0 = uint64_t(0xd2511f53u) * c[0][b], p1 = uint64_t(0xcd9e8d57u) * c[2][b];
      c[0][b] = uint32_t(p1 >> 32) ^ c[1][b] ^ k0;
      c[1][b] = uint32_t(p1);
      c[2][b] = uint32_t(p0 >> 32) ^ c[3][b] ^ k1;
      c[3][b] = uint32_t(p0);
    }
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  for (int b = 0; b < kBlocks; b++) {
    for (int w = 0; w < 4; w++) words[4 * b + w] = c[w][b];
  }
}

static void forward(Call& call) {
  call.form(2, 12);
  const int64_t count = call.extent(0), width = call.extent(1);
  const bool accumulate = call.flag(2);
  const uint32_t threshold = uint32_t(call.integer(3, 0, 1 << 24));
  const float factor = call.real(4);
  constexpr int64_t kLargestWord = 0xffffffff;
  Draws draws;
  for (int i = 0; i < 2; i++) {
    draws.key[i] = uint32_t(call.integer(5 + i, 0, kLargestWord));
    draws.stream[i] = uint32_t(call.integer(7 + i, 0, kLargestWord));
  }
  draws.block = uint64_t(call.integer(9, 0, kLargestWord)) | uint64_t(call.integer(10, 0, kLargestWord)) << 32;
  draws.skip = call.integer(11, 0, 3);
  const float* x = call.floats(0, times(count, width));
  float* y = call.out(1, times(count, width));
  if (call.refused()) return;
  call.ranges(count, kElementGrain / (width + 1) + 1, [=](int64_t begin, int64_t end, int) {
    uint32_t words[kDraws];
    for (int64_t d = begin; d < end;) {
      const int64_t place = draws.skip + d, within = place % 4;
      philox(draws, draws.block + uint64_t(place / 4), words);
      const int64_t taken = end - d < kDraws - within ? end - d : kDraws - within;
      float keeps[kDraws];
      for (int64_t i = 0; i < taken; i++) keeps[i] = words[within + i] >> 8 >= threshold ? 1.0f : 0.0f;
      const auto put = [=](int64_t at, Lanes kept, int64_t n) {
        const Lanes value = select(kept > 0.0f, load(x + at, n) * factor, broadcast(0.0f));
        store(y + at, accumulate ? load(y + at, n) + value : value, n);
      };
      if (width == 1) {
        eachLanes(0, taken, [&](int64_t i, int64_t n) { put(d + i, load(keeps + i, n), n); });
      } else {
        for (int64_t i = 0; i < taken; i++) {
          const Lanes kept = broadcast(keeps[i]);
          eachLanes((d + i) * width, (d + i + 1) * width, [&](int64_t at, int64_t n) { put(at, kept, n); });
        }
      }
      d += taken;
    }
  });
}

KERNELS(dropout) = {{"dropout.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
