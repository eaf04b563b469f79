import { cn } from '@claimbench/ui';
import type { StreamState } from './event-stream.ts';

const WORDS: Record<StreamState, string> = {
  connecting: 'connecting',
  live: 'live',
  waiting: 'reconnecting',
  paused: 'paused',
};

/** How the page is kept up to date; nothing once there is nothing more to come. */
export function LiveMark({ state }: { state: StreamState | null }) {
  if (state === null) return null;
  return (
    <span role="status" data-live={state} className="inline-flex items-center gap-1.5 text-xs text-ink-faint">
      <span
        aria-hidden="true"
        className={cn(
          'size-1.5 rounded-full',
          state === 'live' ? 'bg-accent' : state === 'waiting' ? 'bg-caution' : 'bg-line-strong',
        )}
      />
      {WORDS[state]}
    </span>
  );
}
