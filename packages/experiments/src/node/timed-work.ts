import type { RunSpec, TimingSpec } from '@claimbench/contracts';
import { type Backend, RandomStream, scope, Tensor } from '@claimbench/kernels';
import {
  Decoder,
  generateGreedy,
  generateSelfSpeculatively,
  generateSpeculatively,
  namedStream,
  RANDOM_STREAMS,
  type TokenStream,
  trainingSteps,
  trainStepwise,
} from '@claimbench/models';
import type { DataLocations } from '@claimbench/models/node';
import type { Drafting, ResolvedTechnique } from '@claimbench/techniques';
import { decoderOf, resolveTechnique } from '../plan/technique.ts';
import { firstLayers, type Prompts } from './decoding.ts';
import type { ExecutionContext } from './execute.ts';
import { RunError } from './run-error.ts';
import { RunPoints } from './run-points.ts';
import { applyTechnique, loadBase, type PreparedSubject, prepareSubject, recipeOf } from './subject.ts';
import { timeInterleaved, type Work } from './timing.ts';

/** A run that is timed. */
export interface TimedRun {
  readonly backend: Backend;
  readonly spec: RunSpec;
  readonly technique: ResolvedTechnique;
  /** The run's model, evaluated. */
  readonly subject: PreparedSubject;
  readonly context: ExecutionContext;
  readonly locations: DataLocations;
  /** What the subject was trained on, cut into tokens once: no clock runs meanwhile. */
  text(): Promise<TokenStream>;
  /** What a way of writing goes on from. */
  prompts(): Promise<Prompts>;
}

/** Times in milliseconds, ratios of times and shares, by the names under which an outcome has them. */
export type Timings = Readonly<Record<string, number>>;

/** Times what a run's spec says, in this process. */
export async function timeRun(run: TimedRun, timing: TimingSpec): Promise<Timings> {
  const { spec, context } = run;
  const order = new RandomStream(spec.seed, namedStream(RANDOM_STREAMS.technique, 'order of timed pairs'));
  const options = { draw: () => order.nextUniform(), signal: context.signal };
  const against = resolveTechnique(timing.against);
  switch (timing.of) {
    case undefined:
      return await timePasses(run, timing, against, options);
    case 'training':
      return await timeTraining(run, timing, against, options);
    case 'making':
      return await timeMaking(run, timing, against, options);
  }
}

type Options = Parameters<typeof timeInterleaved>[2];

/** Passes of the run's model, or its writing, against those of the other technique's: both start from the same trained model. */
async function timePasses(
  run: TimedRun,
  timing: TimingSpec,
  against: ResolvedTechnique,
  options: Options,
): Promise<Timings> {
  const { backend, technique, subject, context, locations } = run;
  const spec = { ...run.spec, technique: timing.against };
  using made = new DisposableStack();
  const other = async (): Promise<Decoder> => {
    const prepared = await prepareSubject(backend, spec, against, context, locations, new RunPoints(() => {}));
    made.defer(() => prepared.decoder.dispose());
    await applyTechnique(against, prepared, spec, () => run.text(), context.signal);
    return prepared.decoder;
  };
  const drafting = 'drafting' in technique ? technique.drafting(subject.decoder.config) : null;
  const prompts = drafting === null ? null : await run.prompts();
  const workOf = async (decoder: Decoder, draft: Drafting | null) =>
    deferred(made, prompts === null ? passOf(decoder) : await writingOf(decoder, prompts, draft));
  const works = {
    technique: await workOf(subject.decoder, drafting),
    baseline: await workOf(await other(), null),
    twin: await workOf(await other(), null),
  };
  const { baselineMs, techniqueMs: _, ...timings } = await timeInterleaved(works, timing, options);
  return { ...timings, passMs: baselineMs };
}

/** Steps of training the recipe's model with either technique, from first weights of the same seed. */
async function timeTraining(
  run: TimedRun,
  timing: TimingSpec,
  against: ResolvedTechnique,
  options: Options,
): Promise<Timings> {
  const stream = await run.text();
  using made = new DisposableStack();
  const works = {
    technique: deferred(made, await trainingOf(run, run.technique, stream)),
    baseline: deferred(made, await trainingOf(run, against, stream)),
    twin: deferred(made, await trainingOf(run, against, stream)),
  };
  const { baselineMs, techniqueMs: _, ...timings } = await timeInterleaved(works, timing, options);
  return { ...timings, stepMs: baselineMs };
}

