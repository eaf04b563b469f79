// Rows of x, rounded to int8, times sixteen rows of a weight at a time. A word of the weight holds four bytes of each of its sixteen rows: one VNNI instruction
// multiplies them all with four codes of x, a group's sums stand in the lanes where its scales do, and the weight is one walk through memory.
#include "../integer_linear/integer_rows.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Interleaved {
  const uint8_t* blocks;
  int64_t in, out, groupSize, groups;
  int bits;
  bool half;

  int64_t scaleBytes() const { return half ? 2 * kLanes : 4 * kLanes; }
  int64_t words() const { return groupSize * bits / 32; }
  int64_t blockBytes() const { return scaleBytes() + words() * 4 * kLanes; }
};

// Rows of x as the product takes them.
struct RoundedRows {
  int8_t* codes;   // [rows, in]; for 4 bits each eight columns as the even ones, then the odd ones, which is how a word's nibbles lie
  float* scales;   // [rows, groups]
  int32_t* starts; // [rows, groups]: -2^(bits - 1) times the sum of the group's codes
};

static void roundRow(const Interleaved& weight, const float* x, const RoundedRows& to, int64_t r) {
  int8_t* codes = to.codes + r * weight.in;
  for (int64_t g = 0; g < weight.groups; g++) {
    int8_t* group = codes + g * weight.groupSize;
    to.scales[r * weight.groups + g] = quantizeGroup(x + r * weight.in + g * weight.groupSize, weight.groupSize, (uint8_t*)group);
    int32_t sum = 0;
    for (int64_t i = 0; i < weight.groupSize; i++) sum += group[i];
    to.starts[r * weight.groups + g] = -(sum << (weight.bits - 1));
  }
  if (weight.bits == 8) return;
  for (int64_t i = 0; i < weight.in; i += 8) {
    int8_t eight[8];
    __builtin_memcpy(eight, codes + i, 8);
    for (int l = 0; l < 4; l++) {
      codes[i + l] = eight[2 * l];
      codes[i + 4 + l] = eight[2 * l + 1];
    }
  }
}

KERNELS_INLINE Lanes scalesOf(const Interleaved& weight, const uint8_t* block) {
  if (!weight.half) return load((const float*)block);
#if defined(KERNELS_AVX512)
  return {(Vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)block))};
#else
  // Finite: the exponent moves by 2^112, and denormals become normal.
  alignas(64) float scales[kLanes];
  for (int l = 0; l < kLanes; l++) {
    uint16_t half;
    __builtin_memcpy(&half, block + 2 * l, 2);
    const uint32_t magnitude = uint32_t(half & 0x7fff) << 13, sign = uint32_t(half & 0x8000) << 16;
    float value;
    __builtin_memcpy(&value, &magnitude, 4);
    value *= 0x1p112f;
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    bits |= sign;
    __builtin_memcpy(scales + l, &bits, 4);
  }
  return load(scales);
#endif
}

struct Product {
  const Interleaved& weight;
  const RoundedRows& x;
  const float* bias;
  float* y;
};

KERNELS_INLINE void finish(const Product& work, int64_t r, int64_t o, Lanes total) {
  const int64_t n = work.weight.out - o < kLanes ? work.weight.out - o : kLanes;
  store(work.y + r * work.weight.out + o, work.bias != nullptr ? total + load(work.bias + o, n) : total + 0.0f, n);
}

// --- a group's sixteen sums ---

#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
// Four bytes of x with four unsigned ones below 16 of eight rows: pairs stay within sixteen bits.
KERNELS_INLINE __m256i fours(__m256i codes, __m256i x) { return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1)); }

