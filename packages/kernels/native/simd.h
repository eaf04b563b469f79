// Sixteen floats at a time, the same on every machine: one AVX-512 register, two of AVX2, four of 128 bits. Row reductions run in these
// sixteen lanes and fold by one fixed tree, so that their bits do not depend on the instruction set.
//
// Compiled once for each instruction set, in a namespace of its own. -ffp-contract=off: only fma() fuses, and it always does.
#pragma once
#include <cstdint>

#include "kernel.h"

#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
#include <immintrin.h>
#elif defined(KERNELS_NEON)
#include <arm_neon.h>
#endif

namespace kernels::KERNELS_ISA {

// What is rare, or long beside a call: a copy at every use would only cost the compiler time.
#define KERNELS_OUTLINE static inline __attribute__((noinline))

#if defined(KERNELS_AVX512)
constexpr int kWidth = 16;
#elif defined(KERNELS_AVX2)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif

constexpr int kLanes = 16;
constexpr int kParts = kLanes / kWidth;

// One register.
typedef float Vec __attribute__((vector_size(4 * kWidth)));
typedef int32_t IntVec __attribute__((vector_size(4 * kWidth)));
// Bits that wrap around: signed ones must not.
typedef uint32_t BitVec __attribute__((vector_size(4 * kWidth)));
typedef float LooseVec __attribute__((vector_size(4 * kWidth), aligned(4), may_alias));
typedef float Four __attribute__((vector_size(16)));
typedef int32_t FourInts __attribute__((vector_size(16)));

// __builtin_shuffle is GCC's, __builtin_shufflevector Clang's (and GCC's from 12 on).
#if defined(__clang__)
#define KERNELS_SHUFFLE4(a, i, j, k, l) __builtin_shufflevector(a, a, i, j, k, l)
#else
#define KERNELS_SHUFFLE4(a, i, j, k, l) __builtin_shuffle(a, FourInts{i, j, k, l})
#endif

// Asks for what a walk will read, or write, some lines later. The hardware's own foresight ends with each page of 4 kB, and a line that is asked for when it is
// written has to wait until it has been read.
constexpr int64_t kFloatsAhead = 512;
KERNELS_INLINE void expectRead(const float* at) { __builtin_prefetch(at); }
KERNELS_INLINE void expectWrite(const float* at) { __builtin_prefetch(at, 1); }

KERNELS_INLINE Vec loadVec(const float* from) { return *(const LooseVec*)from; }
KERNELS_INLINE void storeVec(float* to, Vec value) { *(LooseVec*)to = value; }
KERNELS_INLINE Vec broadcastVec(float value) { return value - Vec{}; }

// a * b + c with one rounding.
KERNELS_INLINE float fma(float a, float b, float c);
KERNELS_INLINE Vec fma(Vec a, Vec b, Vec c);

#if defined(KERNELS_AVX512)
KERNELS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
KERNELS_INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
KERNELS_INLINE Vec sqrtVec(Vec x) { return (Vec)_mm512_sqrt_ps((__m512)x); }
// The first n of a register, n <= kWidth; the others are 0 when loaded and untouched when stored.
KERNELS_INLINE Vec loadSome(const float* from, int64_t n) {
  return (Vec)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), from);
}
KERNELS_INLINE void storeSome(float* to, Vec value, int64_t n) {
  _mm512_mask_storeu_ps(to, __mmask16((1u << n) - 1), (__m512)value);
}
#elif defined(KERNELS_AVX2)
KERNELS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
KERNELS_INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
KERNELS_INLINE Vec sqrtVec(Vec x) { return (Vec)_mm256_sqrt_ps((__m256)x); }
KERNELS_INLINE __m256i firstLanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(int(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
KERNELS_INLINE Vec loadSome(const float* from, int64_t n) { return (Vec)_mm256_maskload_ps(from, firstLanes(n)); }
KERNELS_INLINE void storeSome(float* to, Vec value, int64_t n) { _mm256_maskstore_ps(to, firstLanes(n), (__m256)value); }
#else
#if defined(KERNELS_NEON)
KERNELS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
KERNELS_INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#elif defined(__FP_FAST_FMAF)
KERNELS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
KERNELS_INLINE Vec fma(Vec a, Vec b, Vec c) {
  return Vec{fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1]), fma(a[2], b[2], c[2]), fma(a[3], b[3], c[3])};
}
#else
// No fused multiply-add here. The product is exact in double, and rounding the sum to double first gives the right float unless the double lies half-way between
// two floats or the float is denormal; there the sum is rounded to odd (Boldo and Melquiond 2008), which any second rounding respects.
typedef double DoublePair __attribute__((vector_size(16)));
typedef int64_t LongPair __attribute__((vector_size(16)));
static inline float roundedOnce(double product, double c) {
  double sum = product + c;
  const double part = sum - product;
  const double error = (product - (sum - part)) + (c - part);
  int64_t bits;
  __builtin_memcpy(&bits, &sum, 8);
  if (error != 0 && error - error == 0 && (bits & 1) == 0) {
    bits += (error > 0) == (sum > 0) ? 1 : -1;
    __builtin_memcpy(&sum, &bits, 8);
  }
  return float(sum);
}
KERNELS_OUTLINE __attribute__((cold)) Vec fmaCarefully(Vec a, Vec b, Vec c) {
  Vec sum;
  for (int i = 0; i < kWidth; i++) sum[i] = roundedOnce(double(a[i]) * double(b[i]), double(c[i]));
  return sum;
}
KERNELS_INLINE Vec fma(Vec a, Vec b, Vec c) {
  const DoublePair lowProduct = DoublePair{a[0], a[1]} * DoublePair{b[0], b[1]}, lowC = {c[0], c[1]}, low = lowProduct + lowC;
  const DoublePair highProduct = DoublePair{a[2], a[3]} * DoublePair{b[2], b[3]}, highC = {c[2], c[3]}, high = highProduct + highC;
  Vec sum = {float(low[0]), float(low[1]), float(high[0]), float(high[1])};
  const FourInts lowBits = (FourInts)low, highBits = (FourInts)high;
  const FourInts tails = {lowBits[0], lowBits[2], highBits[0], highBits[2]};
  const FourInts heads = FourInts{lowBits[1], lowBits[3], highBits[1], highBits[3]} & 0x7fffffff;
  const FourInts halfWay = (tails & 0x1fffffff) == 0x10000000;
  const FourInts denormal = (heads < 0x38100000) & ((heads | tails) != 0);
  const LongPair careful = (LongPair)(halfWay | denormal);
  if (__builtin_expect((careful[0] | careful[1]) != 0, 0)) {
    sum = fmaCarefully(a, b, c);
  }
  // GCC 12 otherwise folds the rounding to float away where the next fma() widens it again.
#if defined(__x86_64__)
  asm("" : "+x"(sum));
#else
  asm("" : "+m"(sum));
#endif
  return sum;
}
KERNELS_INLINE float fma(float a, float b, float c) { return roundedOnce(double(a) * double(b), double(c)); }
#endif
KERNELS_INLINE Vec sqrtVec(Vec x) {
  return Vec{__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]), __builtin_sqrtf(x[3])};
}
KERNELS_OUTLINE Vec loadSome(const float* from, int64_t n) {
  Vec value{};
  for (int i = 0; i < kWidth; i++) {
    if (i < n) value[i] = from[i];
  }
  return value;
}
KERNELS_OUTLINE void storeSome(float* to, Vec value, int64_t n) {
  for (int i = 0; i < kWidth; i++) {
    if (i < n) to[i] = value[i];
  }
}
#endif

