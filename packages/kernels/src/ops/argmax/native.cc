// The lowest index of the largest element of each line.
#include "../softmax/softmax.h"
#include "order.h"

namespace kernels::KERNELS_ISA {

struct Best {
  Ints order, at;
};

KERNELS_INLINE void take(Best* best, Lanes x, int64_t n, Ints at) {
  // 0 and -0 are equal; what is no element comes before none
  const Ints order = bitsOf(padded(fromBits(orderOf(x + 0.0f)), n, LargestOrder::kIdentity));
  KERNELS_EACH_PART {
    const IntVec better = order.part[i] > best->order.part[i];
    best->order.part[i] = better ? order.part[i] : best->order.part[i];
    best->at.part[i] = better ? at.part[i] : best->at.part[i];
  }
}

KERNELS_INLINE int32_t lane(const Ints& values, int64_t i) { return values.part[i / kWidth][i % kWidth]; }

static void forward(Call& call) {
  call.form(2, 3);
  const int64_t outer = call.extent(0), width = call.integer(1, 0, 0x7fffffff), inner = call.extent(2);
  const float* x = call.floats(0, times(outer, width, inner));
  int32_t* y = call.outIntegers(1, times(outer, inner));
  if (call.refused()) return;
  everyLine(std::false_type{}, call, outer, width, inner, [&](LineShape shape, int64_t start) {
    Best best;
    Ints at;
    const bool along = shape.lanes == 0;
    KERNELS_EACH_PART {
      best.order.part[i] = IntVec{} + int32_t(0x80000000);
      best.at.part[i] = IntVec{};
    }
    const Lanes numbers = laneNumbers();
    KERNELS_EACH_PART at.part[i] = along ? __builtin_convertvector(numbers.part[i], IntVec) : IntVec{};
    overLine(shape, [&](int64_t offset, int64_t n) {
      take(&best, load(x + start + offset, n), n, at);
      KERNELS_EACH_PART at.part[i] = at.part[i] + (along ? kLanes : 1);
    });
    int32_t* to = y + start / (width * inner) * inner + start % inner;
    if (!along) {
      for (int64_t i = 0; i < shape.lanes; i++) to[i] = lane(best.at, i);
      return;
    }
    int64_t winner = 0;
    for (int64_t i = 1; i < kLanes; i++) {
      const int32_t order = lane(best.order, i), most = lane(best.order, winner);
      if (order > most || (order == most && lane(best.at, i) < lane(best.at, winner))) winner = i;
    }
    *to = lane(best.at, winner);
  });
}

KERNELS(argmax) = {{"argmax.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
