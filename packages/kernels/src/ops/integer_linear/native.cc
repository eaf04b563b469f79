// int8 rows times packed integer weights, exact in 32-bit integers: whatever adds the products up gives the same sum, so each instruction set takes its own
// (VNNI, pairs of bytes, plain loops). Floats enter once for each group of columns that share a scale, in the order of the groups.
//
// Codes of some rows of the weight become bytes in the first caches; each is then multiplied with eight rows of x at a time. With VNNI and groups of 32, 64, …
// columns sixteen rows of the weight are multiplied side by side.
#include "../quantized_linear/packed_weight.h"
#include "integer_rows.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

// --- int8 codes of rows ---

static void quantize(Call& call) {
  call.form(3, 3);
  const int64_t rows = call.extent(0), width = call.extent(1), groupSize = call.integer(2, 1, kMostElements);
  const int64_t groups = width == 0 ? 1 : (width - 1) / groupSize + 1;
  const float* x = call.floats(0, times(rows, width));
  uint8_t* codes = const_cast<uint8_t*>(call.bytes(1, times(rows, width)));
  float* scales = call.out(2, times(rows, groups));
  if (call.refused()) return;
  call.ranges(rows, rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; r++) {
      const float* row = x + r * width;
      for (int64_t g = 0; g < groups; g++) {
        const int64_t from = g * groupSize, to = width - from < groupSize ? width : from + groupSize;
        scales[r * groups + g] = quantizeGroup(row + from, to - from, codes + r * width + from);
      }
    }
  });
}

// --- exact inner products ---

constexpr int kRowsAtOnce = 8;
// Bytes that rows are filled up to.
constexpr int64_t kStep = 64;

// sums[a] = sum over n bytes of codes[i] x[a * stride + i], for `rows` <= kRowsAtOnce rows of x. `wide`: codes may be above 127.
typedef void (*InnerProducts)(const uint8_t* codes, const int8_t* x, int64_t stride, int64_t n, int rows, bool wide, int32_t* sums);

KERNELS_INLINE int32_t rest(const uint8_t* codes, const int8_t* x, int64_t from, int64_t n) {
  int32_t sum = 0;
  for (int64_t i = from; i < n; i++) sum += int32_t(codes[i]) * x[i];
  return sum;
}

#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
KERNELS_INLINE int32_t addUp(__m256i sums) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

template <int kRows>
static void pairs(const uint8_t* codes, const int8_t* x, int64_t stride, int64_t n, bool wide, int32_t* sums) {
  __m256i total[kRows];
#pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) total[a] = _mm256_setzero_si256();
  int64_t i = 0;
  if (wide) {
    // Two products of codes above 127 overflow sixteen bits: bytes are widened first.
    for (; i + 16 <= n; i += 16) {
      const __m256i code = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i*)(codes + i)));
    #pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) {
        const __m256i value = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)(x + a * stride + i)));
        total[a] = _mm256_add_epi32(total[a], _mm256_madd_epi16(code, value));
      }
    }
  } else {
    const __m256i ones = _mm256_set1_epi16(1);
    for (; i + 32 <= n; i += 32) {
      const __m256i code = _mm256_loadu_si256((const __m256i*)(codes + i));
    #pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) {
        const __m256i value = _mm256_loadu_si256((const __m256i*)(x + a * stride + i));
        total[a] = _mm256_add_epi32(total[a], _mm256_madd_epi16(_mm256_maddubs_epi16(code, value), ones));
      }
    }
  }
#pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) sums[a] = addUp(total[a]) + rest(codes, x + a * stride, i, n);
}

static void productsOfPairs(const uint8_t* codes, const int8_t* x, int64_t stride, int64_t n, int rows, bool wide, int32_t* sums) {
  if (rows == kRowsAtOnce) return pairs<kRowsAtOnce>(codes, x, stride, n, wide, sums);
  for (int a = 0; a < rows; a++) pairs<1>(codes, x + a * stride, stride, n, wide, sums + a);
}
#endif

