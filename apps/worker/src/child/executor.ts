import type { Failure, LogLine, Outcome, Point, RunSpec } from '@claimbench/contracts';

/** What a run is executed with. Paths are of this machine. */
export interface ExecutionContext {
  dataPath: readonly string[];
  cacheFolder: string;
  /** Whether data that is neither in `dataPath` nor in the cache may be downloaded. */
  download: boolean;
  base: { path: string } | null;
  threads: number;
  /** Where the run's training is saved now and then, and goes on from when an earlier attempt was cut. */
  savedTraining: { path: string; everySeconds: number };
  onPoints(points: Point[]): void;
  onLog(level: LogLine['level'], message: string): void;
  /** Share of the work that is done, 0 to 1. */
  onProgress(share: number): void;
  signal: AbortSignal;
}

export interface ExecutedRun {
  outcome: Outcome;
  artifacts: { name: string; sha256: string; bytes: Uint8Array }[];
}

/** The module that a child loads to execute runs: `@claimbench/experiments/executor`, or a small one in tests. */
export interface Executor {
  executeRun(spec: RunSpec, context: ExecutionContext): Promise<ExecutedRun>;
  /** What an error that `executeRun` threw means for the run. */
  failureOf(error: unknown): Failure;
}

export const DEFAULT_EXECUTOR = '@claimbench/experiments/executor';
