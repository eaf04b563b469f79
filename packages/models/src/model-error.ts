/** What can go wrong with data, checkpoints, configs and training; the message names what was expected, what was found, what to do. */
export type ModelErrorCode =
  | 'data-unavailable'
  | 'unknown-data-set'
  | 'hash-mismatch'
  | 'invalid-text-encoding'
  | 'empty-split'
  | 'too-few-items'
  | 'bad-tokenizer'
  | 'bad-checkpoint'
  | 'invalid-config'
  | 'unknown-norm'
  | 'unknown-name'
  | 'invalid-layer-plan'
  | 'shape-mismatch'
  | 'cache-full'
  | 'cache-mismatch'
  | 'invalid-question'
  | 'invalid-sampling'
  | 'cancelled';

export class ModelError extends Error {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}
