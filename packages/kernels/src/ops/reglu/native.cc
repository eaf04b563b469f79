// y = max(gate, 0) up.
#include "gated.h"

namespace kernels::KERNELS_ISA {

struct Relu {
  KERNELS_INLINE static Lanes value(Lanes x) { return select(x <= 0.0f, broadcast(0.0f), x); }
  KERNELS_INLINE static Activated at(Lanes x) { return {value(x), select(x > 0.0f, broadcast(1.0f), broadcast(0.0f))}; }
};

KERNELS(reglu) = {{"reglu.forward", gatedForward<Relu>}, {"reglu.backward", gatedBackward<Relu>}, {}};

}  // namespace kernels::KERNELS_ISA
