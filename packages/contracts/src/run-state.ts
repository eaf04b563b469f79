import { z } from 'zod';

/**
 * The life of a run. States and transitions are data: the API's compare-and-set updates, the documentation's drawing
 * and the tests read this table.
 *
 *   queued ──claim──▶ claimed ──start──▶ running ──succeed──▶ succeeded
 *     ▲ │                │ │                │ ├─────fail──────▶ failed
 *     │ └─cancel─────────┼─┼──cancel────────┼─┤
 *     └────requeue───────┴─┼────────────────┘ ├─────time out──▶ timed-out
 *                          └─fail, time out   └─────cancel────▶ cancelled
 */
export const RUN_STATES = ['queued', 'claimed', 'running', 'succeeded', 'failed', 'cancelled', 'timed-out'] as const;
export const RunState = z.enum(RUN_STATES).meta({ id: 'RunState' });
export type RunState = z.infer<typeof RunState>;

export const RUN_TRANSITIONS = {
  claim: { from: ['queued'], to: 'claimed' },
  start: { from: ['claimed'], to: 'running' },
  /** The lease ran out (its worker died or was cut off) and attempts are left. */
  requeue: { from: ['claimed', 'running'], to: 'queued' },
  succeed: { from: ['claimed', 'running'], to: 'succeeded' },
  fail: { from: ['queued', 'claimed', 'running'], to: 'failed' },
  timeOut: { from: ['claimed', 'running'], to: 'timed-out' },
  cancel: { from: ['queued', 'claimed', 'running'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly RunState[]; to: RunState }>;
export type RunTransition = keyof typeof RUN_TRANSITIONS;

export const TERMINAL_RUN_STATES = [
  'succeeded',
  'failed',
  'cancelled',
  'timed-out',
] as const satisfies readonly RunState[];

export function isTerminal(state: RunState): boolean {
  return (TERMINAL_RUN_STATES as readonly RunState[]).includes(state);
}

/** Experiments follow from their runs: nothing sets them by hand but `cancelling`. */
export const ExperimentState = z.enum(['running', 'succeeded', 'failed', 'cancelled']).meta({ id: 'ExperimentState' });
export type ExperimentState = z.infer<typeof ExperimentState>;
