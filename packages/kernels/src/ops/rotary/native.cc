// Rotary position embedding. Angles, sines and cosines are computed in double (own code: a float angle is off by 6e-5 at position 1000) once for each
// position and frequency, then applied to all heads and batches.
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct SineCosine {
  double sine, cosine;
};

// Taylor series on |r| <= pi/4 after taking off multiples of pi/2, which stands here in three parts of 33, 33 and 53 bits.
static SineCosine sineCosine(double angle) {
  constexpr double kTwoOverPi = 0.63661977236758134308, kRounder = 6755399441055744.0;
  constexpr double kPart1 = 1.57079632673412561417, kPart2 = 6.07710050630396597660e-11, kPart3 = 2.02226624879595063154e-21;
  const double n = (angle * kTwoOverPi + kRounder) - kRounder;
  const double r = ((angle - n * kPart1) - n * kPart2) - n * kPart3, s = r * r;
  double sine = -1.0 / 1307674368000.0;
  sine = sine * s + 1.0 / 6227020800.0;
  sine = sine * s - 1.0 / 39916800.0;
  sine = sine * s + 1.0 / 362880.0;
  sine = sine * s - 1.0 / 5040.0;
  sine = sine * s + 1.0 / 120.0;
  sine = sine * s - 1.0 / 6.0;
  sine = sine * s * r + r;
  double cosine = 1.0 / 20922789888000.0;
  cosine = cosine * s - 1.0 / 87178291200.0;
  cosine = cosine * s + 1.0 / 479001600.0;
  cosine = cosine * s - 1.0 / 3628800.0;
  cosine = cosine * s + 1.0 / 40320.0;
  cosine = cosine * s - 1.0 / 720.0;
  cosine = cosine * s + 1.0 / 24.0;
  cosine = cosine * s - 0.5;
  cosine = cosine * s + 1.0;
  switch (int64_t(n) & 3) {
    case 0: return {sine, cosine};
    case 1: return {cosine, -sine};
    case 2: return {-sine, -cosine};
    default: return {-cosine, sine};
  }
}

// |angle| up to this keeps n exact in the parts above.
constexpr double kMostAngle = 1048576.0;

static void forward(Call& call) {
  call.form(3, -1);
  const int64_t batch = call.extent(0), time = call.extent(1), heads = call.extent(2), dim = call.extent(3);
  const int64_t rotaryDim = call.extent(4), pairs = rotaryDim / 2;
  const bool interleaved = call.flag(5), accumulate = call.flag(8);
  const double offset = call.number(6), sign = call.number(7);
  call.require(rotaryDim % 2 == 0 && rotaryDim <= dim, "rotaryDim is even and at most dim");
  call.form(-1, 9 + int(pairs < kMostElements / 64 ? pairs : 0));
  const float* x = call.floats(0, times(batch, time, heads, dim));
  const int32_t* positions = call.has(1) ? call.integers(1, time) : nullptr;
  float* y = call.out(2, times(batch, time, heads, dim));
  if (call.refused()) return;
  // cosines [time, pairs], then sines [time, pairs]; one lane group of slack, because rows are loaded whole.
  Workspace space;
  if (!call.workspace(2 * time * pairs + kLanes, 0, &space)) return;
  float *cosines = space.all, *sines = space.all + time * pairs;
  call.ranges(time, rowGrain(64 * pairs), [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; t++) {
      const double position = positions != nullptr ? double(positions[t]) : offset + double(t);
      for (int64_t i = 0; i < pairs; i++) {
        const double angle = position * call.number(9 + int(i));
        if (!(angle <= kMostAngle && angle >= -kMostAngle)) call.fail("invalid-argument", "an angle of %g is beyond %g", angle, kMostAngle);
        const SineCosine at = sineCosine(angle);
        cosines[t * pairs + i] = float(at.cosine);
        sines[t * pairs + i] = float(sign * at.sine);
      }
    }
  });
  call.ranges(batch * time, rowGrain(heads * dim), [=](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      const float *cosine = cosines + row % time * pairs, *sine = sines + row % time * pairs;
      for (int64_t head = 0; head < heads; head++) {
        const float* from = x + (row * heads + head) * dim;
        float* to = y + (row * heads + head) * dim;
        if (interleaved) {
          for (int64_t i = 0; i < pairs; i++) {
            const float u = from[2 * i], v = from[2 * i + 1];
            const float a = fma(u, cosine[i], -(v * sine[i])), b = fma(u, sine[i], v * cosine[i]);
            to[2 * i] = accumulate ? to[2 * i] + a : a;
            to[2 * i + 1] = accumulate ? to[2 * i + 1] + b : b;
          }
        } else {
          eachLanes(0, pairs, [=](int64_t i, int64_t n) {
            const Lanes u = load(from + i, n), v = load(from + pairs + i, n), c = load(cosine + i, n), s = load(sine + i, n);
            put(to + i, fma(u, c, -(v * s)), n, accumulate);
            put(to + pairs + i, fma(u, s, v * c), n, accumulate);
          });
        }
        eachLanes(rotaryDim, dim, [=](int64_t i, int64_t n) { put(to + i, load(from + i, n), n, accumulate); });
      }
    }
  });
}

KERNELS(rotary) = {{"rotary.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
