/** What can go wrong in kernels; the message always names what was expected and what was found. */
export type KernelErrorCode =
  | 'shape-mismatch'
  | 'dtype-mismatch'
  | 'size-mismatch'
  | 'invalid-argument'
  | 'disposed-tensor'
  | 'backend-mismatch'
  | 'backend-unavailable'
  | 'backend-closed'
  | 'unknown-kernel'
  | 'invalid-buffer'
  | 'index-out-of-range'
  | 'no-convergence'
  | 'not-positive-definite'
  | 'out-of-memory'
  | 'async-scope'
  | 'nested-tape'
  | 'native-failure'
  | 'device-failure'
  | 'device-lost';

export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelError';
    this.code = code;
  }
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Throws a KernelError unless the condition holds. The message is only built when it is needed. */
export function ensure(condition: boolean, code: KernelErrorCode, message: () => string): asserts condition {
  if (!condition) throw new KernelError(code, message());
}
