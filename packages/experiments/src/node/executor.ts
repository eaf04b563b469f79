// What a process that executes one run loads, and no more: the corpus takes as long to load as all of this.
export { executeRun } from './execute.ts';
export { failureOf } from './run-error.ts';
