import { rm } from 'node:fs/promises';
import {
  decodeTrainingState,
  encodeTrainingState,
  ModelError,
  type StepOptions,
  type TrainingState,
} from '@claimbench/models';
import { readIfThere, writeWhole } from '@claimbench/models/node';
import type { ExecutionContext } from './execute.ts';

/** Where the state of a run's training is kept while it goes on. */
export interface SavedTraining {
  /** A file of this run alone; attempts at the run share it. */
  readonly path: string;
  /** Least time between two states. Saving does not change a number. */
  readonly everySeconds: number;
}

/**
 * What lets a training go on behind the last step that an earlier attempt has saved, and saves in its turn. `identity` names all that the
 * bits depend on: a file of another build or instruction set is passed over, with a warning, and so is one that is damaged.
 */
export async function goOnFrom(
  { path, everySeconds }: SavedTraining,
  identity: string,
  onLog: ExecutionContext['onLog'],
): Promise<Pick<StepOptions, 'checkpoint' | 'resume'>> {
  let savedAt = performance.now();
  const checkpoint: StepOptions['checkpoint'] = {
    due: () => performance.now() - savedAt >= 1000 * everySeconds,
    save: async (state) => {
      await writeWhole(path, encodeTrainingState(state, identity));
      savedAt = performance.now();
    },
  };
  const file = await readIfThere(path);
  if (file === undefined) return { checkpoint };
  try {
    const resume = decodeTrainingState(file, identity);
    onLog('info', `going on behind step ${stepsTaken(resume)}, where an earlier attempt has saved its training`);
    return { checkpoint, resume };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    onLog('warn', `an earlier attempt's training is of no use, starting anew: ${error.message}`);
    await rm(path, { force: true });
    return { checkpoint };
  }
}

/** Steps behind which a saved training stands, those of the stages before included. */
export function stepsTaken({ losses, before }: TrainingState): number {
  return losses.length + (before?.losses.length ?? 0);
}
