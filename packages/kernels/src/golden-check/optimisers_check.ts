import { KernelError } from '../errors.ts';
import { adafactor, createAdafactorState } from '../ops/adafactor/op.ts';
import { adagrad, createAdagradState } from '../ops/adagrad/op.ts';
import { adam, createAdamState } from '../ops/adam/op.ts';
import { adamW } from '../ops/adamw/op.ts';
import { clipByGlobalNorm } from '../ops/global_norm/op.ts';
import { createLionState, lion } from '../ops/lion/op.ts';
import { createRmspropState, rmsprop } from '../ops/rmsprop/op.ts';
import { createSgdState, sgd } from '../ops/sgd/op.ts';
import { slice } from '../ops/slice/op.ts';
import type { Tensor } from '../tensor.ts';
import type { GoldenCase, Params } from './manifest.ts';
import { valuesOf } from './safetensors.ts';
import { checkSchedule } from './schedules_check.ts';
import { type CaseCheck, type Comparison, compare, type GoldenSubject, tensorOf, valuesFrom } from './subject.ts';

/** An optimiser under test: takes steps on one parameter, and names what it remembers as the golden files do. */
interface Stepper {
  step(gradient: Tensor): void;
  readonly state: Readonly<Record<string, Tensor | undefined>>;
}

const steppers: Readonly<Record<string, (parameter: Tensor, params: Params) => Stepper | undefined>> = {
  adafactor: (parameter, params) => {
    if (params.flag('maximize')) return undefined;
    const [eps1, eps2] = params.numbers('eps');
    const state = createAdafactorState([parameter]);
    const [memory] = state.memories;
    return {
      step: (gradient) =>
        adafactor([parameter], [gradient], state, {
          learningRate: params.number('lr'),
          decay: params.number('beta2_decay'),
          eps1,
          eps2,
          threshold: params.number('d'),
          weightDecay: params.number('weight_decay'),
        }),
      state: { row_var: memory?.row, col_var: memory?.column, variance: memory?.variance },
    };
  },
  adagrad: (parameter, params) => {
    if (params.flag('maximize')) return undefined;
    const state = createAdagradState([parameter], params.number('initial_accumulator_value'));
    return {
      step: (gradient) =>
        adagrad([parameter], [gradient], state, {
          learningRate: params.number('lr'),
          learningRateDecay: params.number('lr_decay'),
          eps: params.number('eps'),
          weightDecay: params.number('weight_decay'),
        }),
      state: { sum: state.sums[0] },
    };
  },
  adam: adamFamily(adam),
  adamw: adamFamily(adamW),
  lion: (parameter, params) => {
    const [beta1, beta2] = params.numbers('betas');
    const state = createLionState([parameter]);
    return {
      step: (gradient) =>
        lion([parameter], [gradient], state, {
          learningRate: params.number('lr'),
          beta1,
          beta2,
          weightDecay: params.number('weight_decay'),
        }),
      state: { exp_avg: state.moments[0] },
    };
  },
  rmsprop: (parameter, params) => {
    if (params.flag('maximize')) return undefined;
    const momentum = params.number('momentum');
    const state = createRmspropState([parameter], { centered: params.flag('centered'), momentum });
    return {
      step: (gradient) =>
        rmsprop([parameter], [gradient], state, {
          learningRate: params.number('lr'),
          alpha: params.number('alpha'),
          eps: params.number('eps'),
          momentum,
          weightDecay: params.number('weight_decay'),
        }),
      state: { square_avg: state.squares[0], grad_avg: state.means[0], momentum_buffer: state.momenta[0] },
    };
  },
  sgd: (parameter, params) => {
    if (params.flag('maximize')) return undefined;
    const momentum = params.number('momentum');
    const state = createSgdState([parameter], momentum);
    return {
      step: (gradient) =>
        sgd([parameter], [gradient], state, {
          learningRate: params.number('lr'),
          momentum,
          dampening: params.number('dampening'),
          nesterov: params.flag('nesterov'),
          weightDecay: params.number('weight_decay'),
        }),
      state: { momentum_buffer: state.momenta[0] },
    };
  },
};

function adamFamily(take: typeof adam): (parameter: Tensor, params: Params) => Stepper | undefined {
  return (parameter, params) => {
    if (params.flag('maximize')) return undefined;
    const [beta1, beta2] = params.numbers('betas');
    const state = createAdamState([parameter], params.flag('amsgrad'));
    return {
      step: (gradient) =>
        take([parameter], [gradient], state, {
          learningRate: params.number('lr'),
          beta1,
          beta2,
          eps: params.number('eps'),
          weightDecay: params.number('weight_decay'),
        }),
      state: {
        exp_avg: state.firstMoments[0],
        exp_avg_sq: state.secondMoments[0],
        max_exp_avg_sq: state.largestMoments[0],
      },
    };
  };
}

/** Steps of an optimiser, clipping by the global norm, or rates of a schedule. */
export const checkOptimiser: CaseCheck = async (subject, golden) => {
  if (golden.op === 'clip_grad_norm') return checkClipping(subject, golden);
  if (golden.op.startsWith('schedule.')) return checkSchedule(subject, golden);
  const param = golden.inputs.get('param');
  const gradients = golden.inputs.get('gradients');
  const trace = golden.outputs.get('trace');
  const create = steppers[golden.op];
  if (create === undefined || param === undefined || gradients === undefined || trace === undefined) return undefined;
  using parameter = tensorOf(subject, param);
  using allGradients = tensorOf(subject, gradients);
  const stepper = create(parameter, golden.params);
  if (stepper === undefined) return undefined;
  const steps = gradients.shape[0]!;
  const found = new Float64Array(steps * parameter.size);
  for (let step = 0; step < steps; step++) {
    using row = slice(allGradients, 0, step, 1);
    using gradient = row.reshape(parameter.shape);
    stepper.step(gradient);
    found.set(await valuesFrom(subject, parameter), step * parameter.size);
  }
  const float32Error = golden.float32Error.get('trace');
  const results = [compare(subject, found, valuesOf(trace), float32Error)];
  for (const [role, expected] of golden.outputs) {
    if (role === 'trace') continue;
    const tensor = stepper.state[role.replace(/^state\./, '')];
    if (tensor === undefined)
      throw new KernelError('invalid-argument', `${golden.id}: nothing is remembered as ${role}`);
    results.push(compare(subject, await valuesFrom(subject, tensor), valuesOf(expected), float32Error));
  }
  for (const tensor of Object.values(stepper.state)) tensor?.dispose();
  return results;
};

async function checkClipping(subject: GoldenSubject, golden: GoldenCase): Promise<Comparison[] | undefined> {
  if (golden.params.number('norm_type') !== 2) return undefined;
  const gradients = [...golden.inputs].map(([role, stored]) => ({ role, tensor: tensorOf(subject, stored) }));
  using norm = clipByGlobalNorm(
    gradients.map(({ tensor }) => tensor),
    golden.params.number('max_norm'),
  );
  const results: Comparison[] = [];
  const check = async (role: string, tensor: Tensor) => {
    const expected = golden.outputs.get(role);
    if (expected !== undefined) results.push(compare(subject, await valuesFrom(subject, tensor), valuesOf(expected)));
  };
  await check('total_norm', norm);
  for (const { role, tensor } of gradients) {
    await check(role.replace('g', 'clipped'), tensor);
    tensor.dispose();
  }
  return results;
}
