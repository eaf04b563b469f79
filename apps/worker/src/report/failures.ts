import { AppError, type Failure } from '@claimbench/contracts';
import { type ChildExit, describeExit, ExecutorUnusable } from '../child/run-child.ts';

const MEMORY_WORDS = /heap out of memory|std::bad_alloc|Cannot allocate memory/i;
const LONGEST_TAIL = 3500;

/** Why a child that ended without a result ended, as the run's failure. */
export function failureOfExit(exit: ChildExit): Failure {
  const tail = exit.lastErrors.join('\n').slice(-LONGEST_TAIL);
  const last = tail === '' ? '' : `; its last lines:\n${tail}`;
  if (exit.signal === 'SIGKILL' && exit.kernelKilledForMemory)
    return {
      code: 'out-of-memory',
      message: "the machine ran out of memory and its kernel killed the run's process",
    };
  if (MEMORY_WORDS.test(tail))
    return { code: 'out-of-memory', message: `the run's process ran out of memory (${describeExit(exit)})${last}` };
  return { code: 'crashed', message: `the run's process ended without a result (${describeExit(exit)})${last}` };
}

/** Why the worker could not bring the run to its child: no base, no process. */
export function failureOfPreparation(error: unknown): Failure {
  if (error instanceof AppError) {
    if (error.code === 'hash-mismatch') return { code: 'hash-mismatch', message: error.message };
    if (error.code === 'not-found')
      return { code: 'data-unavailable', message: `the base's checkpoint is not in the store: ${error.message}` };
  }
  if (error instanceof ExecutorUnusable) return { code: 'internal', message: error.message };
  if (isDiskFull(error))
    return { code: 'artifact-store-full', message: `this worker's disk is full: ${error.message}` };
  return { code: 'internal', message: `the worker could not prepare the run: ${messageOf(error)}` };
}

/** Why a finished run's artifacts could not be stored. */
export function failureOfUpload(error: unknown): Failure {
  const message = `the run's artifacts could not be stored: ${messageOf(error)}`;
  if (error instanceof AppError && (error.code === 'artifact-store-full' || error.code === 'hash-mismatch'))
    return { code: error.code, message };
  return { code: 'internal', message };
}

function isDiskFull(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
