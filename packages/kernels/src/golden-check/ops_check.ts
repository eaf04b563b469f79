import { KernelError } from '../errors.ts';
import { add } from '../ops/add/op.ts';
import { alibiSlopes } from '../ops/attention/alibi.ts';
import { attention } from '../ops/attention/op.ts';
import { crossEntropy } from '../ops/cross_entropy/op.ts';
import { div } from '../ops/div/op.ts';
import { dynamicTanh } from '../ops/dynamic_tanh/op.ts';
import { embedding } from '../ops/embedding/op.ts';
import { gelu } from '../ops/gelu/op.ts';
import { layerNorm } from '../ops/layer_norm/op.ts';
import { linear } from '../ops/linear/op.ts';
import { logSoftmax } from '../ops/log_softmax/op.ts';
import { matmul } from '../ops/matmul/op.ts';
import { mean } from '../ops/mean/op.ts';
import { mul } from '../ops/mul/op.ts';
import { relu } from '../ops/relu/op.ts';
import { rmsNorm } from '../ops/rms_norm/op.ts';
import { rotary } from '../ops/rotary/op.ts';
import { sigmoid } from '../ops/sigmoid/op.ts';
import { silu } from '../ops/silu/op.ts';
import { softmax } from '../ops/softmax/op.ts';
import { sub } from '../ops/sub/op.ts';
import { sum } from '../ops/sum/op.ts';
import { swiglu } from '../ops/swiglu/op.ts';
import { tanh } from '../ops/tanh/op.ts';
import { transpose } from '../ops/transpose/op.ts';
import { valueAndGrad } from '../tape.ts';
import { scope, Tensor } from '../tensor.ts';
import type { GoldenCase, Params } from './manifest.ts';
import { valuesOf } from './safetensors.ts';
import { type CaseCheck, type Comparison, compare, type GoldenSubject, tensorOf, valuesFrom } from './subject.ts';

/** The inputs of a case by role. */
class Inputs {
  readonly #tensors: ReadonlyMap<string, Tensor>;

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
  }

  of(role: string): Tensor {
    const tensor = this.#tensors.get(role);
    if (tensor === undefined) throw new KernelError('invalid-argument', `the golden case has no input ${role}`);
    return tensor;
  }

  ifAny(role: string): Tensor | undefined {
    return this.#tensors.get(role);
  }
}

/** How a golden op is computed here: from the case's inputs and parameters to its one output. */
type Computation = (inputs: Inputs, params: Params) => Tensor;

const unary =
  (op: (x: Tensor) => Tensor): Computation =>
  (inputs) =>
    op(inputs.of('x'));
const binary =
  (op: (a: Tensor, b: Tensor) => Tensor): Computation =>
  (inputs) =>
    op(inputs.of('a'), inputs.of('b'));

const computations: Readonly<Record<string, Computation>> = {
  linear: (inputs) => linear(inputs.of('x'), inputs.of('weight'), inputs.ifAny('bias')),
  matmul: binary((a, b) => matmul(a, b)),
  add: binary(add),
  sub: binary(sub),
  mul: binary(mul),
  div: binary(div),
  sum: (inputs, params) => sum(inputs.of('x'), { axes: params.numbers('dims'), keepDims: params.flag('keepdim') }),
  mean: (inputs, params) => mean(inputs.of('x'), { axes: params.numbers('dims'), keepDims: params.flag('keepdim') }),
  layer_norm: (inputs, params) => {
    const x = inputs.of('x');
    const normalized = params.numbers('normalized_shape');
    const width = normalized.reduce((product, extent) => product * extent, 1);
    const rows = x.shape.slice(0, x.shape.length - normalized.length);
    const y = layerNorm(
      x.reshape([...rows, width]),
      inputs.ifAny('weight')?.reshape([width]),
      inputs.ifAny('bias')?.reshape([width]),
      params.number('eps'),
    );
    return y.reshape(x.shape);
  },
  rms_norm: (inputs, params) =>
    rmsNorm(
      inputs.of('x'),
      inputs.ifAny('weight'),
      params.number('eps'),
      params.numberIfAny('weight_offset') === 1 ? 1 : 0,
    ),
  dynamic_tanh: (inputs) => dynamicTanh(inputs.of('x'), inputs.of('alpha'), inputs.of('weight'), inputs.of('bias')),
  gelu_erf: unary((x) => gelu(x, 'erf')),
  gelu_tanh: unary((x) => gelu(x, 'tanh')),
  silu: unary(silu),
  relu: unary(relu),
  tanh: unary(tanh),
  sigmoid: unary(sigmoid),
  swiglu: (inputs) => swiglu(inputs.of('gate'), inputs.of('up')),
  softmax: (inputs, params) => softmax(inputs.of('x'), params.number('dim')),
  log_softmax: (inputs, params) => logSoftmax(inputs.of('x'), params.number('dim')),
  cross_entropy: (inputs, params) =>
    crossEntropy(inputs.of('logits'), inputs.of('target'), {
      reduction: reductionOf(params),
      ignoreIndex: params.number('ignore_index'),
      labelSmoothing: params.number('label_smoothing'),
      zLoss: params.number('z_loss'),
    }),
  embedding: (inputs, params) =>
    embedding(inputs.of('index'), inputs.of('weight'), { paddingIndex: params.numberIfAny('padding_idx') }),
  rotary_half: (inputs, params) => rotaryOf('half', inputs, params),
  rotary_interleaved: (inputs, params) => rotaryOf('interleaved', inputs, params),
  attention: (inputs, params) => {
    const q = inputs.of('q');
    const heads = q.shape[1]!;
    const slopes = params.flag('alibi')
      ? Tensor.from(q.backend, Float32Array.from(alibiSlopes(heads)), [heads])
      : undefined;
    const y = attention(swapHeadsAndTime(q), swapHeadsAndTime(inputs.of('k')), swapHeadsAndTime(inputs.of('v')), {
      causal: params.flag('causal'),
      window: params.numberIfAny('window'),
      softcap: params.numberIfAny('softcap'),
      scale: params.numberIfAny('scale'),
      slopes,
    });
    return swapHeadsAndTime(y);
  },
};

