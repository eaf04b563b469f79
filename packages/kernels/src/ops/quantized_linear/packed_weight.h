// A weight as packed codes: sixteen neighbouring codes of a row at a time become sixteen values in the lanes. Column numbers given here are multiples of
// sixteen, so sixteen codes start on a byte whatever their width.
#pragma once
#include "simd.h"

namespace kernels::KERNELS_ISA {

// Every scale is 1: what is left of a weight whose scales are multiplied on at the end.
constexpr int kOnes = 3;

struct PackedWeight {
  int64_t in, out;
  int bits;
  bool trits;
  int64_t groupSize, scaleRowStride, scaleGroupStride;
  float zero;
  int scaleFormat;  // 0 float, 1 e8m0, 2 e4m3, kOnes
  float scaleFactor;
  const uint8_t* codes;
  const float* scales;
  const uint8_t* scaleBytes;
  const float* zeroPoints;
  const float* values;

  int64_t rowBytes() const { return trits ? (in + 79) / 80 * 16 : (times(in, bits) + 7) / 8; }
  int64_t codeBytes() const { return times(out, rowBytes()); }
  const uint8_t* row(int64_t o) const { return codes + o * rowBytes(); }

  float scaleAt(int64_t at) const {
    if (scaleFormat == 0) return scales[at] * scaleFactor;
    if (scaleFormat == kOnes) return 1.0f;
    const uint32_t byte = scaleBytes[at];
    float scale;
    if (scaleFormat == 1) {
      const uint32_t bits32 = byte == 255 ? 0x7fc00000u : byte == 0 ? 0x00400000u : byte << 23;
      __builtin_memcpy(&scale, &bits32, 4);
    } else {
      const uint32_t exponent = byte >> 3 & 15, mantissa = byte & 7;
      const uint32_t power = (exponent == 0 ? 118 : exponent + 117) << 23;  // 2^-9, or 2^(exponent - 10)
      float unit;
      __builtin_memcpy(&unit, &power, 4);
      scale = float(exponent == 0 ? mantissa : mantissa + 8) * unit;
      if ((byte & 127) == 127) scale = __builtin_nanf("");
      if (byte & 128) scale = -scale;
    }
    return scale * scaleFactor;
  }
  float zeroAt(int64_t at) const { return zeroPoints != nullptr ? zeroPoints[at] : zero; }
  int64_t scaleIndex(int64_t o, int64_t group) const { return o * scaleRowStride + group * scaleGroupStride; }
};

// Operands firstBuffer .. + 3 (codes, scales, zeroPoints?, values?) and scalars 1 .. 10, as weightScalars of op.ts.
static inline PackedWeight readWeight(Call& call, int firstBuffer) {
  PackedWeight weight;
  weight.in = call.extent(1);
  weight.out = call.extent(2);
  weight.bits = int(call.integer(3, 1, 8));
  weight.groupSize = call.integer(4, 1, kMostElements);
  weight.scaleRowStride = call.extent(5);
  weight.scaleGroupStride = call.extent(6);
  weight.zero = call.real(7);
  weight.trits = call.flag(8);
  weight.scaleFormat = int(call.integer(9, 0, 2));
  weight.scaleFactor = call.real(10);
  call.require(!weight.trits || weight.bits == 2, "trits have 2 bits");
  weight.codes = call.bytes(firstBuffer, weight.codeBytes());
  const int64_t lastRow = weight.out > 0 ? weight.out - 1 : 0, lastGroup = weight.in > 0 ? (weight.in - 1) / weight.groupSize : 0;
  const int64_t scales = weight.in == 0 || weight.out == 0
                             ? 0
                             : times(lastRow, weight.scaleRowStride) + times(lastGroup, weight.scaleGroupStride) + 1;
  weight.scales = weight.scaleFormat == 0 ? call.floats(firstBuffer + 1, scales) : nullptr;
  weight.scaleBytes = weight.scaleFormat == 0 ? nullptr : call.bytes(firstBuffer + 1, scales);
  weight.zeroPoints = call.floatsOrNone(firstBuffer + 2, scales);
  weight.values = call.floatsOrNone(firstBuffer + 3, int64_t(1) << weight.bits);
  return weight;
}

// --- sixteen codes ---

enum class Coding { kBytes, kBits, kTrits };

// What taking sixteen codes of one weight apart needs: made once for a call.
struct Extraction {
  int bits;
  int32_t mask;
  const uint8_t* end;
  alignas(32) uint8_t bytes[32];    // for each code the two bytes that it may lie in
  alignas(64) int32_t shifts[16];   // and its first bit there
  alignas(64) float table[16];      // the values of codes of up to four bits

