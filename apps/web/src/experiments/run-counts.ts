import type { ExperimentView, RunState } from '@claimbench/contracts';
import { isTerminal, RUN_STATES } from '@claimbench/contracts';

type Counts = ExperimentView['counts'];

const TONES: Record<RunState, string> = {
  succeeded: 'bg-supported',
  failed: 'bg-contradicted',
  'timed-out': 'bg-contradicted',
  cancelled: 'bg-line-strong',
  running: 'bg-accent',
  claimed: 'bg-accent/60',
  queued: 'bg-transparent',
};
/** What has ended stands left, what runs right of it; what waits is the empty rest. */
const ORDER: readonly RunState[] = ['succeeded', 'failed', 'timed-out', 'cancelled', 'running', 'claimed'];

export function totalRuns(counts: Counts): number {
  return RUN_STATES.reduce((sum, state) => sum + counts[state], 0);
}

export function endedRuns(counts: Counts): number {
  return RUN_STATES.reduce((sum, state) => sum + (isTerminal(state) ? counts[state] : 0), 0);
}

/** Counts as the parts of a progress bar. */
export function runShares(counts: Counts): { share: number; tone: string; name: string }[] {
  const total = totalRuns(counts);
  if (total === 0) return [];
  return ORDER.filter((state) => counts[state] > 0).map((state) => ({
    name: state,
    tone: TONES[state],
    share: counts[state] / total,
  }));
}

/** "12 of 18 runs done, 2 running, 1 failed". */
export function countWords(counts: Counts): string {
  const total = totalRuns(counts);
  const parts = [`${endedRuns(counts)} of ${total} ${total === 1 ? 'run' : 'runs'} done`];
  const running = counts.running + counts.claimed;
  if (running > 0) parts.push(`${running} running`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (counts['timed-out'] > 0) parts.push(`${counts['timed-out']} timed out`);
  if (counts.cancelled > 0) parts.push(`${counts.cancelled} cancelled`);
  return parts.join(', ');
}