#if defined(KERNELS_AVX512)
#define KERNELS_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")))
template <int kRows>
KERNELS_VNNI static void fours(const uint8_t* codes, const int8_t* x, int64_t stride, int64_t n, int32_t* sums) {
  __m512i total[kRows];
#pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) total[a] = _mm512_setzero_si512();
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const __m512i code = _mm512_loadu_si512(codes + i);
  #pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) total[a] = _mm512_dpbusd_epi32(total[a], code, _mm512_loadu_si512(x + a * stride + i));
  }
  if (i < n) {
    const __mmask64 there = (__mmask64(1) << (n - i)) - 1;
    const __m512i code = _mm512_maskz_loadu_epi8(there, codes + i);
  #pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) total[a] = _mm512_dpbusd_epi32(total[a], code, _mm512_maskz_loadu_epi8(there, x + a * stride + i));
  }
#pragma GCC unroll 8
  for (int a = 0; a < kRows; a++) sums[a] = _mm512_reduce_add_epi32(total[a]);
}
KERNELS_VNNI static void productsOfFours(const uint8_t* codes, const int8_t* x, int64_t stride, int64_t n, int rows, bool, int32_t* sums) {
  if (rows == kRowsAtOnce) return fours<kRowsAtOnce>(codes, x, stride, n, sums);
  for (int a = 0; a < rows; a++) fours<1>(codes, x + a * stride, stride, n, sums + a);
}
static InnerProducts innerProducts() { return __builtin_cpu_supports("avx512vnni") ? productsOfFours : productsOfPairs; }
#elif defined(KERNELS_AVX2)
static InnerProducts innerProducts() { return productsOfPairs; }
#else
static void plainProducts(const uint8_t* codes, const int8_t* x, int64_t stride, int64_t n, int rows, bool, int32_t* sums) {
  for (int a = 0; a < rows; a++) sums[a] = rest(codes, x + a * stride, 0, n);
}
static InnerProducts innerProducts() { return plainProducts; }
#endif

// --- sixteen rows of the weight side by side ---

// Where a group is a multiple of 32 columns, sixteen rows of the weight are turned round so that a lane holds four neighbouring codes of its row: one
// instruction then multiplies four columns of sixteen rows with four codes of x, and a group's sums stand in the lanes where its sixteen scales do. The floats are
// those of the plain loops, in their order.
#if defined(KERNELS_AVX512)
struct Turned {
  const PackedWeight& weight;
  const int8_t* x;        // rows of x; for 4 bits each eight columns as the even ones, then the odd ones
  const int32_t* starts;  // -zero times the sum of x's codes, [rows, groups]
  const float* xScales;
  const float* bias;
  float* y;
  int64_t rows, groups;
  bool grouped;
};

// Bytes of sixteen rows, `bytes` a multiple of 16, as [bytes / 4][16] words.
static void turn(const uint8_t* from, int64_t stride, int64_t bytes, uint8_t* to) {
  for (int64_t c = 0; c < bytes; c += 16, to += 256) {
    // The next sixteen rows come from memory while these are multiplied.
    if (c % 64 == 0) {
      for (int row = 0; row < 16; row++) __builtin_prefetch(from + (16 + row) * stride + c);
    }
    __m512i z[4];
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++) {
      const uint8_t* at = from + m * stride + c;
      z[m] = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i*)at));
      z[m] = _mm512_inserti32x4(z[m], _mm_loadu_si128((const __m128i*)(at + 4 * stride)), 1);
      z[m] = _mm512_inserti32x4(z[m], _mm_loadu_si128((const __m128i*)(at + 8 * stride)), 2);
      z[m] = _mm512_inserti32x4(z[m], _mm_loadu_si128((const __m128i*)(at + 12 * stride)), 3);
    }
    const __m512i a = _mm512_unpacklo_epi32(z[0], z[1]), b = _mm512_unpackhi_epi32(z[0], z[1]);
    const __m512i c2 = _mm512_unpacklo_epi32(z[2], z[3]), d = _mm512_unpackhi_epi32(z[2], z[3]);
    _mm512_storeu_si512(to, _mm512_unpacklo_epi64(a, c2));
    _mm512_storeu_si512(to + 64, _mm512_unpackhi_epi64(a, c2));
    _mm512_storeu_si512(to + 128, _mm512_unpacklo_epi64(b, d));
    _mm512_storeu_si512(to + 192, _mm512_unpackhi_epi64(b, d));
  }
}