template <int kBits>
static void sumsOfGroup(const uint8_t* codes, const int8_t* x, int64_t words, int32_t start, int32_t* sums) {
  const __m256i low = _mm256_set1_epi8(15);
  __m256i even[2], odd[2];
  for (int h = 0; h < 2; h++) even[h] = odd[h] = _mm256_setzero_si256();
  for (int64_t w = 0; w < words; w++) {
    int32_t first, second;
    __builtin_memcpy(&first, x + w * (kBits == 8 ? 4 : 8), 4);
    if (kBits == 8) second = first;
    else __builtin_memcpy(&second, x + w * 8 + 4, 4);
    for (int h = 0; h < 2; h++) {
      const __m256i both = _mm256_loadu_si256((const __m256i*)(codes + w * 64 + h * 32));
      even[h] = _mm256_add_epi32(even[h], fours(_mm256_and_si256(both, low), _mm256_set1_epi32(first)));
      odd[h] = _mm256_add_epi32(odd[h], fours(_mm256_and_si256(_mm256_srli_epi16(both, 4), low), _mm256_set1_epi32(second)));
    }
  }
  for (int h = 0; h < 2; h++) {
    // In 8 bits the upper nibbles count sixteen times.
    const __m256i upper = kBits == 8 ? _mm256_slli_epi32(odd[h], 4) : odd[h];
    _mm256_storeu_si256((__m256i*)(sums + 8 * h), _mm256_add_epi32(_mm256_add_epi32(even[h], upper), _mm256_set1_epi32(start)));
  }
}
#else
template <int kBits>
static void sumsOfGroup(const uint8_t* codes, const int8_t* x, int64_t words, int32_t start, int32_t* sums) {
  for (int l = 0; l < kLanes; l++) sums[l] = start;
  for (int64_t w = 0; w < words; w++) {
    const int8_t* at = x + w * (kBits == 8 ? 4 : 8);
    for (int l = 0; l < kLanes; l++) {
      const uint8_t* four = codes + w * 64 + l * 4;
      for (int i = 0; i < 4; i++) {
        if (kBits == 8) sums[l] += int32_t(four[i]) * at[i];
        else sums[l] += int32_t(four[i] & 15) * at[i] + int32_t(four[i] >> 4) * at[4 + i];
      }
    }
  }
}
#endif

template <int kBits>
static void panelPlain(const Product& work, int64_t r, int64_t o) {
  const Interleaved& weight = work.weight;
  const uint8_t* block = weight.blocks + o / kLanes * weight.groups * weight.blockBytes();
  Lanes total = broadcast(0.0f);
  for (int64_t g = 0; g < weight.groups; g++, block += weight.blockBytes()) {
    alignas(64) int32_t sums[kLanes];
    const int64_t at = r * weight.groups + g;
    sumsOfGroup<kBits>(block + weight.scaleBytes(), work.x.codes + r * weight.in + g * weight.groupSize, weight.words(), work.x.starts[at], sums);
    alignas(64) float floats[kLanes];
    for (int l = 0; l < kLanes; l++) floats[l] = float(sums[l]);
    total = fma(scalesOf(weight, block) * broadcast(work.x.scales[at]), load(floats), total);
  }
  finish(work, r, o, total);
}

template <int kBits>
static void panelsPlain(const Product& work, int64_t rows, int64_t o) {
  for (int64_t r = 0; r < rows; r++) panelPlain<kBits>(work, r, o);
}

#if defined(KERNELS_AVX512)
#define KERNELS_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")))

KERNELS_VNNI static inline __m512i fourOf(const int8_t* x) {
  int32_t four;
  __builtin_memcpy(&four, x, 4);
  return _mm512_set1_epi32(four);
}

// How far ahead of its reading a weight is asked for: the hardware's own foresight ends with each page of 4 kB.
constexpr int64_t kBytesAhead = 4096;

