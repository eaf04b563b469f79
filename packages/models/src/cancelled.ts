import { ModelError } from './model-error.ts';

/** Throws `cancelled` when the signal has been given. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ModelError('cancelled', 'cancelled by the caller', { cause: signal.reason });
}
