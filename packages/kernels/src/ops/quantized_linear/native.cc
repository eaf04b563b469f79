// Products with packed weights. An element of y is sixteen chains of fused multiply-adds, column i in chain i mod 16, added up by one fixed tree: it depends on its
// row of x and its row of the weight alone, so one row (a token) and sixty-four give the same bits. Where a row of the weight is one group, its scale multiplies the
// sum of the chains; otherwise each weight.
//
// The rungs (x of one row, 4096 to 4096, one core; docs/kernels.md has the numbers):
//   1. every code taken out by shifts into an f32 panel for the matrix product: right, and slow where x has one row;
//   2. one row or two: sixteen codes become sixteen floats in registers and are multiplied at once, four rows of the weight side by side, so that one
//      chain's latency hides behind three others;
//   3. codes of up to four bits (AVX-512): a group's sixteen weights are made once and looked up by code, in place of a conversion, a difference and a
//      product for each sixteen codes; the same bits;
//   4. more rows: some rows of the weight are made floats in the second-level cache and multiplied with a tile of x's rows in registers.
#include "decoding.h"
#include "gemm.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

// Rows of x and rows of the weight whose chains stand in registers together, where the weight stands as floats; rows of the weight straight from codes.
#if defined(KERNELS_AVX512)
constexpr int kRowsOfX = 6, kRowsOfW = 4, kDirectRows = 4;
// Bytes ahead at which a row of bytes is asked for: a row is some pages, and the hardware stops at the end of each.
constexpr int64_t kBytesAhead = 1024;
#elif defined(KERNELS_AVX2)
constexpr int kRowsOfX = 2, kRowsOfW = 3, kDirectRows = 4;
#else
constexpr int kRowsOfX = 1, kRowsOfW = 2, kDirectRows = 1;
#endif

struct Forward {
  const PackedWeight& weight;  // with scales of 1 where they are multiplied on last
  const PackedWeight* scaledLast;
  const Extraction& how;
  const float *x, *bias;
  float* y;
  int64_t rows;

  void put(int64_t r, int64_t o, Lanes chains) const {
    float total = sum(chains);
    if (scaledLast != nullptr) total *= scaledLast->scaleAt(scaledLast->scaleIndex(o, 0));
    y[r * weight.out + o] = total + (bias != nullptr ? bias[o] : 0.0f);
  }
  static bool wholeZeros(const float* zero, int count) {
    for (int c = 0; c < count; c++) {
      if (!(zero[c] >= 0.0f && zero[c] <= 255.0f && zero[c] == float(int(zero[c])))) return false;
    }
    return true;
  }
  // Groups in which sixteen neighbours always share a scale.
  bool wholeLanes() const { return weight.groupSize % kLanes == 0 || weight.groupSize >= weight.in; }

  // y[r, o .. o + kWeights) straight from the codes.
  template <Coding kCoding, Values kValues, int kWeights>
  KERNELS_INLINE void direct(int64_t r, int64_t o) const {
    const float* row = x + r * weight.in;
    Lanes chain[kWeights];
#pragma GCC unroll 4
    for (int c = 0; c < kWeights; c++) chain[c] = broadcast(0.0f);
    const uint8_t* codes[kWeights];
#pragma GCC unroll 4
    for (int c = 0; c < kWeights; c++) codes[c] = weight.row(o + c);
    for (int64_t from = 0, group = 0; from < weight.in; from += weight.groupSize, group++) {
      const int64_t to = weight.in - from < weight.groupSize ? weight.in : from + weight.groupSize;
      float scale[kWeights], zero[kWeights];
#pragma GCC unroll 4
      for (int c = 0; c < kWeights; c++) {
        const int64_t at = weight.scaleIndex(o + c, group);
        scale[c] = weight.scaleAt(at);
        zero[c] = weight.zeroAt(at);
      }
      const int64_t whole = from + (to - from) / kLanes * kLanes;
#if defined(KERNELS_AVX512)
      // One and three bits: the group's weights are made once and then looked up by code.
      if (kCoding == Coding::kBits && weight.bits <= 4) {
        Vec weights[kWeights];
#pragma GCC unroll 4
        for (int c = 0; c < kWeights; c++) weights[c] = (loadVec(how.table) - broadcastVec(zero[c])) * broadcastVec(scale[c]);
        for (int64_t i = from; i < whole; i += kLanes) {
          const Vec column = loadVec(row + i);
#pragma GCC unroll 4
          for (int c = 0; c < kWeights; c++) {
            const __m512i code = (__m512i)codesAt<kCoding>(how, codes[c], i).part[0];
            chain[c].part[0] = fma(column, (Vec)_mm512_permutexvar_ps(code, (__m512)weights[c]), chain[c].part[0]);
          }
        }
      } else if (kCoding == Coding::kBytes && kValues == Values::kCodes && scaledLast != nullptr && wholeZeros(zero, kWeights)) {
        // A byte shuffled under the bits of 2^23 is the float 2^23 + code, so two operations make code - zero, exactly as the conversion below does.
        const __m512i base = _mm512_set1_epi32(0x4b000000);
        const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        Vec offset[kWeights];
#pragma GCC unroll 4
        for (int c = 0; c < kWeights; c++) offset[c] = broadcastVec(8388608.0f + zero[c]);
        for (int64_t i = from; i < whole; i += kLanes) {
          const Vec column = loadVec(row + i);
          if (i % 64 == 0) {
#pragma GCC unroll 4
            for (int c = 0; c < kWeights; c++) __builtin_prefetch(codes[c] + i + kBytesAhead);
          }
#pragma GCC unroll 4
          for (int c = 0; c < kWeights; c++) {
            const __m512i bytes = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i*)(codes[c] + i)));
            const Vec raised = (Vec)_mm512_mask_shuffle_epi8(base, 0x1111111111111111u, bytes, places);
            chain[c].part[0] = fma(column, raised - offset[c], chain[c].part[0]);
          }
        }
      } else
