/** The codes that API and runs use for the same mistakes. */
export type TechniqueErrorCode = 'unknown-technique' | 'invalid-parameters' | 'technique-does-not-fit';

/** What was expected, what was found; `errors` names the parameters. */
export class TechniqueError extends Error {
  override readonly name = 'TechniqueError';
  readonly code: TechniqueErrorCode;
  readonly errors: readonly ParameterProblem[];

  constructor(code: TechniqueErrorCode, message: string, errors: readonly ParameterProblem[] = []) {
    super(message);
    this.code = code;
    this.errors = errors;
  }
}

export interface ParameterProblem {
  /** Dotted path below the parameters, empty for them as a whole. */
  readonly path: string;
  readonly message: string;
}

/** For a technique that meets an architecture which has no place for it. */
export function doesNotFit(technique: string, message: string): TechniqueError {
  return new TechniqueError('technique-does-not-fit', `${technique} does not fit: ${message}`);
}