KERNELS_VNNI static inline __m512i fourOf(const int8_t* x) {
  int32_t four;
  __builtin_memcpy(&four, x, 4);
  return _mm512_set1_epi32(four);
}

// y[r .. r + kRows, o .. o + 16)
template <int kBits, int kRows>
KERNELS_VNNI static void turnedTile(const Turned& work, int64_t r, int64_t o, const uint8_t* codes, const float* scales) {
  const int64_t in = work.weight.in, groups = work.groups, groupSize = work.weight.groupSize;
  const __m512i low = _mm512_set1_epi32(0x0f0f0f0f);
  __m512 total[kRows];
#pragma GCC unroll 4
  for (int a = 0; a < kRows; a++) total[a] = _mm512_setzero_ps();
  for (int64_t g = 0; g < groups; g++) {
    const int64_t from = g * groupSize, to = in - from < groupSize ? in : from + groupSize;
    __m512i even[kRows], odd[kRows];
#pragma GCC unroll 4
    for (int a = 0; a < kRows; a++) {
      even[a] = _mm512_set1_epi32(work.starts[(r + a) * groups + g]);
      odd[a] = _mm512_setzero_si512();
    }
    for (int64_t i = from; i < to; i += 8) {
      __m512i first, second;
      if (kBits == 8) {
        first = _mm512_loadu_si512(codes + i * 16);
        second = _mm512_loadu_si512(codes + i * 16 + 64);
      } else {
        const __m512i both = _mm512_loadu_si512(codes + i * 8);
        first = _mm512_and_si512(both, low);
        second = _mm512_and_si512(_mm512_srli_epi32(both, 4), low);
      }
#pragma GCC unroll 4
      for (int a = 0; a < kRows; a++) {
        const int8_t* x = work.x + (r + a) * in + i;
        even[a] = _mm512_dpbusd_epi32(even[a], first, fourOf(x));
        odd[a] = _mm512_dpbusd_epi32(odd[a], second, fourOf(x + 4));
      }
    }
    const __m512 scale = _mm512_loadu_ps(scales + g * 16);
#pragma GCC unroll 4
    for (int a = 0; a < kRows; a++) {
      const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(even[a], odd[a]));
      const __m512 factor = work.grouped ? _mm512_mul_ps(scale, _mm512_set1_ps(work.xScales[(r + a) * groups + g])) : scale;
      total[a] = _mm512_fmadd_ps(factor, sum, total[a]);
    }
  }
  const __m512 bias = work.bias != nullptr ? _mm512_loadu_ps(work.bias + o) : _mm512_setzero_ps();
#pragma GCC unroll 4
  for (int a = 0; a < kRows; a++) {
    const __m512 product = work.grouped ? total[a] : _mm512_mul_ps(total[a], _mm512_set1_ps(work.xScales[r + a]));
    _mm512_storeu_ps(work.y + (r + a) * work.weight.out + o, _mm512_add_ps(product, bias));
  }
}