#endif
      for (int64_t i = from; i < whole; i += kLanes) {
        const Lanes column = load(row + i);
#pragma GCC unroll 4
        for (int c = 0; c < kWeights; c++) {
          const Lanes value = valuesOf<kValues>(how, weight.values, codesAt<kCoding>(how, codes[c], i));
          chain[c] = fma(column, (value - broadcast(zero[c])) * scale[c], chain[c]);
        }
      }
      if (whole < to) {
        const Lanes column = load(row + whole, to - whole);
#pragma GCC unroll 4
        for (int c = 0; c < kWeights; c++) chain[c] = fma(column, weightsAt<kCoding, kValues>(weight, how, o + c, whole, to - whole), chain[c]);
      }
    }
#pragma GCC unroll 4
    for (int c = 0; c < kWeights; c++) put(r, o + c, chain[c]);
  }

#if defined(KERNELS_AVX512)
  bool indexed() const { return weight.trits || weight.bits == 4 || weight.bits == 2; }

  // The same for four bits, two bits and trits, where a group's sixteen weights are made once and looked up. `row`: x, for nibbles in their order.
  template <Indexed kIndexed, int kWeights>
  KERNELS_INLINE void lookedUp(const float* row, int64_t r, int64_t o) const {
    const __m512i shifts = kIndexed == Indexed::kNibbles ? _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28)
                                                         : _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    Vec chain[kWeights], weights[kWeights];
    const uint8_t* codes[kWeights];
#pragma GCC unroll 4
    for (int c = 0; c < kWeights; c++) {
      chain[c] = Vec{};
      codes[c] = weight.row(o + c);
    }
    const auto add = [&](int c, __m512i index, int64_t i) {
      chain[c] = fma(loadVec(row + i), (Vec)_mm512_permutexvar_ps(index, (__m512)weights[c]), chain[c]);
    };
    const int64_t whole = weight.in / kLanes * kLanes, rowBytes = weight.rowBytes();
    for (int64_t from = 0, group = 0; from < whole; from += weight.groupSize, group++) {
      const int64_t to = whole - from < weight.groupSize ? whole : from + weight.groupSize;
#pragma GCC unroll 4
      for (int c = 0; c < kWeights; c++) {
        const int64_t at = weight.scaleIndex(o + c, group);
        weights[c] = repeated<kIndexed>((loadVec(how.table) - broadcastVec(weight.zeroAt(at))) * broadcastVec(weight.scaleAt(at)));
      }
      for (int64_t i = from; i < to;) {
        if (kIndexed == Indexed::kTrits) {
          const int64_t block = i / 80, first = i % 80 / kLanes, last = (to - block * 80) / kLanes;
#pragma GCC unroll 4
          for (int c = 0; c < kWeights; c++) {
            if (block % 4 == 0) __builtin_prefetch(codes[c] + block * 16 + kWeights * rowBytes);
            __m512i digits[5];
            digitsOfTrits(bytesOfTrits(codes[c] + block * 16), digits);
            if (first == 0 && last >= 5) {
#pragma GCC unroll 5
              for (int d = 0; d < 5; d++) add(c, digits[d], block * 80 + d * kLanes);
            } else {
#pragma GCC unroll 5
              for (int d = 0; d < 5; d++) {
                if (d >= first && d < last) add(c, digits[d], block * 80 + d * kLanes);
              }
            }
          }
          i = block * 80 + 80;
          continue;
        }
        constexpr int64_t kPerByte = kIndexed == Indexed::kNibbles ? 2 : 4;
        // Each row is a page or so: the hardware does not foresee the next ones.
        if (i % (64 * kPerByte) == 0) {
#pragma GCC unroll 4
          for (int c = 0; c < kWeights; c++) __builtin_prefetch(codes[c] + i / kPerByte + kWeights * rowBytes);
        }
#pragma GCC unroll 4
        for (int c = 0; c < kWeights; c++) {
          const __m512i word = kIndexed == Indexed::kNibbles ? _mm512_set1_epi64(wordAt<int64_t>(codes[c] + i / 2)) : _mm512_set1_epi32(wordAt<int32_t>(codes[c] + i / 4));
          add(c, _mm512_srlv_epi32(word, shifts), i);
        }
        i += kLanes;
      }
    }
