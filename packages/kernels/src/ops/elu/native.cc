// y = x where x > 0, else alpha (exp(x) - 1).
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

// exp(x) - 1 for x <= 0: 2^n (exp(r) - 1) + (2^n - 1), where the first term is exact for n = 0 and the second rules otherwise.
KERNELS_INLINE Lanes expMinusOne(Lanes x) {
  const Reduced reduced = reduceByLn2(select(x < -80.0f, broadcast(-80.0f), x));
  const Lanes p = fma(expTail(reduced.r), reduced.r * reduced.r, reduced.r);
  const Lanes power = powerOfTwo(reduced.n);
  const Lanes y = fma(power, p, power - 1.0f);
  // the reduction loses the sign of zero
  return select(x == 0.0f, x, y);
}

static void forward(Call& call) {
  const float alpha = call.real(1);
  unaryForward(call, [=](Lanes x) { return select(x > 0.0f, x, expMinusOne(select(x > 0.0f, broadcast(0.0f), x)) * alpha); }, 1);
}

static void backward(Call& call) {
  const float alpha = call.real(2);
  unaryBackward(call, [=](Lanes dy, Lanes x) { return select(x > 0.0f, dy, dy * (exp(select(x > 0.0f, broadcast(0.0f), x)) * alpha)); }, 1);
}

KERNELS(elu) = {{"elu.forward", forward}, {"elu.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
