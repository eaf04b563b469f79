// Products with packed weights of 2 to 8 bits. A tile of codes at a time is turned into scale (code - zero) in the first-level cache and multiplied; no f32
// copy of the weight exists. Each element of y is the same k-ordered chain as in linear, on those values.
#include "gemm.h"

namespace kernels::KERNELS_ISA {

struct PackedWeight {
  int64_t in, out;
  int bits;
  int64_t groupSize, scaleRowStride, scaleGroupStride;
  float zero;
  const uint8_t* codes;
  const float* scales;
  const float* zeroPoints;

  int64_t rowBytes() const { return (in * bits + 7) / 8; }
};

// The weights of row o, columns [from, from + count), into values.
static void decodeRow(const PackedWeight& weight, int64_t o, int64_t from, int64_t count, float* values) {
  const uint8_t* row = weight.codes + o * weight.rowBytes();
  const int bits = weight.bits;
  const uint32_t mask = (1u << bits) - 1;
  int64_t i = 0;
  while (i < count) {
    const int64_t group = (from + i) / weight.groupSize;
    const int64_t groupEnd = (group + 1) * weight.groupSize - from;
    const int64_t end = groupEnd < count ? groupEnd : count;
    const int64_t at = o * weight.scaleRowStride + group * weight.scaleGroupStride;
    const float scale = weight.scales[at];
    const float zero = weight.zeroPoints != nullptr ? weight.zeroPoints[at] : weight.zero;
    if (bits == 8) {
      for (; i < end; i++) values[i] = scale * (float(row[from + i]) - zero);
      continue;
    }
    int64_t bit = (from + i) * bits;
    for (; i < end; i++, bit += bits) {
      // A code crosses into the next byte only where that byte exists.
      const int offset = int(bit & 7);
      uint32_t code = uint32_t(row[bit >> 3]) >> offset;
      if (offset + bits > 8) code |= uint32_t(row[(bit >> 3) + 1]) << (8 - offset);
      values[i] = scale * (float(code & mask) - zero);
    }
  }
}

static PackedWeight readWeight(Call& call, int firstBuffer) {
  PackedWeight weight;
  weight.in = call.extent(1);
  weight.out = call.extent(2);
  weight.bits = int(call.integer(3, 2, 8));
  weight.groupSize = call.integer(4, 1, kMostElements);
  weight.scaleRowStride = call.extent(5);
  weight.scaleGroupStride = call.extent(6);
  weight.zero = call.real(7);
  weight.codes = call.bytes(firstBuffer, times(weight.out, (times(weight.in, weight.bits) + 7) / 8));
  const int64_t lastRow = weight.out > 0 ? weight.out - 1 : 0, lastGroup = weight.in > 0 ? (weight.in - 1) / weight.groupSize : 0;
  const int64_t scales = weight.in == 0 || weight.out == 0
                             ? 0
                             : times(lastRow, weight.scaleRowStride) + times(lastGroup, weight.scaleGroupStride) + 1;
  weight.scales = call.floats(firstBuffer + 1, scales);
  weight.zeroPoints = call.floatsOrNone(firstBuffer + 2, scales);
  return weight;
}

// C [m, n] = A [m, k] R (+ bias), where tile(j, columns, p, depth, right, scratch) makes R's panel of columns from j on, rows from p on.
constexpr int64_t kTileDepth = 256;
constexpr int64_t kRowsAtOnce = 768;

template <class MakeTile>
static void multiplyGenerated(Call& call, const float* a, int64_t m, int64_t n, int64_t k, float* c, bool accumulate, const float* bias,
                              MakeTile&& makeTile) {
  if (m == 0 || n == 0) return;
  const int64_t rowsAtOnce = m < kRowsAtOnce ? m : kRowsAtOnce;
  Workspace space;
  if (!call.workspace(times(paddedRows(rowsAtOnce), k) + kPanelSlack, 2 * kTileDepth * kTileColumns, &space)) return;
  for (int64_t row = 0; row < m; row += rowsAtOnce) {
    const int64_t rows = m - row < rowsAtOnce ? m - row : rowsAtOnce;
    for (int64_t i = 0; i < rows; i += kTileRows) {
      packLeft({a + (row + i) * k, k, 1}, rows - i < kTileRows ? rows - i : kTileRows, k, space.all + i * k);
    }
    call.parallel(panels(n, kTileColumns), [&](int64_t panel, int worker) {
      const int64_t j = panel * kTileColumns;
      const int columns = int(n - j < kTileColumns ? n - j : kTileColumns);
      float *right = space.of(worker), *scratch = right + kTileDepth * kTileColumns;
      int64_t p = 0;
      do {
        const int64_t depth = k - p < kTileDepth ? k - p : kTileDepth;
        makeTile(j, columns, p, depth, right, scratch);
        const Epilogue epilogue{bias != nullptr ? bias + j : nullptr};
        for (int64_t i = 0; i < rows; i += kTileRows) {
          multiplyTile(depth, space.all + i * k + p * kTileRows, kTileRows, right, c + (row + i) * n + j, n,
                       int(rows - i < kTileRows ? rows - i : kTileRows), columns, p > 0 || accumulate, p + depth >= k ? &epilogue : nullptr);
        }
        p += depth;
      } while (p < k);
    });
  }
}

static void forward(Call& call) {
  call.form(6, 8);
  const int64_t rows = call.extent(0);
  const PackedWeight weight = readWeight(call, 1);
  const float* x = call.floats(0, times(rows, weight.in));
  const float* bias = call.floatsOrNone(4, weight.out);
  float* y = call.out(5, times(rows, weight.out));
  if (call.refused()) return;
  multiplyGenerated(call, x, rows, weight.out, weight.in, y, false, bias,
                    [&](int64_t j, int64_t columns, int64_t p, int64_t depth, float* right, float* values) {
                      for (int64_t o = 0; o < columns; o++) decodeRow(weight, j + o, p, depth, values + o * depth);
                      packRight({values, 1, depth}, depth, columns, right);
                    });
}

static void backward(Call& call) {
  call.form(5, 9);
  const int64_t rows = call.extent(0);
  const PackedWeight weight = readWeight(call, 1);
  const bool accumulate = call.flag(8);
  const float* dy = call.floats(0, times(rows, weight.out));
  float* dx = call.out(4, times(rows, weight.in));
  if (call.refused()) return;
  multiplyGenerated(call, dy, rows, weight.in, weight.out, dx, accumulate, nullptr,
                    [&](int64_t j, int64_t columns, int64_t p, int64_t depth, float* right, float*) {
                      for (int64_t o = 0; o < depth; o++) {
                        decodeRow(weight, p + o, j, columns, right + o * kTileColumns);
                        for (int64_t i = columns; i < kTileColumns; i++) right[o * kTileColumns + i] = 0.0f;
                      }
                    });
}

KERNELS(quantized_linear) = {{"quantized_linear.forward", forward}, {"quantized_linear.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
