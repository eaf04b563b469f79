// y = max(x, 0) + log(1 + exp(-|x|)).
#include "elementwise.h"
#include "math.h"

namespace kernels::KERNELS_ISA {

// log(1 + e), 0 <= e <= 1: what rounding 1 + e took away is put back by the ratio (Kahan's form).
KERNELS_INLINE Lanes logOnePlus(Lanes e) {
  const Lanes u = e + 1.0f, rounded = u - 1.0f;
  return select(rounded == 0.0f, e, log(u) * (e / rounded));
}

static void forward(Call& call) {
  unaryForward(call, [](Lanes x) {
    const Lanes tail = logOnePlus(exp(-magnitude(x)));
    return select(x > 0.0f, x + tail, tail);
  });
}

static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) { return dy * sigmoid(x); });
}

KERNELS(softplus) = {{"softplus.forward", forward}, {"softplus.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
