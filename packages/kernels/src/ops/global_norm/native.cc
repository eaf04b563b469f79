// Euclidean norm over a list of tensors, and clipping by it.
#include <cmath>

#include "parameters.h"

namespace kernels::KERNELS_ISA {

static void readGradients(Call& call, ParameterList& list) {
  list.read(call);
  for (int tensor = 0; tensor < list.count; tensor++) call.floats(list.buffer(tensor, 0), call.extent(list.scalar(tensor, 0)));
}

static void forward(Call& call) {
  ParameterList list{1, 0, 1, 1};
  readGradients(call, list);
  float* norm = call.out(0, 1);
  if (call.refused()) return;
  const int64_t pieces = list.pieces(call);
  Workspace space;
  if (!call.workspace(pieces, 0, &space)) return;
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t piece) {
    const float* g = call.floats(list.buffer(tensor, 0), end);
    Lanes squares = broadcast(0.0f);
    eachLanes(begin, end, [&](int64_t i, int64_t n) {
      const Lanes value = load(g + i, n);
      squares = fma(value, value, squares);
    });
    space.all[piece] = sum(squares);
  });
  double total = 0;
  for (int64_t piece = 0; piece < pieces; piece++) total += double(space.all[piece]);
  *norm = float(__builtin_sqrt(total));
}

static void clip(Call& call) {
  ParameterList list{1, 1, 1, 1};
  readGradients(call, list);
  const float* norm = call.floats(0, 1);
  const float maxNorm = call.real(0);
  if (call.refused()) return;
  const float factor = clipFactor(norm, maxNorm);
  if (factor == 1.0f) return;
  list.eachPiece(call, [&](int tensor, int64_t begin, int64_t end, int64_t) {
    float* g = call.out(list.buffer(tensor, 0), end);
    eachLanes(begin, end, [=](int64_t i, int64_t n) { store(g + i, load(g + i, n) * factor, n); });
  });
}

KERNELS(global_norm) = {{"global_norm.forward", forward}, {"global_norm.clip", clip}, {}};

}  // namespace kernels::KERNELS_ISA
