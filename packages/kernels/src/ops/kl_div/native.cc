// Kullback-Leibler divergence from log-probabilities to a target of probabilities or of log-probabilities, and both gradients.
#include "math.h"
#include "strided.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  const bool logTarget = call.flag(0);
  const float factor = call.real(1);
  if (logTarget) return sumForward<2>(call, 2, false, factor, [](Lanes input, Lanes t) { return exp(t) * (t - input); });
  sumForward<2>(call, 2, false, factor, [](Lanes input, Lanes t) {
    return t * (select(t == 0.0f, broadcast(0.0f), log(t)) - input);
  });
}

static void toInput(Call& call) {
  const bool logTarget = call.flag(0), accumulate = call.flag(2);
  const float factor = -call.real(1);
  if (logTarget) return sumForward<2>(call, 3, accumulate, factor, [](Lanes dy, Lanes t) { return dy * exp(t); });
  sumForward<2>(call, 3, accumulate, factor, [](Lanes dy, Lanes t) { return dy * t; });
}

static void toTarget(Call& call) {
  const bool logTarget = call.flag(0), accumulate = call.flag(2);
  const float factor = call.real(1);
  if (logTarget) {
    return sumForward<3>(call, 3, accumulate, factor,
                         [](Lanes dy, Lanes input, Lanes t) { return dy * (exp(t) * ((t - input) + 1.0f)); });
  }
  sumForward<3>(call, 3, accumulate, factor, [](Lanes dy, Lanes input, Lanes t) { return dy * ((log(t) - input) + 1.0f); });
}

KERNELS(kl_div) = {{"kl_div.forward", forward}, {"kl_div.to_input", toInput}, {"kl_div.to_target", toTarget}, {}};

}  // namespace kernels::KERNELS_ISA