  explicit Extraction(const PackedWeight& weight) : bits(weight.bits), mask((1 << weight.bits) - 1), end(weight.codes + weight.codeBytes()) {
    for (int l = 0; l < 16; l++) {
      bytes[2 * l] = uint8_t(l * bits / 8);
      bytes[2 * l + 1] = uint8_t(l * bits / 8 + 1);
      shifts[l] = l * bits % 8;
      table[l] = l > mask ? 0.0f : weight.values != nullptr ? weight.values[l] : float(l);
    }
  }
};

#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
KERNELS_INLINE __m128i sixteenBytes(const uint8_t* at, const uint8_t* end) {
  if (at + 16 <= end) return _mm_loadu_si128((const __m128i*)at);
  alignas(16) uint8_t rest[16] = {};
  for (int i = 0; at + i < end; i++) rest[i] = at[i];
  return _mm_load_si128((const __m128i*)rest);
}
KERNELS_INLINE Ints widened(__m256i sixteen) {
#if defined(KERNELS_AVX512)
  return {(IntVec)_mm512_cvtepu16_epi32(sixteen)};
#else
  return {(IntVec)_mm256_cvtepu16_epi32(_mm256_castsi256_si128(sixteen)), (IntVec)_mm256_cvtepu16_epi32(_mm256_extracti128_si256(sixteen, 1))};
#endif
}
#endif

// Codes i .. i + 15 of the row that starts at `row`.
template <Coding kCoding>
KERNELS_INLINE Ints codesAt(const Extraction& how, const uint8_t* row, int64_t i) {
#if defined(KERNELS_AVX512) || defined(KERNELS_AVX2)
  if (kCoding == Coding::kBytes) {
    const __m128i bytes = sixteenBytes(row + i, how.end);
#if defined(KERNELS_AVX512)
    return {(IntVec)_mm512_cvtepu8_epi32(bytes)};
#else
    return {(IntVec)_mm256_cvtepu8_epi32(bytes), (IntVec)_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
#endif
  }
  if (kCoding == Coding::kTrits) {
    static const short kPowers[5] = {1, 3, 9, 27, 81};
    const __m256i byte = _mm256_cvtepu8_epi16(sixteenBytes(row + i / 80 * 16, how.end));
    const __m256i rest = _mm256_and_si256(_mm256_mullo_epi16(byte, _mm256_set1_epi16(kPowers[i % 80 / 16])), _mm256_set1_epi16(255));
    return widened(_mm256_srli_epi16(_mm256_add_epi16(_mm256_add_epi16(rest, rest), rest), 8));
  }
  const __m128i bytes = sixteenBytes(row + i / 8 * how.bits, how.end);
  Ints codes = widened(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), _mm256_load_si256((const __m256i*)how.bytes)));
  KERNELS_EACH_PART {
#if defined(KERNELS_AVX512)
    codes.part[i] = (IntVec)_mm512_srlv_epi32((__m512i)codes.part[i], _mm512_load_si512(how.shifts)) & how.mask;
#else
    codes.part[i] = (IntVec)_mm256_srlv_epi32((__m256i)codes.part[i], _mm256_load_si256((const __m256i*)how.shifts + i)) & how.mask;
#endif
  }
  return codes;
#else
  alignas(16) int32_t codes[kLanes] = {};
  for (int l = 0; l < kLanes; l++) {
    if (kCoding == Coding::kTrits) {
      uint32_t rest = row[i / 80 * 16 + l];
      for (int64_t digit = i % 80 / 16; digit > 0; digit--) rest = rest * 3 & 255;
      codes[l] = int32_t(rest * 3 >> 8);
    } else if (kCoding == Coding::kBytes) {
      if (row + i + l < how.end) codes[l] = row[i + l];
    } else {
      const uint8_t* at = row + i / 8 * how.bits + l * how.bits / 8;
      uint32_t two = at < how.end ? *at : 0;
      if (at + 1 < how.end) two |= uint32_t(at[1]) << 8;
      codes[l] = int32_t(two >> how.shifts[l]) & how.mask;
    }
  }
  Ints all;
  KERNELS_EACH_PART __builtin_memcpy(&all.part[i], codes + i * kWidth, sizeof(IntVec));
  return all;
#endif
}

