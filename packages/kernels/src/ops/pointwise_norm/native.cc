// Functions of one element in place of a norm: y = f gain + bias, f of alpha x + shift (or of x and C). One row kernel for all of them.
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

// What belongs to the elements at hand: alpha (or C), shift, and sqrt(width).
struct Setting {
  Lanes alpha, shift;
  float root;
};

// f and its derivatives by x, alpha and shift.
struct Point {
  Lanes f, dx, dalpha, dshift;
};

KERNELS_INLINE Point ofLine(Lanes x, const Setting& at, Lanes f, Lanes slope) { return {f, slope * at.alpha, slope * x, slope}; }
KERNELS_INLINE Lanes line(Lanes x, const Setting& at) { return fma(x, at.alpha, at.shift); }
KERNELS_INLINE Lanes within(Lanes u, float bound) {
  u = select(u > bound, broadcast(bound), u);
  return select(u < -bound, broadcast(-bound), u);
}

// Near 0 an odd polynomial (minimax for erf(u) / u on [0, 1]), further out by the tail of the normal distribution: both within 3 units in the last place.
KERNELS_INLINE Lanes erf(Lanes u) {
  const Lanes a = magnitude(u), square = a * a;
  Lanes p = fma(square, 7.87587487e-05f, -0.00080168643f);
  p = fma(p, square, 0.00518908724f);
  p = fma(p, square, -0.0268542115f);
  p = fma(p, square, 0.112835944f);
  p = fma(p, square, -0.37612626f);
  p = fma(p, square, 1.12837911f);
  const Lanes far = fma(normal(a * -1.41421356f).cdf, -2.0f, 1.0f);
  return withSign(select(a > 1.0f, far, a * p), u);
}

struct Erf {
  KERNELS_INLINE static Lanes value(Lanes x, const Setting& at) { return erf(line(x, at)); }
  KERNELS_INLINE static Point point(Lanes x, const Setting& at) {
    const Lanes u = line(x, at);
    return ofLine(x, at, erf(u), exp(-(u * u)) * 1.12837917f);
  }
};

// Beyond this u / sqrt(1 + u²) is ±1 in float.
constexpr float kFar = 1e9f;

struct Isru {
  KERNELS_INLINE static Lanes value(Lanes x, const Setting& at) {
    const Lanes u = within(line(x, at), kFar);
    return u / sqrt(fma(u, u, 1.0f));
  }
  KERNELS_INLINE static Point point(Lanes x, const Setting& at) {
    const Lanes u = within(line(x, at), kFar);
    const Lanes r = 1.0f / sqrt(fma(u, u, 1.0f));
    return ofLine(x, at, u * r, r * r * r);
  }
};

struct Clip {
  KERNELS_INLINE static Lanes value(Lanes x, const Setting& at) { return within(line(x, at), 1.0f); }
  KERNELS_INLINE static Point point(Lanes x, const Setting& at) {
    const Lanes u = line(x, at);
    return ofLine(x, at, within(u, 1.0f), select(magnitude(u) < 1.0f, broadcast(1.0f), broadcast(0.0f)));
  }
};

// With r = 1 / sqrt(C) and u = x r: sqrt(width) u / sqrt(1 + u²).
struct Eln {
  KERNELS_INLINE static Lanes value(Lanes x, const Setting& at) {
    const Lanes u = within(x / sqrt(at.alpha), kFar);
    return u / sqrt(fma(u, u, 1.0f)) * at.root;
  }
  KERNELS_INLINE static Point point(Lanes x, const Setting& at) {
    const Lanes r = 1.0f / sqrt(at.alpha), u = within(x * r, kFar);
    const Lanes s = 1.0f / sqrt(fma(u, u, 1.0f)), cubed = s * s * s * at.root;
    return {u * s * at.root, cubed * r, u * cubed * (r * r) * -0.5f, broadcast(0.0f)};
  }
};

struct Parameters {
  const float *alpha, *shift;
  bool perChannel;
  float root;
  KERNELS_INLINE Setting at(int64_t i, int64_t n) const {
    const auto of = [=](const float* values) { return perChannel ? load(values + i, n) : broadcast(*values); };
    return {of(alpha), shift == nullptr ? broadcast(0.0f) : of(shift), root};
  }
};

