import { AppError, type Failure, type Outcome, type Point, type RunSpec } from '@claimbench/contracts';

export interface ExecutionContext {
  readonly dataPath: readonly string[];
  readonly cacheFolder: string;
  readonly base: { readonly path: string } | { readonly bytes: Uint8Array } | null;
  readonly threads: number;
  onPoints(points: Point[]): void;
  onLog(level: 'info' | 'warn' | 'error', message: string): void;
  onProgress(share: number): void;
  readonly signal: AbortSignal;
}

export interface ExecutedRun {
  readonly outcome: Outcome;
  readonly artifacts: readonly { readonly name: 'checkpoint'; readonly sha256: string; readonly bytes: Uint8Array }[];
}

/** An expected end of a run without an outcome: which code, and in words what was expected and found. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly failure: Failure;
  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

export async function executeRun(_spec: RunSpec, _context: ExecutionContext): Promise<ExecutedRun> {
  throw new AppError('internal', 'executeRun is not built yet');
}

export function failureOf(error: unknown): Failure {
  if (error instanceof RunError) return error.failure;
  throw new AppError('internal', 'failureOf is not built yet');
}
