// Rows of x, rounded to int8, times sixteen rows of a weight at a time. A word of the weight holds four bytes of each of its sixteen rows: one VNNI instruction
// multiplies all codes of one place in those bytes with four codes of x, a group's sums stand in the lanes where its scales do, and the weight is one walk through memory.
#include "../integer_linear/integer_rows.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Interleaved {
  const uint8_t* blocks;
  int64_t in, out, groupSize, groups;
  int bits, zeroPoint;
  bool half;

  int64_t scaleBytes() const { return half ? 2 * kLanes : 4 * kLanes; }
  int64_t words() const { return groupSize * bits / 32; }
  int64_t blockBytes() const { return scaleBytes() + words() * 4 * kLanes; }
};

// Rows of x as the product takes them.
struct RoundedRows {
  int8_t* codes;   // [rows, in]; below 8 bits the columns of a word by their place in a byte: for 4 bits the even ones, then the odd ones
  float* scales;   // [rows, groups]
  int32_t* starts; // [rows, groups]: minus the zero point times the sum of the group's codes
};

static void roundRow(const Interleaved& weight, const float* x, const RoundedRows& to, int64_t r) {
  int8_t* codes = to.codes + r * weight.in;
  for (int64_t g = 0; g < weight.groups; g++) {
    int8_t* group = codes + g * weight.groupSize;
    to.scales[r * weight.groups + g] = quantizeGroup(x + r * weight.in + g * weight.groupSize, weight.groupSize, (uint8_t*)group);
    int32_t sum = 0;
    for (int64_t i = 0; i < weight.groupSize; i++) sum += group[i];
    to.starts[r * weight.groups + g] = -weight.zeroPoint * sum;
  }
  const int inByte = 8 / weight.bits, inWord = 4 * inByte;
  if (inByte == 1) return;
  for (int64_t i = 0; i < weight.in; i += inWord) {
    int8_t word[16];
    __builtin_memcpy(word, codes + i, size_t(inWord));
    for (int place = 0; place < inByte; place++) {
      for (int b = 0; b < 4; b++) codes[i + 4 * place + b] = word[inByte * b + place];
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

// Columns of a group that stand in one byte, and so how often a word is taken apart.
template <int kBits>
constexpr int kPlaces = 8 / kBits;

#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
// Four bytes of x with four unsigned ones below 16 of eight rows: pairs stay within sixteen bits.
KERNELS_INLINE __m256i fours(__m256i codes, __m256i x) { return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1)); }

template <int kBits>
static void sumsOfGroup(const uint8_t* codes, const int8_t* x, int64_t words, int32_t start, int32_t* sums) {
  // A byte of 8 bits is two nibbles of the same column, the upper one counting sixteen times.
  constexpr int kParts = kBits == 8 ? 2 : kPlaces<kBits>, kPartBits = 8 / kParts;
  const __m256i low = _mm256_set1_epi8((1 << kPartBits) - 1);
  __m256i total[kParts][2];
  for (int p = 0; p < kParts; p++) total[p][0] = total[p][1] = _mm256_setzero_si256();
  for (int64_t w = 0; w < words; w++) {
    const int8_t* at = x + w * 4 * kPlaces<kBits>;
    for (int h = 0; h < 2; h++) {
      const __m256i all = _mm256_loadu_si256((const __m256i*)(codes + w * 64 + h * 32));
      for (int p = 0; p < kParts; p++) {
        int32_t four;
        __builtin_memcpy(&four, at + (kBits == 8 ? 0 : 4 * p), 4);
        const __m256i part = _mm256_and_si256(_mm256_srli_epi16(all, p * kPartBits), low);
        total[p][h] = _mm256_add_epi32(total[p][h], fours(part, _mm256_set1_epi32(four)));
      }
    }
  }
  for (int h = 0; h < 2; h++) {
    __m256i sum = _mm256_set1_epi32(start);
    for (int p = 0; p < kParts; p++) sum = _mm256_add_epi32(sum, kBits == 8 ? _mm256_slli_epi32(total[p][h], 4 * p) : total[p][h]);
    _mm256_storeu_si256((__m256i*)(sums + 8 * h), sum);
  }
}
#else
template <int kBits>
static void sumsOfGroup(const uint8_t* codes, const int8_t* x, int64_t words, int32_t start, int32_t* sums) {
  for (int l = 0; l < kLanes; l++) sums[l] = start;
  for (int64_t w = 0; w < words; w++) {
    const int8_t* at = x + w * 4 * kPlaces<kBits>;
    for (int l = 0; l < kLanes; l++) {
      const uint8_t* four = codes + w * 64 + l * 4;
      for (int i = 0; i < 4; i++) {
        for (int p = 0; p < kPlaces<kBits>; p++) sums[l] += int32_t(four[i] >> (p * kBits) & ((1 << kBits) - 1)) * at[4 * p + i];
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

// How far ahead of its reading a weight is asked for, where the hardware's own foresight ends with each page of 4 kB. Not on other processors: on
// AMD's, which look further, a request takes one of the few places in which the first cache waits for the memory, and a third of its speed with it.
constexpr int64_t kBytesAhead = 4096;

static bool asksAhead() { return __builtin_cpu_is("intel"); }

// kWords: words of a group, 0 where they are not known before. Codes of a place stay where they stand in their byte, so that its sums count 2^(place x bits)
// times; they are shifted down once a group.
template <int kBits, int kRows, int kWords>
KERNELS_VNNI static void panelVnni(const Product& work, int64_t r, int64_t o) {
  // Two sums in turn for 8 bits: an instruction need not wait for the one before it.
  constexpr int kSums = kBits == 8 ? 2 : kPlaces<kBits>;
  const Interleaved& weight = work.weight;
  const int64_t groups = weight.groups, blockBytes = weight.blockBytes(), in = weight.in;
  const int64_t words = kWords > 0 ? kWords : weight.words();
  const uint8_t* block = weight.blocks + o / kLanes * groups * blockBytes;
  const bool asks = asksAhead();
  Lanes total[kRows];
#pragma GCC unroll 4
  for (int a = 0; a < kRows; a++) total[a] = broadcast(0.0f);
  for (int64_t g = 0; g < groups; g++, block += blockBytes) {
    const uint8_t* codes = block + weight.scaleBytes();
    const int8_t* x = work.x.codes + r * in + g * weight.groupSize;
    __m512i sums[kRows][kSums];
#pragma GCC unroll 4
    for (int a = 0; a < kRows; a++) {
      sums[a][0] = _mm512_set1_epi32(work.x.starts[(r + a) * groups + g]);
#pragma GCC unroll 4
      for (int s = 1; s < kSums; s++) sums[a][s] = _mm512_setzero_si512();
    }
#pragma GCC unroll 8
    for (int64_t w = 0; w < words; w++) {
      const __m512i all = _mm512_loadu_si512(codes + w * 64);
      if (kRows == 1 && asks) __builtin_prefetch(codes + w * 64 + kBytesAhead);
#pragma GCC unroll 4
      for (int place = 0; place < kPlaces<kBits>; place++) {
        const __m512i those = kBits == 8 ? all : _mm512_and_si512(all, _mm512_set1_epi8(char(((1 << kBits) - 1) << (place * kBits))));
#pragma GCC unroll 4
        for (int a = 0; a < kRows; a++) {
          __m512i& sum = sums[a][kBits == 8 ? w % 2 : place];
          sum = _mm512_dpbusd_epi32(sum, those, fourOf(x + a * in + (w * kPlaces<kBits> + place) * 4));
        }
      }
    }
    const Lanes scales = scalesOf(weight, block);
#pragma GCC unroll 4
    for (int a = 0; a < kRows; a++) {
      __m512i sum = sums[a][0];
#pragma GCC unroll 4
      for (int s = 1; s < kSums; s++) sum = _mm512_add_epi32(sum, kBits == 8 ? sums[a][s] : _mm512_srai_epi32(sums[a][s], s * kBits));
      const Lanes floats = {(Vec)_mm512_cvtepi32_ps(sum)};
      total[a] = fma(scales * broadcast(work.x.scales[(r + a) * groups + g]), floats, total[a]);
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

template <int kBits>
static Panels panelsOf([[maybe_unused]] const Interleaved& weight) {
#if defined(KERNELS_AVX512)
  if (__builtin_cpu_supports("avx512vnni")) return weight.groupSize == 32 ? panelsVnni<kBits, kBits> : panelsVnni<kBits, 0>;
#endif
  return panelsPlain<kBits>;
}

static void forward(Call& call) {
  call.form(4, 7);
  Interleaved weight;
  const int64_t rows = call.extent(0);
  weight.in = call.extent(1);
  weight.out = call.extent(2);
  weight.bits = int(call.integer(3, 2, 8));
  weight.groupSize = call.integer(4, 1, 65536);
  weight.half = call.flag(5);
  weight.zeroPoint = int(call.integer(6, 0, 255));
  weight.groups = weight.in / weight.groupSize;
  call.require(weight.bits == 2 || weight.bits == 4 || weight.bits == 8, "bits are 2, 4 or 8");
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
  const Panels compute = weight.bits == 8 ? panelsOf<8>(weight) : weight.bits == 4 ? panelsOf<4>(weight) : panelsOf<2>(weight);
  call.parallel(panels, [&](int64_t panel, int) { compute(work, rows, panel * kLanes); });
}

KERNELS(interleaved_linear) = {{"interleaved_linear.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
