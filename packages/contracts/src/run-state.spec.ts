import { describe, expect, it } from 'vitest';
import { isTerminal, RUN_STATES, RUN_TRANSITIONS, type RunState, TERMINAL_RUN_STATES } from './run-state.ts';

const transitions = Object.values(RUN_TRANSITIONS) as { from: readonly RunState[]; to: RunState }[];

describe("a run's life", () => {
  it('never leaves a terminal state', () => {
    for (const { from } of transitions) for (const state of from) expect(isTerminal(state)).toBe(false);
  });

  it('reaches a terminal state from every other one', () => {
    const ends = (state: RunState, seen = new Set<RunState>()): boolean =>
      isTerminal(state) ||
      (!seen.has(state) && transitions.some((t) => t.from.includes(state) && ends(t.to, new Set([...seen, state]))));
    for (const state of RUN_STATES) expect(ends(state), state).toBe(true);
  });

  it('can be cancelled as long as it is not over', () => {
    const open = RUN_STATES.filter((state) => !isTerminal(state));
    expect([...RUN_TRANSITIONS.cancel.from].sort()).toEqual([...open].sort());
  });

  it('reaches every state', () => {
    const reached = new Set<RunState>(['queued', ...transitions.map((t) => t.to)]);
    expect([...reached].sort()).toEqual([...RUN_STATES].sort());
    expect(TERMINAL_RUN_STATES.every(isTerminal)).toBe(true);
  });
});
