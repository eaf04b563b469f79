// Kernels over [batch, channels, inner] whose statistics belong to the channels: sums over batch and inner. With inner 1 the channels stand side by side in
// sixteen lanes; otherwise a channel's elements are runs of `inner`, and the lanes lie along a run.
#pragma once
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct ChannelShape {
  int64_t batch, channels, inner;
  int64_t total() const { return times(batch, channels, inner); }
  int64_t stride() const { return (channels + kLanes - 1) / kLanes * kLanes; }
  double count() const { return double(batch) * double(inner); }
};

// Scalars 0 .. 2.
static inline ChannelShape readChannelShape(Call& call) { return {call.extent(0), call.extent(1), call.extent(2)}; }

// 1 / sqrt(value + eps) of each channel.
static inline void inverseRoots(const ChannelShape& shape, const float* values, float eps, float* into) {
  eachLanes(0, shape.channels, [=](int64_t c, int64_t n) { store(into + c, 1.0f / sqrt(load(values + c, n) + eps), n); });
}

// n <= 16 elements at `offset`: of neighbouring channels from `channel` on (across), or of that channel alone.
struct ChannelLanes {
  int64_t offset, channel, n;
  bool across;
  KERNELS_INLINE Lanes of(const float* values) const { return across ? load(values + channel, n) : broadcast(values[channel]); }
  // What belongs to the channel, 1 where there is nothing.
  KERNELS_INLINE Lanes orOne(const float* values) const { return values == nullptr ? broadcast(1.0f) : of(values); }
};

// body(lanes) for all elements, on all threads.
template <class Body>
KERNELS_INLINE void eachChannelLanes(Call& call, const ChannelShape& shape, Body&& body) {
  if (shape.inner == 1) {
    call.ranges(shape.batch, rowGrain(shape.channels), [&](int64_t begin, int64_t end, int) {
      for (int64_t row = begin; row < end; row++) {
        eachLanes(0, shape.channels, [&](int64_t c, int64_t n) { body(ChannelLanes{row * shape.channels + c, c, n, true}); });
      }
    });
    return;
  }
  call.ranges(shape.batch * shape.channels, rowGrain(shape.inner), [&](int64_t begin, int64_t end, int) {
    for (int64_t run = begin; run < end; run++) {
      eachLanes(0, shape.inner, [&](int64_t i, int64_t n) { body(ChannelLanes{run * shape.inner + i, run % shape.channels, n, false}); });
    }
  });
}

// The pieces in which channelSums adds up: entries of the batch, and segments of a long run.
constexpr int64_t kChannelPiece = 4096;
KERNELS_INLINE int64_t entriesOfPiece(const ChannelShape& shape) {
  const int64_t entries = shape.inner == 1 ? 256 : kChannelPiece / (shape.inner > 0 ? shape.inner : 1);
  return entries > 0 ? entries : 1;
}
KERNELS_INLINE int64_t segmentsOf(const ChannelShape& shape) { return shape.inner > kChannelPiece ? (shape.inner + kChannelPiece - 1) / kChannelPiece : 1; }
KERNELS_INLINE int64_t piecesOf(const ChannelShape& shape) {
  const int64_t entries = entriesOfPiece(shape);
  return (shape.batch + entries - 1) / entries * segmentsOf(shape);
}
// Floats that channelSums needs in `partials`.
KERNELS_INLINE int64_t partialsOf(const ChannelShape& shape, int sums) { return times(piecesOf(shape), sums, shape.stride()); }

// totals[s * stride + channel] = factor * the sum over batch and inner of the terms s: terms(lanes, into) gives kSums of them. Partial sums of some
// thousand elements in float, as many as the shape says, then in double: a mean over a large batch keeps its digits.
template <int kSums, class Terms>
KERNELS_INLINE void channelSums(Call& call, const ChannelShape& shape, double factor, float* partials, float* totals, Terms terms) {
  const int64_t pieces = piecesOf(shape), entries = entriesOfPiece(shape), segments = segmentsOf(shape), stride = shape.stride();
  const int64_t strips = shape.inner == 1 ? stride / kLanes : shape.channels;
  const int64_t grain = shape.batch * shape.channels * shape.inner <= kElementGrain ? pieces * strips : 1;
  call.ranges(pieces * strips, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t piece = task / strips, strip = task % strips;
      float* to = partials + piece * kSums * stride;
      const int64_t from = piece / segments * entries, last = from + entries < shape.batch ? from + entries : shape.batch;
      Lanes sums[kSums], some[kSums];
      for (int s = 0; s < kSums; s++) sums[s] = broadcast(0.0f);
      if (shape.inner == 1) {
        const int64_t c = strip * kLanes, n = shape.channels - c < kLanes ? shape.channels - c : kLanes;
        for (int64_t entry = from; entry < last; entry++) {
          terms(ChannelLanes{entry * shape.channels + c, c, n, true}, some);
          for (int s = 0; s < kSums; s++) sums[s] = sums[s] + some[s];
        }
        for (int s = 0; s < kSums; s++) store(to + s * stride + c, sums[s]);
        continue;
      }
      const int64_t start = piece % segments * kChannelPiece;
      const int64_t stop = segments == 1 || start + kChannelPiece > shape.inner ? shape.inner : start + kChannelPiece;
      for (int64_t entry = from; entry < last; entry++) {
        const int64_t run = (entry * shape.channels + strip) * shape.inner;
        eachLanes(start, stop, [&](int64_t i, int64_t n) {
          terms(ChannelLanes{run + i, strip, n, false}, some);
          for (int s = 0; s < kSums; s++) sums[s] = sums[s] + padded(some[s], n, 0.0f);
        });
      }
      for (int s = 0; s < kSums; s++) to[s * stride + strip] = sum(sums[s]);
    }
  });
  for (int s = 0; s < kSums; s++) {
    for (int64_t c = 0; c < shape.channels; c++) {
      double total = 0;
      for (int64_t piece = 0; piece < pieces; piece++) total += double(partials[(piece * kSums + s) * stride + c]);
      totals[s * stride + c] = float(total * factor);
    }
  }
}

}  // namespace kernels::KERNELS_ISA
