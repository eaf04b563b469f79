/** What a job stands for: one attempt of one run. A run that is queued again has the next number, so it is another job. */
export interface RunAttempt {
  runId: string;
  /** The number that the attempt will have: 1 for a run that was never claimed. */
  attempt: number;
}

/** Id of the attempt's job; adding the same attempt twice is one job. */
export function jobId({ runId, attempt }: RunAttempt): string {
  // BullMQ gives ':' in an id a meaning of its own.
  if (!/^[^:\s]+$/.test(runId)) throw new TypeError(`expected a run id without colons and spaces, found "${runId}"`);
  if (!Number.isSafeInteger(attempt) || attempt < 1)
    throw new TypeError(`expected an attempt number from 1, found ${attempt}`);
  return `${runId}.${attempt}`;
}

/** The attempt that a job id names. */
export function attemptOf(id: string): RunAttempt {
  const dot = id.lastIndexOf('.');
  const attempt = Number(id.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(attempt) || attempt < 1)
    throw new TypeError(`expected a job id like <run>.<attempt>, found "${id}"`);
  return { runId: id.slice(0, dot), attempt };
}
