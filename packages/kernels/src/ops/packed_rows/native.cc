// Rows of floats as integers of 2, 4 or 8 bits with a scale each, and back. Elementwise but for a row's largest magnitude, so every set gives the same bits.
#include <cstring>

#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

KERNELS_INLINE int64_t bytesOfRow(int64_t width, int64_t bits) { return times(width, bits) > kMostElements - 31 ? kMostElements : (width * bits + 31) / 32 * 4; }

static int64_t bitsOf(Call& call, int scalar) {
  const int64_t bits = call.integer(scalar, 2, 8);
  call.require(bits == 2 || bits == 4 || bits == 8, "bits are 2, 4 or 8");
  return bits == 2 || bits == 4 ? bits : 8;
}

static void write(Call& call) {
  call.form(3, 6);
  const int64_t outer = call.extent(0), length = call.extent(1), capacity = call.extent(2), start = call.extent(3), width = call.extent(4);
  const int64_t bits = bitsOf(call, 5), rowBytes = bytesOfRow(width, bits);
  const float* x = call.floats(0, times(outer, length, width));
  uint8_t* codes = const_cast<uint8_t*>(call.bytes(1, times(outer, capacity, rowBytes)));
  float* scales = call.out(2, times(outer, capacity));
  call.require(start + length <= capacity, "start + length lies within capacity");
  if (call.refused()) return;
  const float most = float((1 << (bits - 1)) - 1);
  const int perByte = int(8 / bits);
  const int32_t mask = (1 << bits) - 1;
  call.ranges(outer * length, rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = x + r * width;
      const int64_t row = r / length * capacity + start + r % length;
      uint8_t* to = codes + row * rowBytes;
      Lanes top = broadcast(0.0f);
      eachLanes(0, width, [&](int64_t i, int64_t n) { top = larger(top, magnitude(load(from + i, n))); });
      const float scale = largest(top) / most;
      scales[row] = scale;
      memset(to, 0, size_t(rowBytes));
      if (scale == 0) continue;
      eachLanes(0, width, [&](int64_t i, int64_t n) {
        // Adding the rounder rounds half to even and leaves the integer in the low bits.
        const Ints rounded = bitsOf(load(from + i, n) / broadcast(scale) + kRounder);
        alignas(64) int32_t all[kLanes];
        KERNELS_EACH_PART __builtin_memcpy(all + i * kWidth, &rounded.part[i], sizeof(IntVec));
        for (int64_t l = 0; l < n; l++) to[(i + l) / perByte] |= uint8_t((all[l] & mask) << ((i + l) % perByte * bits));
      });
    }
  });
}

template <int kBits>
static void readRow(const uint8_t* codes, float scale, int64_t width, float* y) {
  constexpr int kPerByte = 8 / kBits;
  const int64_t whole = width / kPerByte * kPerByte;
  for (int64_t i = 0; i < whole; i += kPerByte) {
    const uint32_t byte = codes[i / kPerByte];
    for (int l = 0; l < kPerByte; l++) y[i + l] = float(int32_t(byte << (32 - kBits - l * kBits)) >> (32 - kBits)) * scale;
  }
  for (int64_t i = whole; i < width; i++) y[i] = float(int32_t(uint32_t(codes[i / kPerByte]) << (32 - kBits - i % kPerByte * kBits)) >> (32 - kBits)) * scale;
}

static void read(Call& call) {
  call.form(3, 5);
  const int64_t outer = call.extent(0), length = call.extent(1), capacity = call.extent(2), width = call.extent(3);
  const int64_t bits = bitsOf(call, 4), rowBytes = bytesOfRow(width, bits);
  const uint8_t* codes = call.bytes(0, times(outer, capacity, rowBytes));
  const float* scales = call.floats(1, times(outer, capacity));
  float* y = call.out(2, times(outer, length, width));
  call.require(length <= capacity, "length lies within capacity");
  if (call.refused()) return;
  call.ranges(outer * length, rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; r++) {
      const int64_t row = r / length * capacity + r % length;
      const uint8_t* from = codes + row * rowBytes;
      if (bits == 8) readRow<8>(from, scales[row], width, y + r * width);
      else if (bits == 4) readRow<4>(from, scales[row], width, y + r * width);
      else readRow<2>(from, scales[row], width, y + r * width);
    }
  });
}

static void copy(Call& call) {
  call.form(4, 6);
  const int64_t outer = call.extent(0), outerTo = call.extent(1), capacity = call.extent(2), rowBytes = call.extent(3), from = call.extent(4), to = call.extent(5);
  const uint8_t* codes = call.bytes(0, times(outer, capacity, rowBytes));
  const float* scales = call.floats(1, times(outer, capacity));
  uint8_t* codesTo = const_cast<uint8_t*>(call.bytes(2, times(outerTo, capacity, rowBytes)));
  float* scalesTo = call.out(3, times(outerTo, capacity));
  call.require(from < outer && to < outerTo, "from and to are parts");
  if (call.refused()) return;
  memcpy(codesTo + to * capacity * rowBytes, codes + from * capacity * rowBytes, size_t(capacity * rowBytes));
  memcpy(scalesTo + to * capacity, scales + from * capacity, size_t(capacity) * 4);
}

KERNELS(packed_rows) = {{"packed_rows.write", write}, {"packed_rows.read", read}, {"packed_rows.copy", copy}, {}};

}  // namespace kernels::KERNELS_ISA
