import { AppError, type Failure, type FailureCode } from '@claimbench/contracts';
import { KernelError } from '@claimbench/kernels';
import { ModelError } from '@claimbench/models';
import { TechniqueError } from '@claimbench/techniques';

/** An expected end of a run without an outcome: which code, and in words what was expected and found. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly failure: Failure;
  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** Codes of models, kernels and techniques, as the codes under which a run's failure is stored. */
const MODEL_FAILURES: Readonly<Record<string, FailureCode>> = {
  'data-unavailable': 'data-unavailable',
  'unknown-data-set': 'data-unavailable',
  'hash-mismatch': 'hash-mismatch',
  'invalid-text-encoding': 'invalid-text-encoding',
  'empty-split': 'invalid-spec',
  'too-few-items': 'invalid-spec',
  'bad-tokenizer': 'bad-checkpoint',
  'bad-checkpoint': 'bad-checkpoint',
  'invalid-config': 'invalid-spec',
  'unknown-norm': 'invalid-spec',
  'invalid-layer-plan': 'technique-does-not-fit',
  'unknown-name': 'technique-does-not-fit',
  'shape-mismatch': 'technique-does-not-fit',
  cancelled: 'cancelled',
};
const KERNEL_FAILURES: Readonly<Record<string, FailureCode>> = {
  'backend-unavailable': 'backend-unavailable',
  'out-of-memory': 'out-of-memory',
};
const REQUEST_FAILURES: Readonly<Record<string, FailureCode>> = {
  'technique-does-not-fit': 'technique-does-not-fit',
  'unknown-technique': 'invalid-spec',
  'invalid-parameters': 'invalid-spec',
  'invalid-request': 'invalid-spec',
  'unknown-subject': 'invalid-spec',
  'unknown-data-set': 'data-unavailable',
};

/** What a run's failure is called, whatever was thrown. Only what nobody foresaw is `internal`; nothing is dropped. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RunError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { code: codeOf(error), message: message.slice(0, 2000) };
}

function codeOf(error: unknown): FailureCode {
  if (error instanceof ModelError) return MODEL_FAILURES[error.code] ?? 'internal';
  if (error instanceof KernelError) return KERNEL_FAILURES[error.code] ?? 'internal';
  if (error instanceof TechniqueError || error instanceof AppError) return REQUEST_FAILURES[error.code] ?? 'internal';
  if (!(error instanceof Error)) return 'internal';
  if (error.name === 'AbortError') return 'cancelled';
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC') return 'artifact-store-full';
  if (error instanceof RangeError && /allocation failed|Invalid typed array length/.test(error.message)) {
    return 'out-of-memory';
  }
  return 'internal';
}
