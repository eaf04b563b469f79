// Normalisation over groups of channels. A group's elements lie together; gain and bias belong to its channels, each a run of `inner` elements.
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Shape {
  int64_t batch, channels, inner, groups;
  int64_t rows() const { return times(batch, groups); }
  int64_t channelsOfGroup() const { return channels / groups; }
  int64_t total() const { return times(batch, channels, inner); }
};

static Shape readShape(Call& call) {
  const Shape shape{call.extent(0), call.extent(1), call.extent(2), call.integer(3, 1, kMostElements)};
  call.require(shape.channels % shape.groups == 0, "the number of groups divides the channels");
  return shape;
}

// body(i, n, parameter) over the runs of a group; parameter(values) is what belongs to the elements i .. i + n - 1 in an array with one value a channel.
template <class Body>
KERNELS_INLINE void overGroup(const Shape& shape, int64_t firstChannel, Body&& body) {
  const int64_t channels = shape.channelsOfGroup();
  if (shape.inner == 1) {
    eachLanes(0, channels, [&](int64_t i, int64_t n) { body(i, n, [=](const float* values) { return load(values + firstChannel + i, n); }); });
    return;
  }
  for (int64_t c = 0; c < channels; c++) {
    eachLanes(0, shape.inner, [&](int64_t i, int64_t n) {
      body(c * shape.inner + i, n, [=](const float* values) { return broadcast(values[firstChannel + c]); });
    });
  }
}

static void forward(Call& call) {
  call.form(6, 5);
  const Shape shape = readShape(call);
  const float eps = call.real(4);
  const float* x = call.floats(0, shape.total());
  const float* gain = call.floatsOrNone(1, shape.channels);
  const float* bias = call.floatsOrNone(2, shape.channels);
  float* y = call.out(3, shape.total());
  float* means = call.outOrNone(4, shape.rows());
  float* rstds = call.outOrNone(5, shape.rows());
  if (call.refused()) return;
  const int64_t width = shape.channelsOfGroup() * shape.inner;
  call.ranges(shape.rows(), rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = x + row * width;
      float* to = y + row * width;
      const float mean = sum(rowLanes(width, [=](int64_t i, int64_t n) { return load(from + i, n); })) / float(width);
      const Lanes squares = rowLanes(width, [=](int64_t i, int64_t n) {
        const Lanes centred = load(from + i, n) - mean;
        return centred * centred;
      });
      const float rstd = 1.0f / __builtin_sqrtf(sum(squares) / float(width) + eps);
      overGroup(shape, row % shape.groups * shape.channelsOfGroup(), [=](int64_t i, int64_t n, auto parameter) {
        Lanes value = (load(from + i, n) - mean) * rstd;
        if (gain != nullptr) value = value * parameter(gain);
        if (bias != nullptr) value = value + parameter(bias);
        store(to + i, value, n);
      });
      if (means != nullptr) means[row] = mean;
      if (rstds != nullptr) rstds[row] = rstd;
    }
  });
}

static void backward(Call& call) {
  call.form(8, 7);
  const Shape shape = readShape(call);
  const bool accumulateX = call.flag(4), accumulateGain = call.flag(5), accumulateBias = call.flag(6);
  const float* dy = call.floats(0, shape.total());
  const float* x = call.floats(1, shape.total());
  const float* gain = call.floatsOrNone(2, shape.channels);
  const float* means = call.floats(3, shape.rows());
  const float* rstds = call.floats(4, shape.rows());
  float* dx = call.outOrNone(5, shape.total());
  float* dgain = call.outOrNone(6, shape.channels);
  float* dbias = call.outOrNone(7, shape.channels);
  if (call.refused()) return;
  const int64_t width = shape.channelsOfGroup() * shape.inner;
  const int64_t stride = (shape.channels + kLanes - 1) / kLanes * kLanes;
  const auto row = [=](int64_t r, float* sums) {
    const float *gradient = dy + r * width, *from = x + r * width;
    const float mean = means[r], rstd = rstds[r];
    const int64_t first = r % shape.groups * shape.channelsOfGroup();
    float sumG = 0, sumGX = 0;
    if (shape.inner == 1) {
      Lanes lanesG = broadcast(0.0f), lanesGX = broadcast(0.0f);
      eachLanes(0, width, [&](int64_t i, int64_t n) {
        const Lanes d = load(gradient + i, n);
        const Lanes xhat = padded((load(from + i, n) - mean) * rstd, n, 0.0f);
        const Lanes g = gain != nullptr ? d * load(gain + first + i, n) : d;
        lanesG = lanesG + g;
        lanesGX = fma(g, xhat, lanesGX);
        store(sums + first + i, fma(d, xhat, load(sums + first + i, n)), n);
        store(sums + stride + first + i, load(sums + stride + first + i, n) + d, n);
      });
      sumG = sum(lanesG);
      sumGX = sum(lanesGX);
    } else {
      for (int64_t c = 0; c < shape.channelsOfGroup(); c++) {
        Lanes lanesD = broadcast(0.0f), lanesDX = broadcast(0.0f);
        eachLanes(c * shape.inner, (c + 1) * shape.inner, [&](int64_t i, int64_t n) {
          const Lanes d = load(gradient + i, n);
          const Lanes xhat = padded((load(from + i, n) - mean) * rstd, n, 0.0f);
          lanesD = lanesD + d;
          lanesDX = fma(d, xhat, lanesDX);
        });
        const float ofChannel = sum(lanesD), ofProducts = sum(lanesDX), factor = gain != nullptr ? gain[first + c] : 1.0f;
        sumG = fma(factor, ofChannel, sumG);
        sumGX = fma(factor, ofProducts, sumGX);
        sums[first + c] += ofProducts;
        sums[stride + first + c] += ofChannel;
      }
    }
    if (dx == nullptr) return;
    const float meanG = sumG / float(width), meanGX = sumGX / float(width);
    overGroup(shape, first, [=](int64_t i, int64_t n, auto parameter) {
      const Lanes d = load(gradient + i, n);
      const Lanes xhat = (load(from + i, n) - mean) * rstd;
      const Lanes g = gain != nullptr ? d * parameter(gain) : d;
      put(dx + r * width + i, fma(xhat, -meanGX, g - meanG) * rstd, n, accumulateX);
    });
  };
  sumOverRows(call, shape.rows(), 2 * stride, row, [=](const float* totals) {
    putTotals(dgain, totals, shape.channels, accumulateGain);
    putTotals(dbias, totals + stride, shape.channels, accumulateBias);
  });
}

KERNELS(group_norm) = {{"group_norm.forward", forward}, {"group_norm.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