template <int kBits>
static void turnedRows(const Turned& work, int64_t o, uint8_t* codes, float* scales) {
  const PackedWeight& weight = work.weight;
  turn(weight.row(o), weight.rowBytes(), weight.rowBytes(), codes);
  // Scales in rows are turned round as the codes are, four groups at a time.
  int64_t g = 0;
  if (weight.scaleFormat == 0 && weight.scaleFactor == 1 && weight.scaleRowStride == work.groups && weight.scaleGroupStride == 1) {
    g = work.groups / 4 * 4;
    turn((const uint8_t*)(weight.scales + o * work.groups), work.groups * 4, g * 4, (uint8_t*)scales);
  }
  for (; g < work.groups; g++) {
    for (int j = 0; j < 16; j++) scales[g * 16 + j] = weight.scaleAt(weight.scaleIndex(o + j, g));
  }
  int64_t r = 0;
  for (; r + 4 <= work.rows; r += 4) turnedTile<kBits, 4>(work, r, o, codes, scales);
  for (; r < work.rows; r++) turnedTile<kBits, 1>(work, r, o, codes, scales);
}

static bool canTurn(const PackedWeight& weight) {
  return __builtin_cpu_supports("avx512vnni") && !weight.trits && (weight.bits == 8 || weight.bits == 4) && weight.zeroPoints == nullptr &&
         weight.in > 0 && weight.in % 32 == 0 && (weight.groupSize % 32 == 0 || weight.groupSize >= weight.in);
}
#endif

// The codes of row o as bytes; up to fifteen more are written behind.
template <Coding kCoding>
static void codesOfRow(const PackedWeight& weight, const Extraction& how, int64_t o, uint8_t* to) {
  const uint8_t* row = weight.row(o);
  for (int64_t i = 0; i < weight.in; i += kLanes) {
    const Ints codes = codesAt<kCoding>(how, row, i);
#if defined(KERNELS_AVX512)
    _mm_storeu_si128((__m128i*)(to + i), _mm512_cvtepi32_epi8((__m512i)codes.part[0]));
#else
    alignas(64) int32_t all[kLanes];
    KERNELS_EACH_PART __builtin_memcpy(all + i * kWidth, &codes.part[i], sizeof(IntVec));
    for (int l = 0; l < kLanes; l++) to[i + l] = uint8_t(all[l]);
#endif
  }
}

// Bytes of the weight's codes that are made at once.
constexpr int64_t kCodesAtOnce = 1 << 15;

static void forward(Call& call) {
  call.form(8, 12);
  const int64_t rows = call.extent(0);
  const PackedWeight weight = readWeight(call, 2);
  const bool grouped = call.flag(11);
  const int64_t groups = weight.in == 0 ? 1 : (weight.in - 1) / weight.groupSize + 1;
  call.require(weight.values == nullptr, "the codes are integers: values is absent");
  call.require((weight.groupSize < weight.in ? weight.groupSize : weight.in) <= 65536, "at most 65536 columns share a scale");
  const int8_t* x = (const int8_t*)call.bytes(0, times(rows, weight.in));
  const float* xScales = call.floats(1, grouped ? times(rows, groups) : rows);
  const float* bias = call.floatsOrNone(6, weight.out);
  float* y = call.out(7, times(rows, weight.out));
  if (call.refused() || rows == 0 || weight.out == 0) return;
  const Extraction how(weight);
  const InnerProducts products = innerProducts();
  const bool wide = weight.bits == 8;
  const int64_t in = weight.in, stride = (in + kStep - 1) / kStep * kStep + kStep;
  int64_t atOnce = kCodesAtOnce / stride + 1;
  const int64_t fair = weight.out / (call.workers() * 2) + 1;
  if (atOnce > fair) atOnce = fair;
  // Sums of x's rows in each group, for the zero points.
  Workspace space;
  int64_t first = 0, ownFloats = atOnce * stride / 4;
#if defined(KERNELS_AVX512)
  const int64_t turnedFloats = 4 * weight.rowBytes() + 16 * groups;
  if (canTurn(weight) && weight.out >= 16) {
    first = weight.out / 16 * 16;
    if (ownFloats < turnedFloats) ownFloats = turnedFloats;
  }
#endif
  const bool reorders = first > 0 && weight.bits == 4;
  if (!call.workspace(times(rows, 2 * groups + (reorders ? in / 4 : 0)), ownFloats, &space)) return;
  int32_t* sumsOfX = (int32_t*)space.all;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t g = 0; g < groups; g++) {
      const int64_t from = g * weight.groupSize, to = in - from < weight.groupSize ? in : from + weight.groupSize;
      int32_t sum = 0;
      for (int64_t i = from; i < to; i++) sum += x[r * in + i];
      sumsOfX[r * groups + g] = sum;
    }
  }
