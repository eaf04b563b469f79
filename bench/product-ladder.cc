// The ladder of the matrix product, one rung a function: C [n, n] = A [n, n] B [n, n] in float32, on one thread. Every rung computes each element of C as one
// chain of fused multiply-adds in the order of k, so all give the same bits; main checks that. Built and run by product-ladder.mjs.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "gemm.h"

using namespace kernels;
using namespace kernels::KERNELS_ISA;

namespace {

using Rung = void (*)(int64_t n, const float* a, const float* b, float* c);

// 0. The definition: k innermost. B is read down its columns, one element of a cache line at a time, and each sum waits for the one before.
void definition(int64_t n, const float* a, const float* b, float* c) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < n; j++) {
      float sum = 0;
      for (int64_t k = 0; k < n; k++) sum = fma(a[i * n + k], b[k * n + j], sum);
      c[i * n + j] = sum;
    }
  }
}

// 1. j innermost: rows of B and C are read and written from front to back, sixteen columns at once. Each multiply-add still loads and stores C.
void rowsOfB(int64_t n, const float* a, const float* b, float* c) {
  memset(c, 0, size_t(n * n) * sizeof(float));
  for (int64_t i = 0; i < n; i++) {
    for (int64_t k = 0; k < n; k++) {
      const Lanes left = broadcast(a[i * n + k]);
      for (int64_t j = 0; j < n; j += kLanes) store(c + i * n + j, fma(left, load(b + k * n + j), load(c + i * n + j)));
    }
  }
}

template <int64_t kRows>
KERNELS_INLINE void tileInPlace(int64_t n, int64_t depth, const float* a, const float* b, float* c, bool fromC) {
  Vec sum[kRows][kTileVectors];
  for (int i = 0; i < kRows; i++) {
    for (int j = 0; j < kTileVectors; j++) sum[i][j] = fromC ? loadVec(c + i * n + j * kWidth) : Vec{};
  }
  for (int64_t k = 0; k < depth; k++) {
    Vec right[kTileVectors];
    for (int j = 0; j < kTileVectors; j++) right[j] = loadVec(b + k * n + j * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; i++) {
      const Vec left = broadcastVec(a[i * n + k]);
      for (int j = 0; j < kTileVectors; j++) sum[i][j] = fma(left, right[j], sum[i][j]);
    }
  }
  for (int i = 0; i < kRows; i++) {
    for (int j = 0; j < kTileVectors; j++) storeVec(c + i * n + j * kWidth, sum[i][j]);
  }
}

// 2. A tile of C stays in registers over all of k; operands are read where they stand.
void tiles(int64_t n, const float* a, const float* b, float* c) {
  constexpr int64_t kRows = kTileRows / 3 * 2;  // 8 or 4: what divides n
  for (int64_t j = 0; j < n; j += kTileColumns) {
    for (int64_t i = 0; i < n; i += kRows) tileInPlace<kRows>(n, n, a + i * n, b + j, c + i * n + j, false);
  }
}

std::vector<float> left, right;

// 3. Both operands are copied into panels, each as wide as a tile and walked from front to back.
void panelsOfBoth(int64_t n, const float* a, const float* b, float* c) {
  left.resize(size_t(paddedRows(n) * n + kPanelSlack));
  right.resize(size_t(paddedColumns(n) * n));
  for (int64_t i = 0; i < n; i += kTileRows) packLeft({a + i * n, n, 1}, n - i < kTileRows ? n - i : kTileRows, n, left.data() + i * n);
  for (int64_t j = 0; j < n; j += kTileColumns) packRight({b + j, n, 1}, n, kTileColumns, right.data() + j * n);
  for (int64_t i = 0; i < n; i += kTileRows) {
    const int rows = int(n - i < kTileRows ? n - i : kTileRows);
    for (int64_t j = 0; j < n; j += kTileColumns) {
      multiplyTile(n, left.data() + i * n, kTileRows, right.data() + j * n, c + i * n + j, n, rows, kTileColumns, false);
    }
  }
}

// 4. What the backend does: k cut at 256, so that a block of B stays in the second-level cache; what stands well is read in place; the next steps are prefetched.
void blocks(int64_t n, const float* a, const float* b, float* c) {
  static Threads one(1);
  static Scratch scratch;
  Fault fault;
  fault.clear();
  Call call("ladder", nullptr, 0, nullptr, 0, &one, &scratch, &fault);
  Product product{n, n, n, {a, n, 1}, {b, n, 1}, c, n};
  multiply(call, product);
}

double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

// What the registers alone allow.
double peak() {
  Vec sum[12];
  for (int i = 0; i < 12; i++) sum[i] = broadcastVec(float(i));
  const Vec left = broadcastVec(0.999f), right = broadcastVec(0.001f);
  constexpr int64_t kSteps = 4000000;
  const double start = now();
  for (int64_t step = 0; step < kSteps; step++) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) sum[i] = fma(sum[i], left, right);
  }
  const double seconds = now() - start;
  volatile float sink = 0;
  for (int i = 0; i < 12; i++) sink = sink + sum[i][0];
  return double(kSteps) * 12 * kWidth * 2 / seconds;
}

}  // namespace

int main(int count, char** arguments) {
  const int64_t n = 1024;
  const double slice = count > 1 ? atof(arguments[1]) : 2;
  float *a = (float*)allocateAligned(n * n * 4), *b = (float*)allocateAligned(n * n * 4), *c = (float*)allocateAligned(n * n * 4);
  uint32_t state = 1;
  for (int64_t i = 0; i < n * n; i++) {
    state = state * 1664525u + 1013904223u;
    a[i] = float(int32_t(state)) * 0x1p-31f;
    state = state * 1664525u + 1013904223u;
    b[i] = float(int32_t(state)) * 0x1p-31f;
  }
  const struct {
    const char* name;
    Rung run;
  } rungs[] = {{"0 the definition", definition}, {"1 rows of B, in lanes", rowsOfB}, {"2 a tile of C in registers", tiles},
               {"3 packed panels", panelsOfBoth}, {"4 blocks of k, in place, prefetch", blocks}};
  std::vector<float> expected;
  double most = 0;
  for (int i = 0; i < 5; i++) {
    const double found = peak();
    most = found > most ? found : most;
  }
  printf("one thread, %lld x %lld x %lld, best CPU time; registers alone: %.1f GFLOP/s\n", (long long)n, (long long)n, (long long)n, most / 1e9);
  for (const auto& rung : rungs) {
    double best = 1e9;
    const double end = now() + slice;
    do {
      const double start = now();
      rung.run(n, a, b, c);
      const double seconds = now() - start;
      best = seconds < best ? seconds : best;
    } while (now() < end);
    if (expected.empty()) expected.assign(c, c + n * n);
    const bool same = memcmp(expected.data(), c, size_t(n * n) * 4) == 0;
    const double rate = 2.0 * double(n) * double(n) * double(n) / best;
    printf("%-36s %7.1f GFLOP/s  %4.0f %% of the registers' rate  %s\n", rung.name, rate / 1e9, 100 * rate / most, same ? "same bits" : "OTHER BITS");
    if (!same) return 1;
  }
  return 0;
}
