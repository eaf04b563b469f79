// Y (+)= op(A) op(B) over a batch of matrices; a batch stride 0 of Y adds products up as one longer chain.
#include "gemm.h"
#include "strided.h"

namespace kernels::KERNELS_ISA {

// Products of at least so many multiply-adds are shared out among the threads one by one; smaller ones go to one thread each.
constexpr int64_t kLargeProduct = 1 << 22;

static void forward(Call& call) {
  call.form(3, -1);
  const int64_t m = call.extent(0), n = call.extent(1), k = call.extent(2);
  const bool transposeA = call.flag(3), transposeB = call.flag(4), accumulate = call.flag(5);
  const Loop loop = readLoop(call, 6, 3);
  const int64_t sizeA = times(m, k), sizeB = times(k, n), sizeY = times(m, n);
  const float* a = call.floats(0, times(loop.span(0), sizeA));
  const float* b = call.floats(1, times(loop.span(1), sizeB));
  float* y = call.out(2, times(loop.span(2), sizeY));
  if (call.refused() || sizeY == 0) return;

  Walk kept(&loop), summed(&loop);
  for (int axis = 0; axis < loop.rank; axis++) {
    Walk& walk = loop.stride[2][axis] == 0 && loop.extent[axis] != 1 ? summed : kept;
    walk.axes[walk.count++] = axis;
  }
  const int64_t matrices = kept.total(), length = summed.total();
  const auto productAt = [&](const Walk& at, bool first) {
    Product product{m, n, k, {a + at.offset[0] * sizeA, k, 1}, {b + at.offset[1] * sizeB, n, 1}, y + at.offset[2] * sizeY, n};
    if (transposeA) product.a = {product.a.data, 1, m};
    if (transposeB) product.b = {product.b.data, 1, k};
    product.accumulate = accumulate || !first;
    if (length == 0) product.k = 0;
    return product;
  };
  // One matrix of Y: all products that are added into it, in order.
  const auto each = [&](int64_t matrix, auto&& compute) {
    Walk at = kept;
    at.start(matrix, nullptr);
    Walk deep = summed;
    if (length == 0) return compute(productAt(at, true));
    deep.start(0, at.offset);
    for (int64_t s = 0; s < length; s++, deep.next()) compute(productAt(deep, s == 0));
  };
  if (matrices == 1 || times(m, n, k) >= kLargeProduct) {
    for (int64_t matrix = 0; matrix < matrices; matrix++) {
      each(matrix, [&](const Product& product) { multiply(call, product); });
    }
    return;
  }
  Workspace space;
  if (!call.workspace(0, workspaceOfOne(n, k), &space)) return;
  call.parallel(matrices, [&](int64_t matrix, int worker) {
    each(matrix, [&](const Product& product) { multiplyAlone(product, space.of(worker)); });
  });
}

KERNELS(matmul) = {{"matmul.forward", forward}, {}};

}  // namespace kernels::KERNELS_ISA
