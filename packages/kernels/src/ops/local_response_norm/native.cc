// Local response normalisation: a window over channels, the lanes along `inner`.
#include "math.h"
#include "rows.h"

namespace kernels::KERNELS_ISA {

struct Shape {
  int64_t batch, channels, inner, size;
  int64_t total() const { return times(batch, channels, inner); }
};

static Shape readShape(Call& call) { return {call.extent(0), call.extent(1), call.extent(2), call.integer(3, 1, kMostElements)}; }

// body(first channel of the window, one past its last, channel, offset, n) for all elements; the window reaches `before` and `after` the channel.
template <class Body>
KERNELS_INLINE void overWindows(Call& call, const Shape& shape, int64_t before, int64_t after, Body&& body) {
  call.ranges(shape.batch * shape.channels, rowGrain(shape.inner * (shape.size < shape.channels ? shape.size : shape.channels)),
              [&](int64_t begin, int64_t end, int) {
                for (int64_t run = begin; run < end; run++) {
                  const int64_t c = run % shape.channels;
                  const int64_t from = c > before ? c - before : 0, to = after < shape.channels - 1 - c ? c + after + 1 : shape.channels;
                  eachLanes(0, shape.inner, [&](int64_t i, int64_t n) { body(from, to, c, run * shape.inner + i, n); });
                }
              });
}

KERNELS_INLINE Lanes power(Lanes a, float exponent) { return exp(log(a) * exponent); }

static void forward(Call& call) {
  call.form(3, 7);
  const Shape shape = readShape(call);
  const float share = float(call.number(4) / double(shape.size)), beta = call.real(5), k = call.real(6);
  const float* x = call.floats(0, shape.total());
  float* y = call.out(1, shape.total());
  float* divisors = call.outOrNone(2, shape.total());
  if (call.refused()) return;
  overWindows(call, shape, shape.size / 2, (shape.size - 1) / 2, [=](int64_t from, int64_t to, int64_t c, int64_t at, int64_t n) {
    Lanes squares = broadcast(0.0f);
    for (int64_t j = from; j < to; j++) {
      const Lanes value = load(x + at + (j - c) * shape.inner, n);
      squares = fma(value, value, squares);
    }
    const Lanes divisor = fma(squares, share, k);
    store(y + at, load(x + at, n) * power(divisor, -beta), n);
    if (divisors != nullptr) store(divisors + at, divisor, n);
  });
}

static void backward(Call& call) {
  call.form(5, 7);
  const Shape shape = readShape(call);
  const float beta = call.real(5), factor = float(2 * call.number(4) * call.number(5) / double(shape.size));
  const bool accumulate = call.flag(6);
  const float* dy = call.floats(0, shape.total());
  const float* x = call.floats(1, shape.total());
  const float* y = call.floats(2, shape.total());
  const float* divisors = call.floats(3, shape.total());
  float* dx = call.out(4, shape.total());
  if (call.refused()) return;
  overWindows(call, shape, (shape.size - 1) / 2, shape.size / 2, [=](int64_t from, int64_t to, int64_t c, int64_t at, int64_t n) {
    Lanes pull = broadcast(0.0f);
    for (int64_t j = from; j < to; j++) {
      const int64_t there = at + (j - c) * shape.inner;
      pull = pull + load(dy + there, n) * load(y + there, n) / load(divisors + there, n);
    }
    const Lanes direct = load(dy + at, n) * power(load(divisors + at, n), -beta);
    put(dx + at, fma(load(x + at, n) * -factor, pull, direct), n, accumulate);
  });
}

KERNELS(local_response_norm) = {{"local_response_norm.forward", forward}, {"local_response_norm.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