/** Making the run's model from the trained one, against all steps of training it with the other technique. */
async function timeMaking(
  run: TimedRun,
  timing: TimingSpec,
  against: ResolvedTechnique,
  options: Options,
): Promise<Timings> {
  const stream = await run.text();
  const { training, architecture } = recipeOf(run.spec);
  using made = new DisposableStack();
  const works = {
    technique: deferred(made, makingOf(run, stream)),
    baseline: deferred(made, await trainingOf(run, against, stream)),
    twin: deferred(made, await trainingOf(run, against, stream)),
    baselineTimes: trainingSteps(training, architecture.contextLength),
  };
  const { baselineMs, techniqueMs, ...timings } = await timeInterleaved(works, timing, options);
  return { ...timings, stepMs: baselineMs, makingMs: techniqueMs };
}

function deferred(stack: DisposableStack, work: Work): Work {
  stack.defer(() => work.dispose());
  return work;
}

/** Steps of training. What a technique does to the steps is as in the first steps of a whole training. */
async function trainingOf(
  { backend, spec }: TimedRun,
  technique: ResolvedTechnique,
  stream: TokenStream,
): Promise<Work> {
  const subject = recipeOf(spec);
  const { seed } = spec;
  const plain = decoderOf(subject);
  const config = technique.seam === 'architecture' ? technique.changeConfig(plain) : plain;
  const steps = trainingSteps(subject.training, config.contextLength);
  using made = new DisposableStack();
  const decoder = Decoder.initialise(backend, config, seed);
  made.defer(() => decoder.dispose());
  const change = technique.seam === 'training' ? await technique.changeTraining(decoder, { seed, steps }) : undefined;
  made.defer(() => change?.[Symbol.dispose]?.());
  const training = made.use(trainStepwise(decoder, stream, subject.training, { ...change?.options, seed }));
  const kept = made.move();
  return { run: (times) => training.take(times), dispose: () => kept.dispose() };
}

/** All that is done to a copy of the trained model, a fresh one each time. */
function makingOf({ backend, spec, technique, context }: TimedRun, stream: TokenStream): Work {
  let copy: PreparedSubject | undefined;
  const dispose = () => {
    copy?.decoder.dispose();
    copy = undefined;
  };
  return {
    async prepare() {
      dispose();
      copy = await loadBase(backend, context);
    },
    async run() {
      if (copy === undefined) throw new RangeError('a model is made of a copy that was prepared');
      await applyTechnique(technique, copy, spec, async () => stream, context.signal);
      // A device computes in order: what is read now waits for all that was begun.
      const [name] = copy.decoder.parameters.keys();
      if (name !== undefined) await copy.decoder.readParameter(name);
    },
    dispose,
  };
}

/** The texts after a few prompts, written greedily: the same texts in every way. */
async function writingOf(decoder: Decoder, { prompts, steps }: Prompts, drafting: Drafting | null): Promise<Work> {
  if (prompts.length === 0)
    throw new RunError({ code: 'invalid-spec', message: 'no evaluation window is whole: nothing to go on writing' });
  const draft = drafting === null || drafting.shared ? null : await firstLayers(decoder, drafting.layers);
  const write = async (prompt: Int32Array) => {
    if (drafting === null) await generateGreedy(decoder, prompt, steps);
    else if (draft === null) await generateSelfSpeculatively(decoder, drafting, prompt, { steps });
    else await generateSpeculatively(decoder, { decoder: draft, tokens: drafting.tokens }, prompt, { steps });
  };
  return {
    async run(times) {
      for (let i = 0; i < times; i++) for (const prompt of prompts) await write(prompt);
    },
    dispose: () => draft?.dispose(),
  };
}

/** A forward pass over one full window; the tokens are the same for every subject, and reading a logit waits for all of it. */
function passOf(decoder: Decoder): Work {
  const { contextLength, vocabularySize } = decoder.config;
  const tokens = Int32Array.from({ length: contextLength }, (_, at) => (at * 31) % vocabularySize);
  const input = Tensor.from(decoder.backend, tokens, [1, contextLength]);
  return {
    async run(times) {
      for (let i = 0; i < times; i++) {
        using logits = scope(() => decoder.logits(input));
        await logits.readFloats();
      }
    },
    dispose: () => input.dispose(),
  };
}
