import { readFile } from 'node:fs/promises';
import type { RunSpec } from '@claimbench/contracts';
import type { Backend } from '@claimbench/kernels';
import type { StepOptions, TrainingPoint } from '@claimbench/models';
import { specHashOf } from '../plan/run-spec.ts';
import type { ExecutionContext } from './execute.ts';
import { RunError } from './run-error.ts';
import type { RunPoints } from './run-points.ts';
import { goOnFrom } from './saved-training.ts';

/** Share of the progress bar that training takes. */
const TRAINED = 0.9;
/** Every step is a point, up to so many; longer trainings report every second step, every third, … */
const MOST_POINTS = 2500;

/** Reports the steps of a training as points and progress; the first one that is taken here is `firstHere`. */
export function trainingReports(
  points: RunPoints,
  context: ExecutionContext,
  { steps, firstHere }: { readonly steps: number; readonly firstHere: number },
): { readonly pointEvery: number; readonly onPoint: (point: TrainingPoint) => void } {
  let before = { tokens: 0, at: performance.now() };
  return {
    pointEvery: Math.ceil(steps / MOST_POINTS),
    onPoint({ step, tokens, trainingLoss, gradientNorm, learningRate }) {
      const now = { tokens, at: performance.now() };
      const tokensPerSecond = (now.tokens - before.tokens) / ((now.at - before.at) / 1000);
      before = now;
      // The speed of an earlier attempt is not known here.
      const timed: Record<string, number> = step < firstHere ? {} : { tokensPerSecond };
      points.add(step, { trainingLoss, gradientNorm, learningRate, ...timed });
      context.onProgress((TRAINED * step) / steps);
    },
  };
}

/** What lets the training go on where an earlier attempt was cut, and saves it; nothing where the context keeps no states. */
export async function savedTrainingOf(
  spec: RunSpec,
  backend: Backend,
  { savedTraining, onLog }: ExecutionContext,
): Promise<Pick<StepOptions, 'checkpoint' | 'resume'>> {
  return savedTraining ? await goOnFrom(savedTraining, await identityOf(spec, backend), onLog) : {};
}

/** All that the bits of a training depend on. */
async function identityOf(spec: RunSpec, backend: Backend): Promise<string> {
  const { instructionSet, build } = backend.description;
  return `${await specHashOf(spec)} on ${backend.name}, ${instructionSet}, build ${build}`;
}

/** The trained model that the run starts from. Throws RunError `base-failed`, `data-unavailable`. */
export async function baseBytes({ base }: ExecutionContext): Promise<Uint8Array> {
  if (!base) {
    throw new RunError({ code: 'base-failed', message: 'this run starts from a trained base, and none was given' });
  }
  if ('bytes' in base) return base.bytes;
  try {
    return await readFile(base.path);
  } catch (cause) {
    const message = `the base's checkpoint ${base.path} cannot be read: ${cause instanceof Error ? cause.message : cause}`;
    throw new RunError({ code: 'data-unavailable', message }, { cause });
  }
}