#if defined(KERNELS_AVX512)
  if (first > 0) {
    int32_t* starts = sumsOfX + rows * groups;
    const uint32_t zero = uint32_t(int32_t(weight.zero));
    for (int64_t i = 0; i < rows * groups; i++) starts[i] = int32_t(0u - zero * uint32_t(sumsOfX[i]));
    const int8_t* ordered = x;
    if (reorders) {
      int8_t* to = (int8_t*)(starts + rows * groups);
      const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
      for (int64_t i = 0; i < rows * in; i += 16) {
        _mm_storeu_si128((__m128i*)(to + i), _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)(x + i)), order));
      }
      ordered = to;
    }
    const Turned work{weight, ordered, starts, xScales, bias, y, rows, groups, grouped};
    call.parallel(first / 16, [&](int64_t task, int worker) {
      float* scales = space.of(worker);
      uint8_t* codes = (uint8_t*)(scales + 16 * groups);
      if (weight.bits == 8) turnedRows<8>(work, task * 16, codes, scales);
      else turnedRows<4>(work, task * 16, codes, scales);
    });
  }
#endif
  call.parallel((weight.out - first + atOnce - 1) / atOnce, [&](int64_t task, int worker) {
    const int64_t begin = first + task * atOnce, end = weight.out - begin < atOnce ? weight.out : begin + atOnce;
    uint8_t* codes = (uint8_t*)space.of(worker);
    for (int64_t o = begin; o < end; o++) {
      uint8_t* to = codes + (o - begin) * stride;
      if (weight.trits) codesOfRow<Coding::kTrits>(weight, how, o, to);
      else if (weight.bits == 8) __builtin_memcpy(to, weight.row(o), size_t(in));
      else codesOfRow<Coding::kBits>(weight, how, o, to);
    }
    for (int64_t r = 0; r < rows; r += kRowsAtOnce) {
      const int count = int(rows - r < kRowsAtOnce ? rows - r : kRowsAtOnce);
      for (int64_t o = begin; o < end; o++) {
        float total[kRowsAtOnce] = {};
        for (int64_t g = 0; g < groups && in > 0; g++) {
          const int64_t from = g * weight.groupSize, length = in - from < weight.groupSize ? in - from : weight.groupSize;
          const int64_t at = weight.scaleIndex(o, g);
          const float scale = weight.scaleAt(at);
          const uint32_t zero = uint32_t(int32_t(weight.zeroAt(at)));
          int32_t sums[kRowsAtOnce];
          products(codes + (o - begin) * stride + from, x + r * in + from, in, length, count, wide, sums);
          // Unsigned: what overflows on the way comes back.
          for (int a = 0; a < count; a++) {
            const int32_t sum = int32_t(uint32_t(sums[a]) - zero * uint32_t(sumsOfX[(r + a) * groups + g]));
            total[a] = fma(grouped ? scale * xScales[(r + a) * groups + g] : scale, float(sum), total[a]);
          }
        }
        for (int a = 0; a < count; a++) y[(r + a) * weight.out + o] = (grouped ? total[a] : total[a] * xScales[r + a]) + (bias != nullptr ? bias[o] : 0.0f);
      }
    }
  });
}

KERNELS(integer_linear) = {{"integer_linear.quantize", quantize}, {"integer_linear.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