// --- their values ---

enum class Values { kCodes, kSmallTable, kTable };

template <Values kValues>
KERNELS_INLINE Lanes valuesOf(const Extraction& how, const float* table, Ints codes) {
  Lanes values;
  KERNELS_EACH_PART {
#if defined(KERNELS_AVX512)
    const __m512i code = (__m512i)codes.part[i];
    values.part[i] = kValues == Values::kCodes        ? (Vec)_mm512_cvtepi32_ps(code)
                     : kValues == Values::kSmallTable ? (Vec)_mm512_permutexvar_ps(code, _mm512_load_ps(how.table))
                                                      : (Vec)_mm512_i32gather_ps(code, table, 4);
#elif defined(KERNELS_AVX2)
    const __m256i code = (__m256i)codes.part[i];
    if (kValues == Values::kCodes) {
      values.part[i] = (Vec)_mm256_cvtepi32_ps(code);
    } else if (kValues == Values::kSmallTable) {
      const __m256 low = _mm256_permutevar8x32_ps(_mm256_load_ps(how.table), code), high = _mm256_permutevar8x32_ps(_mm256_load_ps(how.table + 8), code);
      values.part[i] = (Vec)_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(code, 28)));
    } else {
      values.part[i] = (Vec)_mm256_i32gather_ps(table, code, 4);
    }
#else
    for (int l = 0; l < kWidth; l++) values.part[i][l] = kValues == Values::kCodes ? float(codes.part[i][l]) : table[codes.part[i][l]];
#endif
  }
  (void)how;
  (void)table;
  return values;
}

// Weights of row o, columns i .. i + 15, lanes from n on 0: scale (value - zero), each with its own group's.
template <Coding kCoding, Values kValues>
KERNELS_INLINE Lanes weightsAt(const PackedWeight& weight, const Extraction& how, int64_t o, int64_t i, int64_t n) {
  const Lanes value = valuesOf<kValues>(how, weight.values, codesAt<kCoding>(how, weight.row(o), i));
  alignas(64) float scale[kLanes], zero[kLanes];
  for (int64_t l = 0; l < kLanes; l++) {
    const int64_t at = weight.scaleIndex(o, (i + (l < n ? l : n - 1)) / weight.groupSize);
    scale[l] = weight.scaleAt(at);
    zero[l] = weight.zeroAt(at);
  }
  return padded(load(scale) * (value - load(zero)), n, 0.0f);
}

// --- sixteen codes of a row as indices into sixteen weights ---

#if defined(KERNELS_AVX512)
// A look-up reads the lowest four bits of each lane and leaves the others alone. So codes of four and two bits need a shift and no mask, where the table of two bits
// repeats itself, and a trit needs one product: all digits up to it are an index into a table that repeats itself. Reads what holds the codes and nothing more.
enum class Indexed { kNibbles, kPairs, kTrits };

// Codes that come from one load.
constexpr int64_t codesAtOnce(Indexed indexed) { return indexed == Indexed::kTrits ? 80 : kLanes; }

