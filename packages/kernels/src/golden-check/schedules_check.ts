import { KernelError } from '../errors.ts';
import { type RateSchedule, scheduledRate } from '../schedules/schedules.ts';
import type { Params } from './manifest.ts';
import { valuesOf } from './safetensors.ts';
import { type CaseCheck, compare } from './subject.ts';

/** The schedules of transformers and of torch.optim.lr_scheduler as ours. */
const schedules: Readonly<Record<string, (params: Params) => RateSchedule>> = {
  constant_with_warmup: (params) => ({ kind: 'constant', warmup: params.number('warmup') }),
  cosine_annealing: (params) => ({
    kind: 'cosine-annealing',
    period: params.number('T_max'),
    final: params.number('eta_min'),
  }),
  cosine_with_warmup: (params) => ({
    kind: 'cosine',
    warmup: params.number('warmup'),
    total: params.number('total'),
    cycles: params.number('num_cycles'),
  }),
  exponential_lr: (params) => ({ kind: 'exponential', factor: params.number('gamma') }),
  inverse_sqrt: (params) => ({
    kind: 'inverse-square-root',
    warmup: params.number('warmup'),
    timescale: params.number('timescale'),
  }),
  linear_lr: (params) => ({
    kind: 'line',
    from: params.number('start_factor'),
    to: params.number('end_factor'),
    steps: params.number('total_iters'),
  }),
  linear_with_warmup: (params) => ({
    kind: 'linear',
    warmup: params.number('warmup'),
    total: params.number('total'),
  }),
  one_cycle: (params) => ({
    kind: 'one-cycle',
    total: params.number('total_steps'),
    rise: params.number('pct_start'),
    startDivisor: params.number('div_factor'),
    finalDivisor: params.number('final_div_factor'),
  }),
  step_lr: (params) => ({ kind: 'steps', every: params.number('step_size'), factor: params.number('gamma') }),
};

/** Rates of the steps from 0, in float64 whatever the backend. */
export const checkSchedule: CaseCheck = async (subject, golden) => {
  const scheduleOf = schedules[golden.op.replace(/^schedule\./, '')];
  if (scheduleOf === undefined) return undefined;
  const stored = golden.outputs.get('lr');
  if (stored === undefined) throw new KernelError('invalid-argument', `${golden.id} has no output lr`);
  const rates = valuesOf(stored);
  const schedule = scheduleOf(golden.params);
  const highest = golden.params.number(schedule.kind === 'one-cycle' ? 'max_lr' : 'base_lr');
  const found = rates.map((_, step) => scheduledRate(highest, schedule, step));
  return [compare({ ...subject, precision: 'f64' }, found, rates)];
};