/** An op of the golden files: forward, and the gradient of sum(output * cotangent). */
export const checkOp: CaseCheck = async (subject, golden) => {
  if (golden.op === 'alibi_slopes') return checkAlibiSlopes(subject, golden);
  const compute = computations[golden.op];
  if (compute === undefined) return undefined;
  const tensors = new Map([...golden.inputs].map(([role, stored]) => [role, tensorOf(subject, stored)]));
  const inputs = new Inputs(tensors);
  const [output] = golden.outputs;
  if (output === undefined) throw new KernelError('invalid-argument', `${golden.id} has no output`);
  const [outputRole, expected] = output;
  const results: Comparison[] = [];
  const check = async (role: string, tensor: Tensor, values: Float64Array) => {
    const error = golden.float32Error.get(role);
    results.push(compare(subject, await valuesFrom(subject, tensor), values, error));
    tensor.dispose();
  };
  const cotangent = golden.cotangents.get(outputRole);
  if (golden.grads.size === 0 || cotangent === undefined) {
    await check(
      outputRole,
      scope(() => compute(inputs, golden.params)),
      valuesOf(expected),
    );
  } else {
    const roles = [...golden.grads.keys()];
    const seed = tensorOf(subject, cotangent);
    const { value, gradients } = valueAndGrad(
      roles.map((role) => inputs.of(role)),
      () => compute(inputs, golden.params),
      { cotangent: seed },
    );
    await check(outputRole, value, valuesOf(expected));
    for (const [index, role] of roles.entries()) {
      await check(`grad.${role}`, gradients[index]!, valuesOf(golden.grads.get(role)!));
    }
    seed.dispose();
  }
  for (const tensor of tensors.values()) tensor.dispose();
  return results;
};

async function checkAlibiSlopes(subject: GoldenSubject, golden: GoldenCase): Promise<Comparison[]> {
  const slopes = Float64Array.from(alibiSlopes(golden.params.number('heads')));
  return [...golden.outputs.values()].map((expected) => compare(subject, slopes, valuesOf(expected)));
}

/** Golden attention and rotary are [batch, heads, time, dim], ours [batch, time, heads, dim]. */
function swapHeadsAndTime(x: Tensor): Tensor {
  return transpose(x, [0, 2, 1, 3]);
}

function rotaryOf(convention: 'half' | 'interleaved', inputs: Inputs, params: Params): Tensor {
  const y = rotary(swapHeadsAndTime(inputs.of('x')), {
    convention,
    theta: params.number('theta'),
    rotaryDim: params.number('rotary_dim'),
    positions: inputs.of('position'),
  });
  return swapHeadsAndTime(y);
}

function reductionOf(params: Params): 'none' | 'mean' | 'sum' {
  const reduction = params.text('reduction');
  if (reduction === 'none' || reduction === 'mean' || reduction === 'sum') return reduction;
  throw new KernelError('invalid-argument', `cross_entropy has no reduction ${reduction}`);
}