#pragma GCC unroll 4
    for (int c = 0; c < kWeights; c++) {
      if (kIndexed == Indexed::kNibbles) chain[c] = fromNibbleOrder(chain[c]);
      Lanes all{chain[c]};
      if (whole < weight.in) {
        constexpr Coding kCoding = kIndexed == Indexed::kTrits ? Coding::kTrits : Coding::kBits;
        const int64_t n = weight.in - whole;
        all = fma(load(x + r * weight.in + whole, n), weightsAt<kCoding, Values::kSmallTable>(weight, how, o + c, whole, n), all);
      }
      put(r, o + c, all);
    }
  }
  template <Indexed kIndexed>
  void lookedUpRows(const float* row, int64_t r, int64_t begin, int64_t end) const {
    int64_t o = begin;
    for (; o + kDirectRows <= end; o += kDirectRows) lookedUp<kIndexed, kDirectRows>(row, r, o);
    for (; o < end; o++) lookedUp<kIndexed, 1>(row, r, o);
  }
#endif

  // The chains of a tile: floats [kWeights][stride] against rows of x.
  template <int kRows, int kWeights>
  KERNELS_INLINE void tile(int64_t r, int64_t o, const float* floats, int64_t stride) const {
    Lanes chain[kRows][kWeights];
#pragma GCC unroll 6
    for (int a = 0; a < kRows; a++) {
#pragma GCC unroll 4
      for (int c = 0; c < kWeights; c++) chain[a][c] = broadcast(0.0f);
    }
    eachLanes(0, weight.in, [&](int64_t i, int64_t n) {
      Lanes value[kWeights];
#pragma GCC unroll 4
      for (int c = 0; c < kWeights; c++) value[c] = load(floats + c * stride + i);
#pragma GCC unroll 6
      for (int a = 0; a < kRows; a++) {
        const Lanes column = load(x + (r + a) * weight.in + i, n);
#pragma GCC unroll 4
        for (int c = 0; c < kWeights; c++) chain[a][c] = fma(column, value[c], chain[a][c]);
      }
    });
#if defined(KERNELS_AVX512)
    if constexpr (kWeights == 4) {
      putFour<(kRows < 4 ? kRows : 4)>(r, o, chain);
      if constexpr (kRows > 4) putFour<kRows - 4>(r + 4, o, chain + 4);
      return;
    }
#endif
#pragma GCC unroll 6
    for (int a = 0; a < kRows; a++) {
#pragma GCC unroll 4
      for (int c = 0; c < kWeights; c++) put(r + a, o + c, chain[a][c]);
    }
  }

#if defined(KERNELS_AVX512)
  // put() of up to four rows with four rows of the weight.
  template <int kRows>
  KERNELS_INLINE void putFour(int64_t r, int64_t o, const Lanes (*chain)[4]) const {
    __m512 total = (__m512)sums<kRows>(chain);
    if (scaledLast != nullptr) {
      alignas(16) float scale[4];
      for (int c = 0; c < 4; c++) scale[c] = scaledLast->scaleAt(scaledLast->scaleIndex(o + c, 0));
      total = _mm512_mul_ps(total, _mm512_broadcast_f32x4(_mm_load_ps(scale)));
    }
    total = _mm512_add_ps(total, bias != nullptr ? _mm512_broadcast_f32x4(_mm_loadu_ps(bias + o)) : _mm512_setzero_ps());
    alignas(64) float all[16];
    _mm512_store_ps(all, total);
    for (int a = 0; a < kRows; a++) _mm_storeu_ps(y + (r + a) * weight.out + o, _mm_load_ps(all + 4 * a));
  }
