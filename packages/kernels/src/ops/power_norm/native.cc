// Power normalisation: mean squares of the channels, normalisation by given ones, and a gradient that follows from the kind of statistics.
#include "channels.h"

namespace kernels::KERNELS_ISA {

enum Mode { kBatch = 0, kRunning = 1, kEvaluation = 2 };

static void statistics(Call& call) {
  call.form(2, 3);
  const ChannelShape shape = readChannelShape(call);
  const float* x = call.floats(0, shape.total());
  float* meanSquares = call.out(1, shape.channels);
  if (call.refused()) return;
  const int64_t partials = partialsOf(shape, 1);
  Workspace space;
  if (!call.workspace(partials + shape.stride(), 0, &space)) return;
  float* totals = space.all + partials;
  channelSums<1>(call, shape, 1 / shape.count(), space.all, totals, [=](const ChannelLanes& at, Lanes* into) {
    const Lanes value = load(x + at.offset, at.n);
    into[0] = value * value;
  });
  putTotals(meanSquares, totals, shape.channels, false);
}

static void forward(Call& call) {
  call.form(5, 4);
  const ChannelShape shape = readChannelShape(call);
  const float eps = call.real(3);
  const float* x = call.floats(0, shape.total());
  const float* meanSquares = call.floats(1, shape.channels);
  const float* gain = call.floatsOrNone(2, shape.channels);
  const float* bias = call.floatsOrNone(3, shape.channels);
  float* y = call.out(4, shape.total());
  if (call.refused()) return;
  Workspace space;
  if (!call.workspace(shape.stride(), 0, &space)) return;
  float* scales = space.all;
  inverseRoots(shape, meanSquares, eps, scales);
  eachChannelLanes(call, shape, [=](const ChannelLanes& at) {
    Lanes value = load(x + at.offset, at.n) * at.of(scales);
    if (gain != nullptr) value = value * at.of(gain);
    if (bias != nullptr) value = value + at.of(bias);
    store(y + at.offset, value, at.n);
  });
}

static void backward(Call& call) {
  call.form(8, 9);
  const ChannelShape shape = readChannelShape(call);
  const float eps = call.real(3), momentum = call.real(5);
  const int64_t mode = call.integer(4, 0, 2);
  const bool accumulateX = call.flag(6), accumulateGain = call.flag(7), accumulateBias = call.flag(8);
  const float* dy = call.floats(0, shape.total());
  const float* x = call.floats(1, shape.total());
  const float* meanSquares = call.floats(2, shape.channels);
  const float* gain = call.floatsOrNone(3, shape.channels);
  float* dx = call.outOrNone(4, shape.total());
  float* dgain = call.outOrNone(5, shape.channels);
  float* dbias = call.outOrNone(6, shape.channels);
  float* projection = call.outOrNone(7, shape.channels);
  call.require(mode != kRunning || call.has(7), "running statistics need a projection");
  if (call.refused()) return;
  const int64_t partials = partialsOf(shape, 3), stride = shape.stride();
  Workspace space;
  if (!call.workspace(partials + 5 * stride, 0, &space)) return;
  float* scales = space.all + partials;
  float* pulls = scales + stride;
  float* sums = pulls + stride;
  inverseRoots(shape, meanSquares, eps, scales);
  channelSums<3>(call, shape, 1.0, space.all, sums, [=](const ChannelLanes& at, Lanes* into) {
    const Lanes d = load(dy + at.offset, at.n), xhat = load(x + at.offset, at.n) * at.of(scales);
    into[0] = d * xhat;
    into[1] = d;
    into[2] = xhat * xhat;
  });
  putTotals(dgain, sums, shape.channels, accumulateGain);
  putTotals(dbias, sums + stride, shape.channels, accumulateBias);
  const float share = float(1 / shape.count());
  eachLanes(0, shape.channels, [=](int64_t c, int64_t n) {
    Lanes projected = load(sums + c) * share;
    if (gain != nullptr) projected = projected * load(gain + c, n);
    Lanes pull = mode == kBatch ? projected : broadcast(0.0f);
    if (mode == kRunning) {
      pull = load(projection + c, n);
      const Lanes kept = pull * fma(load(sums + 2 * stride + c) * share, -momentum, 1.0f);
      store(projection + c, fma(projected, momentum, kept), n);
    }
    store(pulls + c, pull);
  });
  if (dx == nullptr) return;
  eachChannelLanes(call, shape, [=](const ChannelLanes& at) {
    const Lanes scale = at.of(scales), xhat = load(x + at.offset, at.n) * scale;
    const Lanes g = load(dy + at.offset, at.n) * at.orOne(gain);
    put(dx + at.offset, fma(-xhat, at.of(pulls), g) * scale, at.n, accumulateX);
  });
}

KERNELS(power_norm) = {
    {"power_norm.statistics", statistics},
    {"power_norm.forward", forward},
    {"power_norm.backward", backward},
    {},
};

}  // namespace kernels::KERNELS_ISA