struct Mask {
  IntVec part[kParts];
};

struct Ints {
  IntVec part[kParts];
};

struct Lanes {
  Vec part[kParts];
};

#define KERNELS_EACH_PART _Pragma("GCC unroll 4") for (int i = 0; i < kParts; i++)

#define KERNELS_ARITHMETIC(op)                              \
  KERNELS_INLINE Lanes operator op(Lanes a, Lanes b) {      \
    KERNELS_EACH_PART a.part[i] = a.part[i] op b.part[i];   \
    return a;                                               \
  }                                                         \
  KERNELS_INLINE Lanes operator op(Lanes a, float b) {      \
    KERNELS_EACH_PART a.part[i] = a.part[i] op b;           \
    return a;                                               \
  }                                                         \
  KERNELS_INLINE Lanes operator op(float a, Lanes b) {      \
    KERNELS_EACH_PART b.part[i] = a op b.part[i];           \
    return b;                                               \
  }
KERNELS_ARITHMETIC(+)
KERNELS_ARITHMETIC(-)
KERNELS_ARITHMETIC(*)
KERNELS_ARITHMETIC(/)
#undef KERNELS_ARITHMETIC

#define KERNELS_COMPARISON(op)                                        \
  KERNELS_INLINE Mask operator op(Lanes a, Lanes b) {                 \
    Mask mask;                                                        \
    KERNELS_EACH_PART mask.part[i] = a.part[i] op b.part[i];          \
    return mask;                                                      \
  }                                                                   \
  KERNELS_INLINE Mask operator op(Lanes a, float b) {                 \
    Mask mask;                                                        \
    KERNELS_EACH_PART mask.part[i] = a.part[i] op broadcastVec(b);    \
    return mask;                                                      \
  }
