// Convolutions as matrix products (gemm.h) over what the windows see, written out for some hundred positions at a time, so that it stays in the second-level
// cache. Every element is one chain in a fixed order: of y over (channel, row, column of the window), starting from the bias; of dweight over the positions of
// all images; of dx, positions in strips that the shape alone decides. A 1 x 1 window without stride reads the image in place.
#include "channels.h"
#include "gemm.h"

namespace kernels::KERNELS_ISA {

namespace {

struct Shape {
  int64_t batch, channels, height, width, out, groups, kernelHeight, kernelWidth;
  int64_t strideY, strideX, paddingY, paddingX, dilationY, dilationX;
  int64_t outHeight, outWidth;

  int64_t pixels() const { return height * width; }
  int64_t positions() const { return outHeight * outWidth; }
  int64_t area() const { return kernelHeight * kernelWidth; }
  int64_t ofGroup() const { return channels / groups; }
  int64_t outOfGroup() const { return out / groups; }
  int64_t depth() const { return ofGroup() * area(); }
  bool inPlace() const {
    return area() == 1 && strideY == 1 && strideX == 1 && paddingY == 0 && paddingX == 0;
  }
};

constexpr int64_t kMostOfWindow = int64_t(1) << 24;

int64_t windows(int64_t extent, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  const int64_t left = extent + 2 * padding - (dilation * (kernel - 1) + 1);
  return left < 0 ? 0 : left / stride + 1;
}

Shape readShape(Call& call) {
  Shape s;
  s.batch = call.extent(0), s.channels = call.extent(1), s.height = call.extent(2), s.width = call.extent(3), s.out = call.extent(4);
  s.groups = call.integer(5, 1, kMostElements);
  s.kernelHeight = call.integer(6, 1, kMostOfWindow), s.kernelWidth = call.integer(7, 1, kMostOfWindow);
  s.strideY = call.integer(8, 1, kMostOfWindow), s.strideX = call.integer(9, 1, kMostOfWindow);
  s.paddingY = call.integer(10, 0, kMostOfWindow), s.paddingX = call.integer(11, 0, kMostOfWindow);
  s.dilationY = call.integer(12, 1, kMostOfWindow), s.dilationX = call.integer(13, 1, kMostOfWindow);
  s.outHeight = windows(s.height, s.kernelHeight, s.strideY, s.paddingY, s.dilationY);
  s.outWidth = windows(s.width, s.kernelWidth, s.strideX, s.paddingX, s.dilationX);
  call.require(s.channels % s.groups == 0 && s.out % s.groups == 0, "groups divide channels and outputs");
  return s;
}

int64_t sizeOfX(const Shape& s) { return times(s.batch, s.channels, s.height, s.width); }
int64_t sizeOfWeight(const Shape& s) { return times(s.out, s.channels / s.groups, s.kernelHeight, s.kernelWidth); }
int64_t sizeOfY(const Shape& s) { return times(s.batch, s.out, s.outHeight, s.outWidth); }

// Positions that are written out at once for `lines` of them: what the second-level cache holds.
int64_t stripOf(const Shape& s, int64_t lines) {
  int64_t strip = (int64_t(1) << 17) / (lines > 0 ? lines : 1) / 64 * 64;
  if (strip < 64) strip = 64;
  if (strip > 1024) strip = 1024;
  return s.positions() < strip ? s.positions() : strip;
}

// body(offset in a plane, position in the strip, how many, first and last inside the image): the runs of positions [from, to), each of a line of y, at one place
// of the window.
template <class Body>
KERNELS_INLINE void eachRun(const Shape& s, int64_t ky, int64_t kx, int64_t from, int64_t to, Body&& body) {
  int64_t i = from / s.outWidth, j = from % s.outWidth;
  for (int64_t at = from; at < to; i++, j = 0) {
    const int64_t n = s.outWidth - j < to - at ? s.outWidth - j : to - at;
    const int64_t row = s.strideY * i - s.paddingY + s.dilationY * ky;
    const int64_t column = s.strideX * j - s.paddingX + s.dilationX * kx;
    int64_t first = 0, last = 0;
    if (row >= 0 && row < s.height && column < s.width) {
      if (s.strideX == 1) {
        first = column < 0 ? -column : 0;
        last = s.width - column;
      } else {
        first = column < 0 ? (s.strideX - 1 - column) / s.strideX : 0;
        last = (s.width - 1 - column) / s.strideX + 1;
      }
      if (last > n) last = n;
      if (first > last) first = last;
    }
    body(row * s.width + column, at - from, n, first, last);
    at += n;
  }
}

// cols[line * stride + position], line = (channel, row, column of the window): what positions [from, to) see of `channels` planes.
void writeOut(const Shape& s, const float* planes, int64_t channels, int64_t from, int64_t to, float* cols, int64_t stride) {
  for (int64_t c = 0; c < channels; c++) {
    const float* plane = planes + c * s.pixels();
    for (int64_t ky = 0; ky < s.kernelHeight; ky++) {
      for (int64_t kx = 0; kx < s.kernelWidth; kx++, cols += stride) {
        eachRun(s, ky, kx, from, to, [&](int64_t offset, int64_t at, int64_t n, int64_t first, int64_t last) {
          float* line = cols + at;
          const auto clear = [line](int64_t i, int64_t some) { store(line + i, broadcast(0.0f), some); };
          eachLanes(0, first, clear);
          if (s.strideX == 1) {
            eachLanes(first, last, [&](int64_t i, int64_t some) { store(line + i, load(plane + offset + i, some), some); });
          } else {
            for (int64_t i = first; i < last; i++) line[i] = plane[offset + i * s.strideX];
          }
          eachLanes(last, n, clear);
        });
      }
    }
  }
}

// The other way: adds to the planes.
void addBack(const Shape& s, const float* cols, int64_t stride, int64_t channels, int64_t from, int64_t to, float* planes) {
  for (int64_t c = 0; c < channels; c++) {
    float* plane = planes + c * s.pixels();
    for (int64_t ky = 0; ky < s.kernelHeight; ky++) {
      for (int64_t kx = 0; kx < s.kernelWidth; kx++, cols += stride) {
        eachRun(s, ky, kx, from, to, [&](int64_t offset, int64_t at, int64_t, int64_t first, int64_t last) {
          const float* line = cols + at;
          if (s.strideX == 1) {
            float* to = plane + offset;
            eachLanes(first, last, [&](int64_t i, int64_t some) { store(to + i, load(to + i, some) + load(line + i, some), some); });
          } else {
            for (int64_t i = first; i < last; i++) plane[offset + i * s.strideX] += line[i];
          }
        });
      }
    }
  }
}

// Tasks of `work` products each that one thread takes at a time.
int64_t grainOf(int64_t work) { return (int64_t(1) << 16) / (work + 1) + 1; }

// Channels whose lines are products' rows together: some hundred.
int64_t channelsAtOnce(const Shape& s) {
  const int64_t some = 96 / s.area();
  return some < 1 ? 1 : some < s.ofGroup() ? some : s.ofGroup();
}

void inputGradient(Call& call, const Shape& s, const float* dy, const float* weight, float* dx, bool accumulate) {
  if (sizeOfX(s) == 0) return;
  const int64_t some = channelsAtOnce(s), blocks = (s.ofGroup() + some - 1) / some, strip = s.inPlace() ? s.positions() : stripOf(s, some * s.area());
  const int64_t colsSize = s.inPlace() ? 0 : times(some * s.area(), strip);
  Workspace space;
  if (!call.workspace(0, colsSize + workspaceOfOne(strip, s.outOfGroup()), &space)) return;
  const int64_t tasks = s.batch * s.groups * blocks;
  call.ranges(tasks, grainOf(times(some * s.area(), s.positions(), s.outOfGroup())), [&](int64_t begin, int64_t end, int worker) {
    float *cols = space.of(worker), *own = cols + colsSize;
    for (int64_t task = begin; task < end; task++) {
      const int64_t image = task / blocks / s.groups, group = task / blocks % s.groups, first = task % blocks * some;
      const int64_t channels = s.ofGroup() - first < some ? s.ofGroup() - first : some;
      float* planes = dx + (image * s.channels + group * s.ofGroup() + first) * s.pixels();
      const float* of = dy + (image * s.out + group * s.outOfGroup()) * s.positions();
      const Matrix turned{weight + group * s.outOfGroup() * s.depth() + first * s.area(), 1, s.depth()};
      if (s.inPlace()) {
        Product product{channels, s.positions(), s.outOfGroup(), turned, {of, s.positions(), 1}, planes, s.positions()};
        product.accumulate = accumulate;
        multiplyAlone(product, own);
        continue;
      }
      if (!accumulate) {
        for (int64_t i = 0; i < channels * s.pixels(); i++) planes[i] = 0.0f;
      }
      for (int64_t from = 0; from < s.positions(); from += strip) {
        const int64_t to = s.positions() - from < strip ? s.positions() : from + strip;
        multiplyAlone(Product{channels * s.area(), to - from, s.outOfGroup(), turned, {of + from, s.positions(), 1}, cols, strip}, own);
        addBack(s, cols, strip, channels, from, to, planes);
      }
    }
  });
}

void weightGradient(Call& call, const Shape& s, const float* dy, const float* x, float* dweight, bool accumulate) {
  if (sizeOfWeight(s) == 0) return;
  if (s.batch == 0 || s.positions() == 0) {
    if (accumulate) return;
    for (int64_t i = 0; i < sizeOfWeight(s); i++) dweight[i] = 0.0f;
    return;
  }
  const int64_t some = channelsAtOnce(s), blocks = (s.ofGroup() + some - 1) / some, strip = stripOf(s, some * s.area());
  const int64_t colsSize = s.inPlace() ? 0 : times(some * s.area(), strip);
  Workspace space;
  if (!call.workspace(0, colsSize + workspaceOfOne(some * s.area(), strip), &space)) return;
  const int64_t work = times(s.batch, s.positions(), some * s.area(), s.outOfGroup());
  call.ranges(s.groups * blocks, grainOf(work), [&](int64_t begin, int64_t end, int worker) {
    float *cols = space.of(worker), *own = cols + colsSize;
    for (int64_t task = begin; task < end; task++) {
      const int64_t group = task / blocks, first = task % blocks * some;
      const int64_t channels = s.ofGroup() - first < some ? s.ofGroup() - first : some;
      float* of = dweight + group * s.outOfGroup() * s.depth() + first * s.area();
      for (int64_t image = 0; image < s.batch; image++) {
        const float* planes = x + (image * s.channels + group * s.ofGroup() + first) * s.pixels();
        for (int64_t from = 0; from < s.positions(); from += strip) {
          const int64_t to = s.positions() - from < strip ? s.positions() : from + strip;
          if (!s.inPlace()) writeOut(s, planes, channels, from, to, cols, strip);
          const Matrix seen = s.inPlace() ? Matrix{planes + from, 1, s.pixels()} : Matrix{cols, 1, strip};
          const Matrix left{dy + (image * s.out + group * s.outOfGroup()) * s.positions() + from, s.positions(), 1};
          Product product{s.outOfGroup(), channels * s.area(), to - from, left, seen, of, s.depth()};
          product.accumulate = accumulate || image > 0 || from > 0;
          multiplyAlone(product, own);
        }
      }
    }
  });
}

void biasGradient(Call& call, const Shape& s, const float* dy, float* dbias, bool accumulate) {
  const ChannelShape shape{s.batch, s.out, s.positions()};
  const int64_t partials = partialsOf(shape, 1);
  Workspace space;
  if (!call.workspace(partials + shape.stride(), 0, &space)) return;
  float* totals = space.all + partials;
  channelSums<1>(call, shape, 1.0, space.all, totals, [=](const ChannelLanes& lanes, Lanes* into) { into[0] = load(dy + lanes.offset, lanes.n); });
  eachLanes(0, s.out, [=](int64_t i, int64_t n) { put(dbias + i, load(totals + i, n), n, accumulate); });
}

}  // namespace

static void forward(Call& call) {
  call.form(4, 14);
  const Shape s = readShape(call);
  const float* x = call.floats(0, sizeOfX(s));
  const float* weight = call.floats(1, sizeOfWeight(s));
  const float* bias = call.floatsOrNone(2, s.out);
  float* y = call.out(3, sizeOfY(s));
  if (call.refused() || sizeOfY(s) == 0) return;
  const int64_t depth = s.depth(), strip = stripOf(s, depth), strips = (s.positions() + strip - 1) / strip;
  const int64_t colsSize = s.inPlace() ? 0 : times(depth, strip);
  Workspace space;
  if (!call.workspace(0, colsSize + workspaceOfOne(strip, depth), &space)) return;
  const int64_t tasks = s.batch * s.groups * strips;
  call.ranges(tasks, grainOf(times(depth, strip, s.outOfGroup())), [&](int64_t begin, int64_t end, int worker) {
    float *cols = space.of(worker), *own = cols + colsSize;
    for (int64_t task = begin; task < end; task++) {
      const int64_t image = task / strips / s.groups, group = task / strips % s.groups, from = task % strips * strip;
      const int64_t to = s.positions() - from < strip ? s.positions() : from + strip;
      const float* planes = x + (image * s.channels + group * s.ofGroup()) * s.pixels();
      float* of = y + (image * s.out + group * s.outOfGroup()) * s.positions() + from;
      if (!s.inPlace()) writeOut(s, planes, s.ofGroup(), from, to, cols, strip);
      const Matrix seen = s.inPlace() ? Matrix{planes + from, s.pixels(), 1} : Matrix{cols, strip, 1};
      Product product{s.outOfGroup(), to - from, depth, {weight + group * s.outOfGroup() * depth, depth, 1}, seen, of, s.positions()};
      if (bias != nullptr) {
        product.accumulate = true;
        for (int64_t o = 0; o < s.outOfGroup(); o++) {
          for (int64_t i = 0; i < to - from; i++) of[o * s.positions() + i] = bias[group * s.outOfGroup() + o];
        }
      }
      multiplyAlone(product, own);
    }
  });
}

static void backward(Call& call) {
  call.form(6, 17);
  const Shape s = readShape(call);
  const bool accumulateX = call.flag(14), accumulateWeight = call.flag(15), accumulateBias = call.flag(16);
  const float* dy = call.floats(0, sizeOfY(s));
  const float* x = call.floatsOrNone(1, sizeOfX(s));
  const float* weight = call.floatsOrNone(2, sizeOfWeight(s));
  float* dx = call.outOrNone(3, sizeOfX(s));
  float* dweight = call.outOrNone(4, sizeOfWeight(s));
  float* dbias = call.outOrNone(5, s.out);
  call.require(!call.has(3) || call.has(2), "dx needs the weight");
  call.require(!call.has(4) || call.has(1), "dweight needs x");
  if (call.refused()) return;
  if (dx != nullptr) inputGradient(call, s, dy, weight, dx, accumulateX);
  if (dweight != nullptr) weightGradient(call, s, dy, x, dweight, accumulateWeight);
  if (dbias != nullptr) biasGradient(call, s, dy, dbias, accumulateBias);
}

KERNELS(conv2d) = {{"conv2d.forward", forward}, {"conv2d.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
