import { cpus } from 'node:os';
import type { TimingSpec } from '@claimbench/contracts';
import { scope, Tensor } from '@claimbench/kernels';
import {
  type Decoder,
  generateGreedy,
  generateSelfSpeculatively,
  generateSpeculatively,
  ModelError,
} from '@claimbench/models';
import type { Drafting } from '@claimbench/techniques';
import { firstLayers, type Prompts } from './decoding.ts';
import { RunError } from './run-error.ts';

/** What one process measured of the technique against its baseline; all of it depends on the machine. */
export interface Timing {
  /** Median over the rounds of ln (time of the baseline / time of the technique). */
  readonly timeRatio: number;
  /** The same of the baseline against a second copy of itself. */
  readonly twinTimeRatio: number;
  /** Milliseconds of one forward pass of the baseline: the median over its samples. */
  readonly passMs: number;
  /** Share of the samples that took more than three times the median of their kind: something else ran. */
  readonly preemptedShare: number;
  /** Share of all cores' time that other processes had while these were timed. */
  readonly othersShare: number;
}

export interface Timed {
  readonly technique: Decoder;
  readonly baseline: Decoder;
  readonly twin: Decoder;
  /**
   * Where the technique is a way of writing: texts are timed in place of passes. The technique writes with its draft, baseline and twin
   * token by token, all the same texts.
   */
  readonly writing?: { readonly drafting: Drafting; readonly prompts: Prompts } | undefined;
}

const WARM_UP = 2;
const PREEMPTED = 3;

/**
 * Times forward passes over one window of tokens, or the writing of texts: rounds of A B B A, in which A or B begins by a fair draw, so that a drift of the
 * machine falls on both alike. `draw` gives numbers in [0, 1).
 */
export async function timeInterleaved(
  { technique, baseline, twin, writing }: Timed,
  { rounds, sampleMs }: TimingSpec,
  options: { draw: () => number; signal: AbortSignal },
): Promise<Timing> {
  const passes = writing
    ? {
        technique: await writingOf(technique, writing.prompts, writing.drafting),
        baseline: await writingOf(baseline, writing.prompts, null),
        twin: await writingOf(twin, writing.prompts, null),
      }
    : { technique: passOf(technique), baseline: passOf(baseline), twin: passOf(twin) };
  try {
    for (const pass of Object.values(passes)) for (let i = 0; i < WARM_UP; i++) await pass.run();
    const repeats = Math.max(1, Math.ceil(sampleMs / (await timeOf(passes.baseline.run, 1))));
    const sampled: Record<keyof typeof passes, number[]> = { technique: [], baseline: [], twin: [] };
    const roundOf = async (other: 'technique' | 'twin'): Promise<number> => {
      if (options.signal.aborted) throw new ModelError('cancelled', 'cancelled while it was timed');
      const order = options.draw() < 0.5 ? (['baseline', other] as const) : ([other, 'baseline'] as const);
      const total = { baseline: 0, technique: 0, twin: 0 };
      for (const name of [order[0], order[1], order[1], order[0]]) {
        const ms = await timeOf(passes[name].run, repeats);
        sampled[name].push(ms);
        total[name] += ms;
      }
      return Math.log(total.baseline / total[other]);
    };
    const ratios: number[] = [];
    const twins: number[] = [];
    const othersShare = watchOthers();
    for (let round = 0; round < rounds; round++) {
      ratios.push(await roundOf('technique'));
      twins.push(await roundOf('twin'));
    }
    const all = Object.values(sampled);
    const preempted = all.flatMap((samples) => samples.filter((ms) => ms > PREEMPTED * median(samples))).length;
    return {
      timeRatio: median(ratios),
      twinTimeRatio: median(twins),
      passMs: median(sampled.baseline) / repeats,
      preemptedShare: preempted / all.reduce((total, samples) => total + samples.length, 0),
      othersShare: othersShare(),
    };
  } finally {
    for (const pass of Object.values(passes)) pass.dispose();
  }
}

interface Pass {
  run(): Promise<void>;
  dispose(): void;
}

/** The texts after a few prompts, written greedily: the same texts in every way. */
async function writingOf(decoder: Decoder, { prompts, steps }: Prompts, drafting: Drafting | null): Promise<Pass> {
  if (prompts.length === 0)
    throw new RunError({ code: 'invalid-spec', message: 'no evaluation window is whole: nothing to go on writing' });
  const draft = drafting === null || drafting.shared ? null : await firstLayers(decoder, drafting.layers);
  const write = async (prompt: Int32Array) => {
    if (drafting === null) await generateGreedy(decoder, prompt, steps);
    else if (draft === null) await generateSelfSpeculatively(decoder, drafting, prompt, { steps });
    else await generateSpeculatively(decoder, { decoder: draft, tokens: drafting.tokens }, prompt, { steps });
  };
  return {
    async run() {
      for (const prompt of prompts) await write(prompt);
    },
    dispose: () => draft?.dispose(),
  };
}

/** A forward pass over one full window; the tokens are the same for every subject, and reading a logit waits for all of it. */
function passOf(decoder: Decoder): Pass {
  const { contextLength, vocabularySize } = decoder.config;
  const tokens = Int32Array.from({ length: contextLength }, (_, at) => (at * 31) % vocabularySize);
  const input = Tensor.from(decoder.backend, tokens, [1, contextLength]);
  return {
    async run() {
      const logits = scope(() => decoder.logits(input));
      try {
        await logits.readFloats();
      } finally {
        logits.dispose();
      }
    },
    dispose: () => input.dispose(),
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

async function timeOf(run: () => Promise<void>, repeats: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < repeats; i++) await run();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
