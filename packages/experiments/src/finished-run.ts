import type { Failure, Outcome, PlannedRun, RunSpec } from '@claimbench/contracts';

/** A planned run that reached a terminal state: what comparisons and verdicts are made from. */
export interface FinishedRun {
  /** The plan's arm key; opaque. */
  readonly arm: string;
  readonly role: PlannedRun['role'];
  readonly stage: number;
  readonly block: number;
  readonly spec: RunSpec;
  readonly specHash: string;
  readonly state: 'succeeded' | 'failed' | 'timed-out' | 'cancelled';
  /** Present exactly when it succeeded; a diverged run is a success with `diverged` set. */
  readonly outcome: Outcome | null;
  readonly failure: Failure | null;
}
