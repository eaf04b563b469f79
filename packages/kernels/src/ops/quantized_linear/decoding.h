// Rows of a packed weight as floats: a piece of a row, or a whole row group by group.
#pragma once
#include "packed_weight.h"

namespace kernels::KERNELS_ISA {

// Weights of row o, columns [from, from + count), into values.
template <Coding kCoding, Values kValues>
static void decodeRow(const PackedWeight& weight, const Extraction& how, int64_t o, int64_t from, int64_t count, float* values) {
  const int64_t first = from / kLanes * kLanes, end = from + count;
  for (int64_t i = first; i < end; i += kLanes) {
    const Lanes weights = weightsAt<kCoding, kValues>(weight, how, o, i, weight.in - i < kLanes ? weight.in - i : kLanes);
    if (i >= from && i + kLanes <= end) {
      store(values + (i - from), weights);
    } else {
      alignas(64) float all[kLanes];
      store(all, weights);
      for (int64_t l = 0; l < kLanes; l++) {
        if (i + l >= from && i + l < end) values[i + l - from] = all[l];
      }
    }
  }
}

#if defined(KERNELS_AVX512)
// The whole lanes of a row of nibbles: a group's sixteen weights are made once and looked up by code. `weight` by value: no store changes it.
static inline void decodeNibbles(const PackedWeight weight, const Vec table, int64_t o, float* values) {
  const uint8_t* codes = weight.row(o);
  const int64_t whole = weight.in / kLanes * kLanes;
  int64_t at = weight.scaleIndex(o, 0);
  for (int64_t from = 0; from < whole; from += weight.groupSize, at += weight.scaleGroupStride) {
    const int64_t to = whole - from < weight.groupSize ? whole : from + weight.groupSize;
    const __m512 made = (__m512)((table - broadcastVec(weight.zeroAt(at))) * broadcastVec(weight.scaleAt(at)));
    for (int64_t i = from; i < to; i += kLanes) storeVec(values + i, (Vec)_mm512_permutexvar_ps(nibblesAt(codes + i / 2), made));
  }
}
#endif

// A whole row whose groups are whole lanes: scale and zero point are looked up once for each group.
template <Coding kCoding, Values kValues>
static void decodeWholeRow(const PackedWeight& given, const Extraction& how, int64_t o, float* values) {
  const PackedWeight weight = given;  // which no store changes
  const uint8_t* codes = weight.row(o);
  int64_t from = 0, group = 0;
#if defined(KERNELS_AVX512)
  if (kCoding == Coding::kBits && weight.bits == 4) {
    decodeNibbles(weight, loadVec(how.table), o, values);
    from = weight.in / kLanes * kLanes;
    group = from / weight.groupSize;
  }
#endif
  for (; from < weight.in; group++) {
    const int64_t left = weight.in - group * weight.groupSize, to = left < weight.groupSize ? weight.in : (group + 1) * weight.groupSize;
    const int64_t at = weight.scaleIndex(o, group);
    const Lanes zero = broadcast(weight.zeroAt(at));
    const float scale = weight.scaleAt(at);
    eachLanes(from, to, [&](int64_t i, int64_t n) {
      const Lanes value = valuesOf<kValues>(how, weight.values, codesAt<kCoding>(how, codes, i));
      store(values + i, padded((value - zero) * scale, n, 0.0f));
    });
    from = to;
  }
}

}  // namespace kernels::KERNELS_ISA
