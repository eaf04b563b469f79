import { KernelError } from '../errors.ts';
import { add } from '../ops/add/op.ts';
import { alibiSlopes } from '../ops/attention/alibi.ts';
import { attention } from '../ops/attention/op.ts';
import { attentionInParts } from '../ops/attention/parts.ts';
import { crossEntropy } from '../ops/cross_entropy/op.ts';
import { div } from '../ops/div/op.ts';
import { embedding } from '../ops/embedding/op.ts';
import { logSoftmax } from '../ops/log_softmax/op.ts';
import { mul } from '../ops/mul/op.ts';
import { rotary } from '../ops/rotary/op.ts';
import { softmax } from '../ops/softmax/op.ts';
import { sub } from '../ops/sub/op.ts';
import { sum } from '../ops/sum/op.ts';
import { transpose } from '../ops/transpose/op.ts';
import { valueAndGrad } from '../tape.ts';
import { scope, Tensor } from '../tensor.ts';
import { activationComputations } from './activation_computations.ts';
import { binary, type Computations, Inputs, type Outputs } from './computation.ts';
import type { GoldenCase, Params } from './manifest.ts';
import { normComputations } from './norm_computations.ts';
import { productComputations } from './product_computations.ts';
import { reductionComputations } from './reduction_computations.ts';
import { valuesOf } from './safetensors.ts';
import { selectionComputations } from './selection_computations.ts';
import { type CaseCheck, type Comparison, compare, type GoldenSubject, tensorOf, valuesFrom } from './subject.ts';
import { windowComputations } from './window_computations.ts';

const computations: Computations = {
  ...activationComputations,
  ...normComputations,
  ...windowComputations,
  ...productComputations,
  ...selectionComputations,
  add: binary(add),
  sub: binary(sub),
  mul: binary(mul),
  div: binary(div),
  ...reductionComputations,
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
  attention_biased: (inputs, params) => {
    const y = attentionInParts(
      swapHeadsAndTime(inputs.of('q')),
      swapHeadsAndTime(inputs.of('k')),
      swapHeadsAndTime(inputs.of('v')),
      { causal: params.flag('causal'), bias: add(inputs.of('bias'), inputs.of('padding')) },
    );
    return swapHeadsAndTime(y);
  },
};

/** An op of the golden files: forward, and the gradient of the sum over outputs of sum(output * cotangent). */
export const checkOp: CaseCheck = async (subject, golden) => {
  if (golden.op === 'alibi_slopes') return checkAlibiSlopes(subject, golden);
  const compute = computations[golden.op];
  if (compute === undefined) return undefined;
  const tensors = new Map([...golden.inputs].map(([role, stored]) => [role, tensorOf(subject, stored)]));
  const inputs = new Inputs(tensors);
  const [first] = golden.outputs.keys();
  if (first === undefined) throw new KernelError('invalid-argument', `${golden.id} has no output`);
  const found = scope(() => {
    const outputs = compute(inputs, golden.params);
    return outputs instanceof Tensor ? { [first]: outputs } : outputs;
  });
  const results: Comparison[] = [];
  const check = async (role: string, tensor: Tensor, values: Float64Array) => {
    const error = golden.float32Error.get(role);
    results.push(compare(subject, await valuesFrom(subject, tensor), values, error));
  };
  if (found !== undefined) {
    for (const [role, expected] of golden.outputs) await check(role, outputOf(found, role), valuesOf(expected));
    for (const tensor of new Set(Object.values(found))) tensor.dispose();
    if (golden.grads.size > 0) {
      const roles = [...golden.grads.keys()];
      const seeds = [...golden.cotangents].map(([role, stored]) => ({ role, seed: tensorOf(subject, stored) }));
      const { value, gradients } = valueAndGrad(
        roles.map((role) => inputs.of(role)),
        () => weightedSum(compute(inputs, golden.params) ?? {}, seeds),
      );
      for (const [index, role] of roles.entries()) {
        await check(`grad.${role}`, gradients[index]!, valuesOf(golden.grads.get(role)!));
      }
      for (const tensor of [value, ...gradients, ...seeds.map(({ seed }) => seed)]) tensor.dispose();
    }
  }
  for (const tensor of tensors.values()) tensor.dispose();
  return found === undefined ? undefined : results;
};

/** The sum over outputs of sum(output * cotangent): what golden gradients are gradients of. */
function weightedSum(outputs: Outputs, seeds: readonly { role: string; seed: Tensor }[]): Tensor {
  const terms = seeds.map(({ role, seed }) => sum(mul(outputOf(outputs, role), seed)));
  return terms.reduce((total, term) => add(total, term));
}

function outputOf(outputs: Outputs, role: string): Tensor {
  if (outputs instanceof Tensor) return outputs;
  const tensor = outputs[role];
  if (tensor === undefined) throw new KernelError('invalid-argument', `the op gives no output ${role}`);
  return tensor;
}

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