KERNELS_COMPARISON(<)
KERNELS_COMPARISON(>)
KERNELS_COMPARISON(<=)
KERNELS_COMPARISON(>=)
KERNELS_COMPARISON(==)
#undef KERNELS_COMPARISON

KERNELS_INLINE Lanes broadcast(float value) {
  Lanes lanes;
  KERNELS_EACH_PART lanes.part[i] = broadcastVec(value);
  return lanes;
}

KERNELS_INLINE Lanes operator-(Lanes a) {
  KERNELS_EACH_PART a.part[i] = -a.part[i];
  return a;
}

KERNELS_INLINE Lanes fma(Lanes a, Lanes b, Lanes c) {
  KERNELS_EACH_PART c.part[i] = fma(a.part[i], b.part[i], c.part[i]);
  return c;
}
KERNELS_INLINE Lanes fma(Lanes a, Lanes b, float c) { return fma(a, b, broadcast(c)); }
KERNELS_INLINE Lanes fma(Lanes a, float b, Lanes c) { return fma(a, broadcast(b), c); }
KERNELS_INLINE Lanes fma(Lanes a, float b, float c) { return fma(a, broadcast(b), broadcast(c)); }

KERNELS_INLINE Lanes sqrt(Lanes a) {
  KERNELS_EACH_PART a.part[i] = sqrtVec(a.part[i]);
  return a;
}

KERNELS_INLINE Lanes select(Mask mask, Lanes yes, Lanes no) {
  KERNELS_EACH_PART no.part[i] = mask.part[i] ? yes.part[i] : no.part[i];
  return no;
}

// b where a is NaN: put the operand whose NaN must survive second.
#if defined(KERNELS_AVX512)
KERNELS_INLINE Lanes larger(Lanes a, Lanes b) { return {(Vec)_mm512_max_ps((__m512)a.part[0], (__m512)b.part[0])}; }
KERNELS_INLINE Lanes smaller(Lanes a, Lanes b) { return {(Vec)_mm512_min_ps((__m512)a.part[0], (__m512)b.part[0])}; }
#elif defined(KERNELS_AVX2)
KERNELS_INLINE Lanes larger(Lanes a, Lanes b) {
  KERNELS_EACH_PART b.part[i] = (Vec)_mm256_max_ps((__m256)a.part[i], (__m256)b.part[i]);
  return b;
}
KERNELS_INLINE Lanes smaller(Lanes a, Lanes b) {
  KERNELS_EACH_PART b.part[i] = (Vec)_mm256_min_ps((__m256)a.part[i], (__m256)b.part[i]);
  return b;
}
#else
KERNELS_INLINE Lanes larger(Lanes a, Lanes b) { return select(a > b, a, b); }
KERNELS_INLINE Lanes smaller(Lanes a, Lanes b) { return select(a < b, a, b); }
#endif

KERNELS_INLINE Ints bitsOf(Lanes a) {
  Ints bits;
  KERNELS_EACH_PART bits.part[i] = (IntVec)a.part[i];
  return bits;
}
KERNELS_INLINE Lanes fromBits(Ints a) {
  Lanes lanes;
  KERNELS_EACH_PART lanes.part[i] = (Vec)a.part[i];
  return lanes;
}
KERNELS_INLINE Lanes magnitude(Lanes a) {
  KERNELS_EACH_PART a.part[i] = (Vec)((IntVec)a.part[i] & 0x7fffffff);
  return a;
}
// The magnitude of a (which is not negative) with the sign of b.
KERNELS_INLINE Lanes withSign(Lanes a, Lanes b) {
  KERNELS_EACH_PART a.part[i] = (Vec)((IntVec)a.part[i] | ((IntVec)b.part[i] & int32_t(0x80000000)));
  return a;
}

KERNELS_INLINE Lanes load(const float* from) {
  Lanes lanes;
  KERNELS_EACH_PART lanes.part[i] = loadVec(from + i * kWidth);
  return lanes;
}
KERNELS_INLINE void store(float* to, Lanes value) { KERNELS_EACH_PART storeVec(to + i * kWidth, value.part[i]); }

// A store that goes past the caches, `to` at the beginning of a line: what is written whole need not be fetched before. `settlePast` comes before anyone is told
// that it is done.
KERNELS_INLINE void storePast(float* to, Lanes value) {
#if defined(KERNELS_AVX512)
  _mm512_stream_ps(to, (__m512)value.part[0]);
#elif defined(KERNELS_AVX2)
  KERNELS_EACH_PART _mm256_stream_ps(to + i * kWidth, (__m256)value.part[i]);
#else
  store(to, value);
#endif
}
KERNELS_INLINE void settlePast() {
#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
  _mm_sfence();
#endif
}

