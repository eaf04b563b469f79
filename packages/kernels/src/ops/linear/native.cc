// y = x Wᵀ + b (+ residual) and its gradients, all by the one matrix product of native/gemm.h. The gradient of the bias falls out of packing dy
// for the gradient of the weight: no pass of its own.
#include "elementwise.h"
#include "gemm.h"

namespace kernels::KERNELS_ISA {

static void forward(Call& call) {
  call.form(5, 3);
  const int64_t rows = call.extent(0), in = call.extent(1), out = call.extent(2);
  const float* x = call.floats(0, times(rows, in));
  const float* weight = call.floats(1, times(out, in));
  const float* bias = call.floatsOrNone(2, out);
  const float* residual = call.floatsOrNone(3, times(rows, out));
  float* y = call.out(4, times(rows, out));
  if (call.refused()) return;
  Product product{rows, out, in, {x, in, 1}, {weight, 1, in}, y, out};
  product.epilogue = {bias, residual, out};
  multiply(call, product);
}

// dbias alone: the same chains, a strip of columns for each task.
static void sumRows(Call& call, const float* dy, int64_t rows, int64_t out, float* dbias, bool accumulate) {
  call.ranges((out + kLanes - 1) / kLanes, kElementGrain / (rows + 1) / kLanes + 1, [=](int64_t begin, int64_t end, int) {
    for (int64_t strip = begin; strip < end; strip++) {
      const int64_t column = strip * kLanes, n = out - column < kLanes ? out - column : kLanes;
      Lanes sum = accumulate ? load(dbias + column, n) : broadcast(0.0f);
      for (int64_t row = 0; row < rows; row++) sum = sum + load(dy + row * out + column, n);
      store(dbias + column, sum, n);
    }
  });
}

static void backward(Call& call) {
  call.form(6, 6);
  const int64_t rows = call.extent(0), in = call.extent(1), out = call.extent(2);
  const bool accumulateX = call.flag(3), accumulateWeight = call.flag(4), accumulateBias = call.flag(5);
  const float* dy = call.floats(0, times(rows, out));
  const float* x = call.floatsOrNone(1, times(rows, in));
  const float* weight = call.floatsOrNone(2, times(out, in));
  float* dx = call.outOrNone(3, times(rows, in));
  float* dweight = call.outOrNone(4, times(out, in));
  float* dbias = call.outOrNone(5, out);
  call.require(!call.has(3) || call.has(2), "dx needs the weight");
  call.require(!call.has(4) || call.has(1), "dweight needs x");
  if (call.refused()) return;
  if (dweight != nullptr) {
    Product product{out, in, rows, {dy, 1, out}, {x, in, 1}, dweight, in};
    product.accumulate = accumulateWeight;
    product.rowSums = in > 0 ? dbias : nullptr;
    product.accumulateSums = accumulateBias;
    multiply(call, product);
  }
  if (dbias != nullptr && (dweight == nullptr || in == 0)) sumRows(call, dy, rows, out, dbias, accumulateBias);
  if (dx != nullptr) {
    Product product{rows, in, out, {dy, out, 1}, {weight, in, 1}, dx, in};
    product.accumulate = accumulateX;
    multiply(call, product);
  }
}

KERNELS(linear) = {{"linear.forward", forward}, {"linear.backward", backward}, {}};

}  // namespace kernels::KERNELS_ISA
