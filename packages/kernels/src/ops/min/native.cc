// The smallest of x over the extents where y has stride 0: the largest of what has the other sign.
#include "order.h"

namespace kernels::KERNELS_ISA {

struct SmallestOrder : LargestOrder {
  template <class T>
  KERNELS_INLINE static T finish(T total) {
    return -LargestOrder::finish(total);
  }
};

static void forward(Call& call) {
  sumForward<1, SmallestOrder>(call, 0, false, 1.0f, [](Lanes x) { return fromBits(orderOf(-x)); });
}

KERNELS(min) = {{"min.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
