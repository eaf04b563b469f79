// y = gelu(gate) up, exact (erf) and in its tanh form.
#include "../gelu/gelu.h"

namespace kernels::KERNELS_ISA {

KERNELS(geglu) = {
    {"geglu_erf.forward", gatedForward<GeluErf>},
    {"geglu_erf.backward", gatedBackward<GeluErf>},
    {"geglu_tanh.forward", gatedForward<GeluTanh>},
    {"geglu_tanh.backward", gatedBackward<GeluTanh>},
    {},
};

}  // namespace kernels::KERNELS_ISA