#endif

  // kRows rows of x with rows [begin, end) of the weight, which stand as floats.
  template <int kRows>
  void tiles(int64_t r, int64_t begin, int64_t end, const float* floats, int64_t stride) const {
    int64_t o = begin;
    for (; o + kRowsOfW <= end; o += kRowsOfW) tile<kRows, kRowsOfW>(r, o, floats + (o - begin) * stride, stride);
    for (; o < end; o++) tile<kRows, 1>(r, o, floats + (o - begin) * stride, stride);
  }
  template <int kRows>
  void lastTiles(int64_t r, int64_t begin, int64_t end, const float* floats, int64_t stride) const {
    if (rows - r == kRows) return tiles<kRows>(r, begin, end, floats, stride);
    if constexpr (kRows > 1) lastTiles<kRows - 1>(r, begin, end, floats, stride);
  }
};

// Rows of x from which the weight is made floats first.
constexpr int64_t kManyRows = 3;
// Floats of the weight that are made at once: they stay in the second-level cache.
constexpr int64_t kFloatsAtOnce = 1 << 16;

// All rows of x with rows [begin, end) of the weight, which stand as floats.
static void multiplyFloats(const Forward& work, int64_t begin, int64_t end, const float* floats, int64_t stride) {
  int64_t r = 0;
  for (; r + kRowsOfX <= work.rows; r += kRowsOfX) work.tiles<kRowsOfX>(r, begin, end, floats, stride);
  if constexpr (kRowsOfX > 1) work.lastTiles<kRowsOfX - 1>(r, begin, end, floats, stride);
}

// C [m, n] = A [m, k] R, where makeTile(j, columns, p, depth, right) makes R's panel of columns from j on, rows from p on.
constexpr int64_t kTileDepth = 256;
constexpr int64_t kRowsAtOnce = 768;

template <class MakeTile>
static void multiplyGenerated(Call& call, const float* a, int64_t m, int64_t n, int64_t k, float* c, bool accumulate, MakeTile&& makeTile) {
  if (m == 0 || n == 0) return;
  const int64_t rowsAtOnce = m < kRowsAtOnce ? m : kRowsAtOnce;
  Workspace space;
  if (!call.workspace(times(paddedRows(rowsAtOnce), k) + kPanelSlack, kTileDepth * kTileColumns, &space)) return;
  for (int64_t row = 0; row < m; row += rowsAtOnce) {
    const int64_t rows = m - row < rowsAtOnce ? m - row : rowsAtOnce;
    for (int64_t i = 0; i < rows; i += kTileRows) {
      packLeft({a + (row + i) * k, k, 1}, rows - i < kTileRows ? rows - i : kTileRows, k, space.all + i * k);
    }
    call.parallel(panels(n, kTileColumns), [&](int64_t panel, int worker) {
      const int64_t j = panel * kTileColumns;
      const int columns = int(n - j < kTileColumns ? n - j : kTileColumns);
      float* right = space.of(worker);
      int64_t p = 0;
      do {
        const int64_t depth = k - p < kTileDepth ? k - p : kTileDepth;
        makeTile(j, columns, p, depth, right);
        for (int64_t i = 0; i < rows; i += kTileRows) {
          multiplyTile(depth, space.all + i * k + p * kTileRows, kTileRows, right, c + (row + i) * n + j, n,
                       int(rows - i < kTileRows ? rows - i : kTileRows), columns, p > 0 || accumulate);
        }
        p += depth;
      } while (p < k);
    });
  }
}