// kWords: words of a group, 0 where they are not known before.
template <int kBits, int kRows, int kWords>
KERNELS_VNNI static void panelVnni(const Product& work, int64_t r, int64_t o) {
  const Interleaved& weight = work.weight;
  const int64_t groups = weight.groups, blockBytes = weight.blockBytes(), in = weight.in;
  const int64_t words = kWords > 0 ? kWords : weight.words();
  const uint8_t* block = weight.blocks + o / kLanes * groups * blockBytes;
  const __m512i low = _mm512_set1_epi8(15);
  Lanes total[kRows];
#pragma GCC unroll 4
  for (int a = 0; a < kRows; a++) total[a] = broadcast(0.0f);
  for (int64_t g = 0; g < groups; g++, block += blockBytes) {
    const uint8_t* codes = block + weight.scaleBytes();
    const int8_t* x = work.x.codes + r * in + g * weight.groupSize;
    __m512i even[kRows], odd[kRows];
#pragma GCC unroll 4
    for (int a = 0; a < kRows; a++) {
      even[a] = _mm512_set1_epi32(work.x.starts[(r + a) * groups + g]);
      odd[a] = _mm512_setzero_si512();
    }
#pragma GCC unroll 8
    for (int64_t w = 0; w < words; w++) {
      const __m512i both = _mm512_loadu_si512(codes + w * 64);
      if (kRows == 1) __builtin_prefetch(codes + w * 64 + kBytesAhead);
#pragma GCC unroll 4
      for (int a = 0; a < kRows; a++) {
        if (kBits == 8) {
          __m512i& sum = w % 2 == 0 ? even[a] : odd[a];
          sum = _mm512_dpbusd_epi32(sum, both, fourOf(x + a * in + w * 4));
        } else {
          even[a] = _mm512_dpbusd_epi32(even[a], _mm512_and_si512(both, low), fourOf(x + a * in + w * 8));
          odd[a] = _mm512_dpbusd_epi32(odd[a], _mm512_and_si512(_mm512_srli_epi16(both, 4), low), fourOf(x + a * in + w * 8 + 4));
        }
      }
    }
    const Lanes scales = scalesOf(weight, block);
#pragma GCC unroll 4
    for (int a = 0; a < kRows; a++) {
      const Lanes sums = {(Vec)_mm512_cvtepi32_ps(_mm512_add_epi32(even[a], odd[a]))};
      total[a] = fma(scales * broadcast(work.x.scales[(r + a) * groups + g]), sums, total[a]);
    }
  }
#pragma GCC unroll 4
  for (int a = 0; a < kRows; a++) finish(work, r + a, o, total[a]);
}

template <int kBits, int kWords>
static void panelsVnni(const Product& work, int64_t rows, int64_t o) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) panelVnni<kBits, 4, kWords>(work, r, o);
  for (; r < rows; r++) panelVnni<kBits, 1, kWords>(work, r, o);
}
#endif

// y[all rows, o .. o + 16)
typedef void (*Panels)(const Product& work, int64_t rows, int64_t o);

static Panels panelsOf(const Interleaved& weight) {
#if defined(KERNELS_AVX512)
  if (__builtin_cpu_supports("avx512vnni")) {
    if (weight.groupSize == 32) return weight.bits == 8 ? panelsVnni<8, 8> : panelsVnni<4, 4>;
    return weight.bits == 8 ? panelsVnni<8, 0> : panelsVnni<4, 0>;
  }
#endif
  return weight.bits == 8 ? panelsPlain<8> : panelsPlain<4>;
}

static void forward(Call& call) {
  call.form(4, 6);
  Interleaved weight;
  const int64_t rows = call.extent(0);
  weight.in = call.extent(1);
  weight.out = call.extent(2);
  weight.bits = int(call.integer(3, 4, 8));
  weight.groupSize = call.integer(4, 1, 65536);
  weight.half = call.flag(5);
  weight.groups = weight.in / weight.groupSize;
  call.require(weight.bits == 4 || weight.bits == 8, "bits are 4 or 8");
  call.require(weight.in > 0 && weight.in % weight.groupSize == 0 && weight.groupSize * weight.bits % 32 == 0, "groups divide in, in whole words");
  const int64_t panels = weight.out / kLanes + (weight.out % kLanes != 0);
  const float* x = call.floats(0, times(rows, weight.in));
  weight.blocks = call.bytes(1, times(panels, weight.groups, weight.blockBytes()));
  const float* bias = call.floatsOrNone(2, weight.out);
  float* y = call.out(3, times(rows, weight.out));
  if (call.refused() || rows == 0 || panels == 0) return;
  Workspace space;
  if (!call.workspace(times(rows, (weight.in + 3) / 4 + 2 * weight.groups), 0, &space)) return;
  RoundedRows rounded;
  rounded.scales = space.all;
  rounded.starts = (int32_t*)(rounded.scales + rows * weight.groups);
  rounded.codes = (int8_t*)(rounded.starts + rows * weight.groups);
  call.ranges(rows, rowGrain(weight.in), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; r++) roundRow(weight, x, rounded, r);
  });
  const Product work{weight, rounded, bias, y};
  const Panels compute = panelsOf(weight);
  call.parallel(panels, [&](int64_t panel, int) { compute(work, rows, panel * kLanes); });
}

KERNELS(interleaved_linear) = {{"interleaved_linear.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
