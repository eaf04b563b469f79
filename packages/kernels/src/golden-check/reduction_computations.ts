import { KernelError } from '../errors.ts';
import { cumsum } from '../ops/cumsum/op.ts';
import { type KlDivOptions, klDiv } from '../ops/kl_div/op.ts';
import { logSoftmax } from '../ops/log_softmax/op.ts';
import { logSumExp } from '../ops/logsumexp/op.ts';
import { max } from '../ops/max/op.ts';
import { mean } from '../ops/mean/op.ts';
import { min } from '../ops/min/op.ts';
import { scale } from '../ops/scale/op.ts';
import { type ReductionOptions, sum } from '../ops/sum/op.ts';
import { topK } from '../ops/top_k/op.ts';
import { variance } from '../ops/var/op.ts';
import type { Tensor } from '../tensor.ts';
import type { Computation, Computations } from './computation.ts';
import type { Params } from './manifest.ts';

const reduction =
  (op: (x: Tensor, options: ReductionOptions) => Tensor): Computation =>
  (inputs, params) =>
    op(inputs.of('x'), axesOf(params));

export const reductionComputations: Computations = {
  cumsum: (inputs, params) => cumsum(inputs.of('x'), params.number('dim')),
  /** From logits at a temperature, whose square makes up for the smaller gradient. */
  kl_div: (inputs, params) => {
    const temperature = params.number('temperature');
    const logarithms = (role: string) => logSoftmax(scale(inputs.of(role), 1 / temperature));
    const options = { reduction: reductionOf(params), logTarget: true };
    return scale(klDiv(logarithms('student'), logarithms('teacher'), options), temperature ** 2);
  },
  kl_div_from_target: (inputs, params) =>
    klDiv(inputs.of('input'), inputs.of('target'), {
      reduction: reductionOf(params),
      logTarget: params.flag('log_target'),
    }),
  logsumexp: reduction(logSumExp),
  max: reduction(max),
  mean: reduction(mean),
  min: reduction(min),
  sum: reduction(sum),
  topk: (inputs, params) => ({ ...topK(inputs.of('x'), params.number('k'), { largest: params.flag('largest') }) }),
  var: (inputs, params) => variance(inputs.of('x'), { ...axesOf(params), correction: params.number('correction') }),
};

function axesOf(params: Params): ReductionOptions {
  return { axes: params.numbers('dims'), keepDims: params.flag('keepdim') };
}

function reductionOf(params: Params): KlDivOptions['reduction'] {
  const name = params.text('reduction');
  if (name === 'none' || name === 'mean' || name === 'sum' || name === 'batchmean') return name;
  throw new KernelError('invalid-argument', `kl_div has no reduction ${name}`);
}
