// Batch normalisation: statistics of the channels, their running averages, and normalisation by given statistics.
#include "channels.h"

namespace kernels::KERNELS_ISA {

static void statistics(Call& call) {
  call.form(3, 3);
  const ChannelShape shape = readChannelShape(call);
  const float* x = call.floats(0, shape.total());
  float* means = call.out(1, shape.channels);
  float* variances = call.out(2, shape.channels);
  if (call.refused()) return;
  const int64_t partials = partialsOf(shape, 1);
  Workspace space;
  if (!call.workspace(partials + 2 * shape.stride(), 0, &space)) return;
  float* mean = space.all + partials;
  float* variance = mean + shape.stride();
  channelSums<1>(call, shape, 1 / shape.count(), space.all, mean, [=](const ChannelLanes& at, Lanes* into) { into[0] = load(x + at.offset, at.n); });
  channelSums<1>(call, shape, 1 / shape.count(), space.all, variance, [=](const ChannelLanes& at, Lanes* into) {
    const Lanes centred = load(x + at.offset, at.n) - at.of(mean);
    into[0] = centred * centred;
  });
  putTotals(means, mean, shape.channels, false);
  putTotals(variances, variance, shape.channels, false);
}

static void update(Call& call) {
  call.form(2, 3);
  const int64_t count = call.extent(0);
  const double momentum = call.number(1), factor = call.number(2);
  const float* current = call.floats(0, count);
  float* running = call.out(1, count);
  if (call.refused()) return;
  const float keep = float(1 - momentum), take = float(momentum * factor);
  eachLanes(0, count, [=](int64_t i, int64_t n) { store(running + i, fma(load(current + i, n), take, load(running + i, n) * keep), n); });
}

static void forward(Call& call) {
  call.form(6, 4);
  const ChannelShape shape = readChannelShape(call);
  const float eps = call.real(3);
  const float* x = call.floats(0, shape.total());
  const float* means = call.floats(1, shape.channels);
  const float* variances = call.floats(2, shape.channels);
  const float* gain = call.floatsOrNone(3, shape.channels);
  const float* bias = call.floatsOrNone(4, shape.channels);
  float* y = call.out(5, shape.total());
  if (call.refused()) return;
  Workspace space;
  if (!call.workspace(shape.stride(), 0, &space)) return;
  float* rstds = space.all;
  inverseRoots(shape, variances, eps, rstds);
  eachChannelLanes(call, shape, [=](const ChannelLanes& at) {
    Lanes value = (load(x + at.offset, at.n) - at.of(means)) * at.of(rstds);
    if (gain != nullptr) value = value * at.of(gain);
    if (bias != nullptr) value = value + at.of(bias);
    store(y + at.offset, value, at.n);
  });
}

static void backward(Call& call) {
  call.form(8, 8);
  const ChannelShape shape = readChannelShape(call);
  const float eps = call.real(3);
  const bool training = call.flag(4), accumulateX = call.flag(5), accumulateGain = call.flag(6), accumulateBias = call.flag(7);
  const float* dy = call.floats(0, shape.total());
  const float* x = call.floats(1, shape.total());
  const float* means = call.floats(2, shape.channels);
  const float* variances = call.floats(3, shape.channels);
  const float* gain = call.floatsOrNone(4, shape.channels);
  float* dx = call.outOrNone(5, shape.total());
  float* dgain = call.outOrNone(6, shape.channels);
  float* dbias = call.outOrNone(7, shape.channels);
  if (call.refused()) return;
  const int64_t partials = partialsOf(shape, 2);
  Workspace space;
  if (!call.workspace(partials + 3 * shape.stride(), 0, &space)) return;
  float* rstds = space.all + partials;
  float* sums = rstds + shape.stride();
  inverseRoots(shape, variances, eps, rstds);
  const auto normalised = [=](const ChannelLanes& at) { return (load(x + at.offset, at.n) - at.of(means)) * at.of(rstds); };
  if (training || dgain != nullptr || dbias != nullptr) {
    channelSums<2>(call, shape, 1.0, space.all, sums, [=](const ChannelLanes& at, Lanes* into) {
      const Lanes d = load(dy + at.offset, at.n);
      into[0] = d * normalised(at);
      into[1] = d;
    });
  }
  putTotals(dgain, sums, shape.channels, accumulateGain);
  putTotals(dbias, sums + shape.stride(), shape.channels, accumulateBias);
  if (dx == nullptr) return;
  const float share = float(1 / shape.count());
  eachChannelLanes(call, shape, [=](const ChannelLanes& at) {
    Lanes gradient = load(dy + at.offset, at.n);
    if (training) gradient = fma(normalised(at), at.of(sums) * -share, gradient - at.of(sums + shape.stride()) * share);
    put(dx + at.offset, gradient * (at.orOne(gain) * at.of(rstds)), at.n, accumulateX);
  });
}

KERNELS(batch_norm) = {
    {"batch_norm.statistics", statistics},
    {"batch_norm.update", update},
    {"batch_norm.forward", forward},
    {"batch_norm.backward", backward},
    {},
};

}  // namespace kernels::KERNELS_ISA