static void forward(Call& call) {
  call.form(7, 11);
  const int64_t rows = call.extent(0);
  const PackedWeight given = readWeight(call, 1);
  const bool oneGroup = given.groupSize >= given.in;
  PackedWeight weight = given;
  if (oneGroup) weight.scaleFormat = kOnes;
  const float* x = call.floats(0, times(rows, weight.in));
  const float* bias = call.floatsOrNone(5, weight.out);
  float* y = call.out(6, times(rows, weight.out));
  if (call.refused() || rows == 0 || weight.out == 0) return;
  const Extraction how(weight);
  const Forward work{weight, oneGroup ? &given : nullptr, how, x, bias, y, rows};
  // Not a power of two: rows of 4 kB would share their sets of the first cache.
  const int64_t stride = (weight.in + kLanes - 1) / kLanes * kLanes + kLanes;
  int64_t atOnce = kFloatsAtOnce / (stride + kLanes) / kRowsOfW * kRowsOfW;
  if (atOnce < kRowsOfW) atOnce = kRowsOfW;
  if (atOnce > 16 * kRowsOfW) atOnce = 16 * kRowsOfW;
  // Enough pieces for all threads.
  const int64_t fair = panels(weight.out, call.workers() * 2) / kRowsOfW * kRowsOfW;
  if (atOnce > fair) atOnce = fair < kRowsOfW ? kRowsOfW : fair;
  Workspace space;
#if defined(KERNELS_AVX512)
  if (rows < kManyRows && work.wholeLanes() && work.indexed()) {
    const bool nibbles = !weight.trits && weight.bits == 4;
    if (!call.workspace(nibbles ? times(rows, stride) : 0, 0, &space)) return;
    for (int64_t r = 0; nibbles && r < rows; r++) {
      for (int64_t i = 0; i + kLanes <= weight.in; i += kLanes) storeVec(space.all + r * stride + i, toNibbleOrder(loadVec(x + r * weight.in + i)));
    }
    return call.parallel(panels(weight.out, int(atOnce)), [&](int64_t task, int) {
      const int64_t begin = task * atOnce, end = weight.out - begin < atOnce ? weight.out : begin + atOnce;
      for (int64_t r = 0; r < rows; r++) {
        if (nibbles) work.lookedUpRows<Indexed::kNibbles>(space.all + r * stride, r, begin, end);
        else if (weight.trits) work.lookedUpRows<Indexed::kTrits>(x + r * weight.in, r, begin, end);
        else work.lookedUpRows<Indexed::kPairs>(x + r * weight.in, r, begin, end);
      }
    });
  }
#endif
  if (!call.workspace(0, atOnce * stride, &space)) return;
  withFormat(weight, [&](auto coding, auto values) {
    constexpr Coding kCoding = decltype(coding)::value;
    constexpr Values kValues = decltype(values)::value;
    call.parallel(panels(weight.out, int(atOnce)), [&](int64_t task, int worker) {
      const int64_t begin = task * atOnce, end = weight.out - begin < atOnce ? weight.out : begin + atOnce;
      if (rows < kManyRows && work.wholeLanes()) {
        for (int64_t r = 0; r < rows; r++) {
          int64_t o = begin;
          for (; o + kDirectRows <= end; o += kDirectRows) work.template direct<kCoding, kValues, kDirectRows>(r, o);
          for (; o < end; o++) work.template direct<kCoding, kValues, 1>(r, o);
        }
        return;
      }
      float* floats = space.of(worker);
      for (int64_t o = begin; o < end; o++) {
        float* to = floats + (o - begin) * stride;
        if (work.wholeLanes()) decodeWholeRow<kCoding, kValues>(weight, how, o, to);
        else eachLanes(0, weight.in, [&](int64_t i, int64_t n) { store(to + i, weightsAt<kCoding, kValues>(weight, how, o, i, n)); });
      }
      multiplyFloats(work, begin, end, floats, stride);
    });
  });
}

static void backward(Call& call) {
  call.form(6, 12);
  const int64_t rows = call.extent(0);
  const PackedWeight weight = readWeight(call, 1);
  const bool accumulate = call.flag(11);
  const float* dy = call.floats(0, times(rows, weight.out));
  float* dx = call.out(5, times(rows, weight.in));
  if (call.refused()) return;
  const Extraction how(weight);
  withFormat(weight, [&](auto coding, auto values) {
    multiplyGenerated(call, dy, rows, weight.in, weight.out, dx, accumulate,
                      [&](int64_t j, int64_t columns, int64_t p, int64_t depth, float* right) {
                        for (int64_t o = 0; o < depth; o++) {
                          decodeRow<decltype(coding)::value, decltype(values)::value>(weight, how, p + o, j, columns, right + o * kTileColumns);
                          for (int64_t i = columns; i < kTileColumns; i++) right[o * kTileColumns + i] = 0.0f;
                        }
                      });
  });
}

KERNELS(quantized_linear) = {{"quantized_linear.forward", forward}, {"quantized_linear.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