// The first n lanes, n <= 16; the others are 0 when loaded and untouched when stored.
KERNELS_INLINE Lanes load(const float* from, int64_t n) {
  if (n >= kLanes) return load(from);
  Lanes lanes;
  KERNELS_EACH_PART {
    const int64_t here = n - i * kWidth;
    lanes.part[i] = here >= kWidth ? loadVec(from + i * kWidth) : here > 0 ? loadSome(from + i * kWidth, here) : Vec{};
  }
  return lanes;
}
KERNELS_INLINE void store(float* to, Lanes value, int64_t n) {
  if (n >= kLanes) return store(to, value);
  KERNELS_EACH_PART {
    const int64_t here = n - i * kWidth;
    if (here >= kWidth) storeVec(to + i * kWidth, value.part[i]);
    else if (here > 0) storeSome(to + i * kWidth, value.part[i], here);
  }
}

// 0, 1, 2, .. 15.
KERNELS_INLINE Lanes laneNumbers() {
  alignas(64) static const float numbers[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(numbers);
}

// Lanes from n on become `value`.
KERNELS_INLINE Lanes padded(Lanes a, int64_t n, float value) {
  if (n >= kLanes) return a;
  return select(laneNumbers() < float(n), a, broadcast(value));
}

// Folds sixteen lanes: lane i with i + 8, then with i + 4, i + 2, i + 1.
template <class Combine>
KERNELS_INLINE float fold(Lanes a, Combine combine) {
  Four quarter[4];
#if defined(KERNELS_AVX512)
  quarter[0] = (Four)_mm512_castps512_ps128((__m512)a.part[0]);
  quarter[1] = (Four)_mm512_extractf32x4_ps((__m512)a.part[0], 1);
  quarter[2] = (Four)_mm512_extractf32x4_ps((__m512)a.part[0], 2);
  quarter[3] = (Four)_mm512_extractf32x4_ps((__m512)a.part[0], 3);
#elif defined(KERNELS_AVX2)
  quarter[0] = (Four)_mm256_castps256_ps128((__m256)a.part[0]);
  quarter[1] = (Four)_mm256_extractf128_ps((__m256)a.part[0], 1);
  quarter[2] = (Four)_mm256_castps256_ps128((__m256)a.part[1]);
  quarter[3] = (Four)_mm256_extractf128_ps((__m256)a.part[1], 1);
#else
  for (int i = 0; i < 4; i++) quarter[i] = (Four)a.part[i];
#endif
  const Four four = combine(combine(quarter[0], quarter[2]), combine(quarter[1], quarter[3]));
  const Four two = combine(four, KERNELS_SHUFFLE4(four, 2, 3, 2, 3));
  return combine(two, KERNELS_SHUFFLE4(two, 1, 1, 1, 1))[0];
}

KERNELS_INLINE float sum(Lanes a) {
  return fold(a, [](auto x, auto y) { return x + y; });
}
#if defined(KERNELS_AVX512)
// The sums of kRows x 4 at once, kRows <= 4: lane 4 i + j is sum(a[i][j]), added up in the same order, and what lies together after each step is the next pair.
// Thirty shuffles, where sixteen sums by themselves take five each.
template <int kRows>
KERNELS_INLINE Vec sums(const Lanes (*a)[4]) {
  __m512 four[4], two[2];
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    __m512 eight[2];
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
      // Rows that are not there are those that are, once more, which costs nothing.
      const __m512 one = (__m512)a[2 * half % kRows][j].part[0], other = (__m512)a[(2 * half + 1) % kRows][j].part[0];
      eight[half] = _mm512_add_ps(_mm512_shuffle_f32x4(one, other, 0x44), _mm512_shuffle_f32x4(one, other, 0xee));
    }
    four[j] = _mm512_add_ps(_mm512_shuffle_f32x4(eight[0], eight[1], 0x88), _mm512_shuffle_f32x4(eight[0], eight[1], 0xdd));
  }
#pragma GCC unroll 2
  for (int j = 0; j < 2; j++) {
    two[j] = _mm512_add_ps(_mm512_shuffle_ps(four[2 * j], four[2 * j + 1], 0x44), _mm512_shuffle_ps(four[2 * j], four[2 * j + 1], 0xee));
  }
  return (Vec)_mm512_add_ps(_mm512_shuffle_ps(two[0], two[1], 0x88), _mm512_shuffle_ps(two[0], two[1], 0xdd));
}
#endif
KERNELS_INLINE float largest(Lanes a) {
  return fold(a, [](auto x, auto y) { return x > y ? x : y; });
}

}  // namespace kernels::KERNELS_ISA
