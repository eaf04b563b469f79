import { cpus } from 'node:os';
import type { TimingSpec } from '@claimbench/contracts';
import { ModelError } from '@claimbench/models';

/** What one process measured of the technique against its baseline; all of it depends on the machine. */
export interface Timing {
  /** Median over the rounds of ln (time of the baseline / time of the technique). */
  readonly timeRatio: number;
  /** The same of the baseline against a second copy of itself. */
  readonly twinTimeRatio: number;
  /** Milliseconds of the baseline's work, done once: the median over its samples. */
  readonly baselineMs: number;
  /** The same of the technique's. */
  readonly techniqueMs: number;
  /** Share of the samples that took more than three times the median of their kind: something else ran. */
  readonly preemptedShare: number;
  /** Share of all cores' time that other processes had while these were timed. */
  readonly othersShare: number;
}

/** What is timed, again and again. */
export interface Work {
  /** Does it so many times; it is over when nothing computes any more. */
  run(times: number): Promise<void>;
  /** Puts in place what is used up by doing it once, which is not timed: where it is there, `run` is asked for once at a time. */
  prepare?(): Promise<void>;
  dispose(): void;
}

export interface Compared {
  readonly technique: Work;
  readonly baseline: Work;
  readonly twin: Work;
  /**
   * Where technique and baseline do different things: how often the baseline's work is done for the technique's once. Then each
   * fills its own samples. Left out: both do the same thing, equally often.
   */
  readonly baselineTimes?: number | undefined;
}

export interface TimingOptions {
  /** Numbers in [0, 1). */
  readonly draw: () => number;
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that only goes forward; the machine's unless said otherwise. */
  readonly now?: () => number;
}

const WARM_UP = 2;
const PREEMPTED = 3;

/**
 * Times two kinds of work: rounds of A B B A, in which A or B begins by a fair draw, so that a drift of the machine falls on both alike;
 * after each round of the technique one of the baseline against its twin. The caller disposes the work. Throws `cancelled`.
 */
export async function timeInterleaved(
  { baselineTimes, ...work }: Compared,
  { rounds, sampleMs }: Pick<TimingSpec, 'rounds' | 'sampleMs'>,
  { draw, signal, now = () => performance.now() }: TimingOptions,
): Promise<Timing> {
  /** Milliseconds of doing it so many times. */
  const timeOf = async (each: Work, times: number): Promise<number> => {
    const clocked = async (runs: number) => {
      const started = now();
      await each.run(runs);
      return now() - started;
    };
    if (each.prepare === undefined) return await clocked(times);
    let ms = 0;
    for (let i = 0; i < times; i++) {
      await each.prepare();
      ms += await clocked(1);
    }
    return ms;
  };
  for (const each of Object.values(work)) await timeOf(each, WARM_UP);
  const filling = async (each: Work) => Math.max(1, Math.ceil(sampleMs / (await timeOf(each, 1))));
  const ofBaseline = await filling(work.baseline);
  const repeats = {
    technique: baselineTimes === undefined ? ofBaseline : await filling(work.technique),
    baseline: ofBaseline,
    twin: ofBaseline,
  };
  const sampled: Record<keyof typeof work, number[]> = { technique: [], baseline: [], twin: [] };
  const roundOf = async (other: 'technique' | 'twin', times: number): Promise<number> => {
    if (signal.aborted) throw new ModelError('cancelled', 'cancelled while it was timed');
    const order = draw() < 0.5 ? (['baseline', other] as const) : ([other, 'baseline'] as const);
    const total = { baseline: 0, technique: 0, twin: 0 };
    for (const name of [order[0], order[1], order[1], order[0]]) {
      const ms = await timeOf(work[name], repeats[name]);
      sampled[name].push(ms);
      total[name] += ms;
    }
    return Math.log((times * total.baseline) / repeats.baseline / (total[other] / repeats[other]));
  };
  const ratios: number[] = [];
  const twins: number[] = [];
  const othersShare = watchOthers();
  for (let round = 0; round < rounds; round++) {
    ratios.push(await roundOf('technique', baselineTimes ?? 1));
    twins.push(await roundOf('twin', 1));
  }
  const all = Object.values(sampled);
  const preempted = all.flatMap((samples) => samples.filter((ms) => ms > PREEMPTED * median(samples))).length;
  return {
    timeRatio: median(ratios),
    twinTimeRatio: median(twins),
    baselineMs: median(sampled.baseline) / repeats.baseline,
    techniqueMs: median(sampled.technique) / repeats.technique,
    preemptedShare: preempted / all.reduce((total, samples) => total + samples.length, 0),
    othersShare: othersShare(),
  };
}

/** Gives the share of all cores' time that went to other processes since the call. */
function watchOthers(): () => number {
  const busyMs = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const started = { at: performance.now(), busy: busyMs(), own: process.cpuUsage() };
  return () => {
    const { user, system } = process.cpuUsage(started.own);
    const others = busyMs() - started.busy - (user + system) / 1000;
    return Math.max(0, others / ((performance.now() - started.at) * cpus().length));
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
