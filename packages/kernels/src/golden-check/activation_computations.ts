import { elu } from '../ops/elu/op.ts';
import { exp } from '../ops/exp/op.ts';
import { geglu } from '../ops/geglu/op.ts';
import { gelu } from '../ops/gelu/op.ts';
import { glu } from '../ops/glu/op.ts';
import { leakyRelu } from '../ops/leaky_relu/op.ts';
import { reglu } from '../ops/reglu/op.ts';
import { relu } from '../ops/relu/op.ts';
import { reluSquared } from '../ops/relu_squared/op.ts';
import { sigmoid } from '../ops/sigmoid/op.ts';
import { silu } from '../ops/silu/op.ts';
import { softplus } from '../ops/softplus/op.ts';
import { swiglu } from '../ops/swiglu/op.ts';
import { tanh } from '../ops/tanh/op.ts';
import type { Tensor } from '../tensor.ts';
import { type Computation, type Computations, unary } from './computation.ts';

const gated =
  (op: (gate: Tensor, up: Tensor) => Tensor): Computation =>
  (inputs) =>
    op(inputs.of('gate'), inputs.of('up'));

export const activationComputations: Computations = {
  gelu_erf: unary((x) => gelu(x, 'erf')),
  gelu_tanh: unary((x) => gelu(x, 'tanh')),
  silu: unary(silu),
  relu: unary(relu),
  relu_squared: unary(reluSquared),
  leaky_relu: (inputs, params) => leakyRelu(inputs.of('x'), params.numberIfAny('negative_slope')),
  elu: (inputs, params) => elu(inputs.of('x'), params.numberIfAny('alpha')),
  softplus: unary(softplus),
  tanh: unary(tanh),
  sigmoid: unary(sigmoid),
  exp: unary(exp),
  glu: gated(glu),
  swiglu: gated(swiglu),
  geglu_erf: gated((gate, up) => geglu(gate, up, 'erf')),
  geglu_tanh: gated((gate, up) => geglu(gate, up, 'tanh')),
  reglu: gated(reglu),
};