// Sixteen nibbles are broadcast as one word of 64 bits: even lanes see codes 0 .. 7, odd ones 8 .. 15.
KERNELS_INLINE Vec toNibbleOrder(Vec columns) {
  return (Vec)_mm512_permutexvar_ps(_mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15), (__m512)columns);
}
KERNELS_INLINE Vec fromNibbleOrder(Vec lanes) {
  return (Vec)_mm512_permutexvar_ps(_mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15), (__m512)lanes);
}

// The same in the order of the columns, as indices: the lower eight lanes see codes 0 .. 7.
KERNELS_INLINE __m512i nibblesAt(const uint8_t* at) {
  const __m512i shifts = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
  int32_t low, high;
  __builtin_memcpy(&low, at, 4);
  __builtin_memcpy(&high, at + 4, 4);
  return _mm512_srlv_epi32(_mm512_mask_set1_epi32(_mm512_set1_epi32(low), 0xff00, high), shifts);
}

template <Indexed kIndexed>
KERNELS_INLINE Vec repeated(Vec weights) {
  if (kIndexed == Indexed::kNibbles) return weights;
  const __m512i pairs = _mm512_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3), trits = _mm512_setr_epi32(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0);
  return (Vec)_mm512_permutexvar_ps(kIndexed == Indexed::kPairs ? pairs : trits, (__m512)weights);
}

// Sixteen bytes, each the upper one of the lower half of its lane.
KERNELS_INLINE __m512i bytesOfTrits(const uint8_t* at) {
  const __m512i places = _mm512_set_epi32(int(0x80800f80), int(0x80800e80), int(0x80800d80), int(0x80800c80), int(0x80800b80), int(0x80800a80), int(0x80800980),
                                          int(0x80800880), int(0x80800780), int(0x80800680), int(0x80800580), int(0x80800480), int(0x80800380), int(0x80800280),
                                          int(0x80800180), int(0x80800080));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i*)at)), places);
}
// Trits 16 d .. 16 d + 15 of a block for d = 0 .. 4: floor(3 byte / 256) is the first digit and floor(9 byte / 256) the first two; nine times what is left of the
// byte starts the next two.
KERNELS_INLINE void digitsOfTrits(__m512i bytes, __m512i (&digits)[5]) {
  const __m512i three = _mm512_set1_epi32(3), nine = _mm512_set1_epi32(9);
  const __m512i third = _mm512_mullo_epi16(bytes, nine), fifth = _mm512_mullo_epi16(third, nine);
  digits[0] = _mm512_mulhi_epu16(bytes, three);
  digits[1] = _mm512_mulhi_epu16(bytes, nine);
  digits[2] = _mm512_mulhi_epu16(third, three);
  digits[3] = _mm512_mulhi_epu16(third, nine);
  digits[4] = _mm512_mulhi_epu16(fifth, three);
}
template <class Word>
KERNELS_INLINE Word wordAt(const uint8_t* at) {
  Word word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}
#endif

// body(coding, values) with constants for what the weight is.
template <Coding kValue>
struct IsCoding { static constexpr Coding value = kValue; };
template <Values kValue>
struct AreValues { static constexpr Values value = kValue; };
template <class Body>
static inline void withFormat(const PackedWeight& weight, Body&& body) {
  if (weight.trits) return body(IsCoding<Coding::kTrits>(), AreValues<Values::kCodes>());
  if (weight.values == nullptr) {
    return weight.bits == 8 ? body(IsCoding<Coding::kBytes>(), AreValues<Values::kCodes>()) : body(IsCoding<Coding::kBits>(), AreValues<Values::kCodes>());
  }
  if (weight.bits <= 4) return body(IsCoding<Coding::kBits>(), AreValues<Values::kSmallTable>());
  return weight.bits == 8 ? body(IsCoding<Coding::kBytes>(), AreValues<Values::kTable>()) : body(IsCoding<Coding::kBits>(), AreValues<Values::kTable>());
}

}  // namespace kernels::KERNELS_ISA
