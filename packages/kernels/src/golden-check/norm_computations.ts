import { KernelError } from '../errors.ts';
import { batchNorm } from '../ops/batch_norm/op.ts';
import { copy } from '../ops/copy/op.ts';
import { dynamicTanh } from '../ops/dynamic_tanh/op.ts';
import { groupNorm } from '../ops/group_norm/op.ts';
import { instanceNorm } from '../ops/instance_norm/op.ts';
import { l2Normalize } from '../ops/l2_normalize/op.ts';
import { layerNorm } from '../ops/layer_norm/op.ts';
import { localResponseNorm } from '../ops/local_response_norm/op.ts';
import { pNormalize } from '../ops/p_normalize/op.ts';
import { elementwiseLayerNorm, pointwiseNorm } from '../ops/pointwise_norm/op.ts';
import { powerNorm } from '../ops/power_norm/op.ts';
import { rmsNorm } from '../ops/rms_norm/op.ts';
import { scaleNorm } from '../ops/scale_norm/op.ts';
import { weightNorm } from '../ops/weight_norm/op.ts';
import type { Computation, Computations } from './computation.ts';
import type { Params } from './manifest.ts';

const pointwise =
  (form: 'erf' | 'isru' | 'clip'): Computation =>
  (inputs) =>
    pointwiseNorm(form, inputs.of('x'), {
      alpha: inputs.of('alpha'),
      shift: inputs.ifAny('shift'),
      gain: inputs.ifAny('gain'),
      bias: inputs.ifAny('bias'),
    });

export const normComputations: Computations = {
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
  group_norm: (inputs, params) =>
    groupNorm(
      inputs.of('x'),
      params.number('groups'),
      inputs.ifAny('weight'),
      inputs.ifAny('bias'),
      params.number('eps'),
    ),
  instance_norm: (inputs, params) =>
    instanceNorm(inputs.of('x'), inputs.ifAny('weight'), inputs.ifAny('bias'), params.number('eps')),
  batch_norm: (inputs, params) => {
    const running = { mean: copy(inputs.of('running_mean')), variance: copy(inputs.of('running_var')) };
    const y = batchNorm(inputs.of('x'), inputs.ifAny('weight'), inputs.ifAny('bias'), {
      training: params.flag('training'),
      running,
      momentum: params.number('momentum'),
      eps: params.number('eps'),
    });
    return { y, new_running_mean: running.mean, new_running_var: running.variance };
  },
  l2_normalize: (inputs, params) => l2Normalize(inputs.of('x'), params.number('dim'), params.number('eps')),
  scale_norm: (inputs, params) => scaleNorm(inputs.of('x'), inputs.of('g'), params.number('eps')),
  weight_norm: (inputs, params) => weightNorm(inputs.of('v'), inputs.of('g'), params.number('dim')),
  local_response_norm: (inputs, params) =>
    localResponseNorm(inputs.of('x'), {
      size: params.number('size'),
      alpha: params.number('alpha'),
      beta: params.number('beta'),
      k: params.number('k'),
    }),
  dynamic_tanh: (inputs) =>
    dynamicTanh(inputs.of('x'), inputs.of('alpha'), inputs.ifAny('weight'), inputs.ifAny('bias')),
  p_normalize: (inputs, params) =>
    pNormalize(inputs.of('x'), params.number('p'), { axis: params.number('dim'), eps: params.number('eps') }),
  pointwise_clip: pointwise('clip'),
  pointwise_erf: pointwise('erf'),
  pointwise_isru: pointwise('isru'),
  elementwise_layer_norm: (inputs) =>
    elementwiseLayerNorm(inputs.of('x'), inputs.of('c'), inputs.ifAny('gain'), inputs.ifAny('bias')),
  power_norm: (inputs, params) => {
    const state = { meanSquare: copy(inputs.of('mean_square')), projection: copy(inputs.of('projection')) };
    const y = powerNorm(inputs.of('x'), inputs.of('gain'), inputs.of('bias'), {
      statistics: statisticsOf(params),
      state,
      momentum: params.number('momentum'),
      eps: params.number('eps'),
    });
    return { y, new_mean_square: state.meanSquare };
  },
};

function statisticsOf(params: Params): 'batch' | 'running' | 'evaluation' {
  const statistics = params.text('statistics');
  if (statistics === 'batch' || statistics === 'running' || statistics === 'evaluation') return statistics;
  throw new KernelError('invalid-argument', `power_norm has no statistics ${statistics}`);
}