static Parameters readParameters(Call& call, int alpha, int64_t width) {
  const bool perChannel = call.flag(2);
  const int64_t count = perChannel ? width : 1;
  return {call.floats(alpha, count), call.floatsOrNone(alpha + 1, count), perChannel, float(__builtin_sqrt(double(width)))};
}

template <class Form>
static void forward(Call& call) {
  call.form(6, 3);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const float* x = call.floats(0, times(rows, width));
  const Parameters parameters = readParameters(call, 1, width);
  const float* gain = call.floatsOrNone(3, width);
  const float* bias = call.floatsOrNone(4, width);
  float* y = call.out(5, times(rows, width));
  if (call.refused()) return;
  call.ranges(rows, rowGrain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      eachLanes(0, width, [=](int64_t i, int64_t n) {
        Lanes value = Form::value(load(x + row * width + i, n), parameters.at(i, n));
        if (gain != nullptr) value = value * load(gain + i, n);
        if (bias != nullptr) value = value + load(bias + i, n);
        store(y + row * width + i, value, n);
      });
    }
  });
}

// One sum over the columns' totals where there is one parameter for all.
KERNELS_INLINE void putParameter(float* gradient, const float* totals, int64_t width, bool perChannel, bool accumulate) {
  if (gradient == nullptr) return;
  if (perChannel) return putTotals(gradient, totals, width, accumulate);
  const float total = sum(rowLanes(width, [=](int64_t i, int64_t n) { return load(totals + i, n); }));
  *gradient = total + (accumulate ? *gradient : 0.0f);
}

template <class Form>
static void backward(Call& call) {
  call.form(10, 8);
  const int64_t rows = call.extent(0), width = call.extent(1);
  const bool accumulateX = call.flag(3), accumulateAlpha = call.flag(4), accumulateShift = call.flag(5), accumulateGain = call.flag(6),
             accumulateBias = call.flag(7);
  const float* dy = call.floats(0, times(rows, width));
  const float* x = call.floats(1, times(rows, width));
  const Parameters parameters = readParameters(call, 2, width);
  const float* gain = call.floatsOrNone(4, width);
  float* dx = call.outOrNone(5, times(rows, width));
  float* dalpha = call.outOrNone(6, parameters.perChannel ? width : 1);
  float* dshift = call.outOrNone(7, parameters.perChannel ? width : 1);
  float* dgain = call.outOrNone(8, width);
  float* dbias = call.outOrNone(9, width);
  if (call.refused()) return;
  const int64_t stride = (width + kLanes - 1) / kLanes * kLanes;
  const auto row = [=](int64_t r, float* sums) {
    eachLanes(0, width, [&](int64_t i, int64_t n) {
      const Lanes d = load(dy + r * width + i, n);
      const Point point = Form::point(load(x + r * width + i, n), parameters.at(i, n));
      const Lanes g = gain != nullptr ? d * load(gain + i, n) : d;
      const auto add = [&](int64_t which, Lanes term) { store(sums + which * stride + i, load(sums + which * stride + i, n) + term, n); };
      add(0, g * point.dalpha);
      add(1, g * point.dshift);
      add(2, d * point.f);
      add(3, d);
      if (dx != nullptr) put(dx + r * width + i, g * point.dx, n, accumulateX);
    });
  };
  sumOverRows(call, rows, 4 * stride, row, [=](const float* totals) {
    putParameter(dalpha, totals, width, parameters.perChannel, accumulateAlpha);
    putParameter(dshift, totals + stride, width, parameters.perChannel, accumulateShift);
    putTotals(dgain, totals + 2 * stride, width, accumulateGain);
    putTotals(dbias, totals + 3 * stride, width, accumulateBias);
  });
}

KERNELS(pointwise_norm) = {
    {"pointwise_norm_erf.forward", forward<Erf>},   {"pointwise_norm_erf.backward", backward<Erf>},
    {"pointwise_norm_isru.forward", forward<Isru>}, {"pointwise_norm_isru.backward", backward<Isru>},
    {"pointwise_norm_clip.forward", forward<Clip>}, {"pointwise_norm_clip.backward", backward<Clip>},
    {"pointwise_norm_eln.forward", forward<Eln>},   {"pointwise_norm_eln.backward", backward<Eln>},
    {},
};

}  // namespace kernels::KERNELS_ISA
