// The largest of x over the extents where y has stride 0, and its gradient, which ties share (min's too).
#include "order.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  sumForward<1, LargestOrder>(call, 0, false, 1.0f, [](Lanes x) { return fromBits(orderOf(x)); });
}

static void ties(Call& call) {
  sumForward<2>(call, 0, false, 1.0f, [](Lanes x, Lanes y) { return select(x == y, broadcast(1.0f), broadcast(0.0f)); });
}

static void backward(Call& call) {
  const bool accumulate = call.flag(0);
  // Nothing equals a NaN, so its gradient is 0 / 0.
  sumForward<4>(call, 1, accumulate, 1.0f,
                [](Lanes dy, Lanes x, Lanes y, Lanes ties) { return select(x == y, dy, broadcast(0.0f)) / ties; });
}

KERNELS(max) = {{"max.forward", forward}, {"max.ties", ties}, {"max.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
