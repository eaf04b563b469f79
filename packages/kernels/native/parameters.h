// Kernels over a list of tensors (optimisers, norms): the list is cut into pieces of at most kPiece elements, whatever the number of threads.
#pragma once
#include "elementwise.h"

namespace kernels::KERNELS_ISA {

// The list after `fixedBuffers` buffers and `fixedScalars` scalars: for each tensor `buffersEach` buffers and `scalarsEach` scalars, the first of which is its
// element count.
struct ParameterList {
  int fixedBuffers, fixedScalars, buffersEach, scalarsEach;
  int count = 0;

  static constexpr int64_t kPiece = 8192;

  void read(Call& call) {
    count = (call.scalarCount() - fixedScalars) / scalarsEach;
    if (count < 0) count = 0;
    call.form(fixedBuffers + count * buffersEach, fixedScalars + count * scalarsEach);
  }
  int buffer(int tensor, int which) const { return fixedBuffers + tensor * buffersEach + which; }
  int scalar(int tensor, int which) const { return fixedScalars + tensor * scalarsEach + which; }
  int64_t pieces(Call& call) const {
    int64_t total = 0;
    for (int tensor = 0; tensor < count; tensor++) total += piecesOf(call, tensor);
    return total;
  }
  static int64_t piecesOfSize(int64_t size) { return (size + kPiece - 1) / kPiece; }
  int64_t piecesOf(Call& call, int tensor) const { return piecesOfSize(call.extent(scalar(tensor, 0))); }

  // body(tensor, begin, end, piece) for every piece, on all threads.
  template <class Body>
  KERNELS_INLINE void eachPiece(Call& call, Body&& body) const {
    const auto run = [&](int64_t piece, int) {
      int tensor = 0;
      int64_t within = piece, here = piecesOf(call, 0);
      while (within >= here) {
        within -= here;
        here = piecesOf(call, ++tensor);
      }
      const int64_t size = call.extent(scalar(tensor, 0)), begin = within * kPiece;
      body(tensor, begin, size - begin < kPiece ? size : begin + kPiece, piece);
    };
    call.parallel(pieces(call), run);
  }
};

// min(1, maxNorm / (norm + 1e-6)); 1 where there is no norm, NaN where it is NaN.
KERNELS_INLINE float clipFactor(const float* norm, float maxNorm) {
  if (norm == nullptr) return 1.0f;
  const float factor = maxNorm / (*norm + 1e-6f);
  return factor > 1.0f ? 1.0f : factor;
}

}  // namespace kernels::KERNELS_ISA
