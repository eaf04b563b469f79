// Gaussian error linear unit, exact (erf) and in its tanh form. Both are computed without the sums that cancel for large negative x.
#include "gelu.h"

namespace kernels::KERNELS_ISA {

template <class Form>
static void forward(Call& call) {
  unaryForward(call, [](Lanes x) { return Form::value(x); });
}

template <class Form>
static void backward(Call& call) {
  unaryBackward(call, [](Lanes dy, Lanes x) { return dy * Form::at(x).slope; });
}

KERNELS(gelu) = {
    {"gelu_erf.forward", forward<GeluErf>},
    {"gelu_erf.backward", backward<GeluErf>},
    {"gelu_tanh.forward", forward<GeluTanh>},
    {"gelu_tanh.backward", backward<GeluTanh>},
    {},
};

}  // namespace kernels::KERNELS_ISA
