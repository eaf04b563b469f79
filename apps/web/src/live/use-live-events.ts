'use client';
import type { LiveEvent } from '@claimbench/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useState } from 'react';
import { applyEvent, gatheredRefresh } from './apply-event.ts';
import { EventStream, type StreamState } from './event-stream.ts';

const REFRESH_EVERY_MS = 1000;

/**
 * Keeps the page's data live while it is on the screen, and says how the connection is. One call a page: `experiment` or
 * `run` narrows the stream, without either all events come. `enabled: false` (all has ended) holds no connection.
 */
export function useLiveEvents(
  filter: { experiment?: string; run?: string },
  options: { enabled?: boolean; onEvent?: (event: LiveEvent) => void } = {},
): StreamState | null {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  const enabled = options.enabled ?? true;
  const { experiment, run } = filter;
  const seen = useEffectEvent((event: LiveEvent) => options.onEvent?.(event));

  useEffect(() => {
    if (!enabled) return;
    const { refresh, stop } = gatheredRefresh(client, REFRESH_EVERY_MS);
    const stream = new EventStream(
      { ...(experiment ? { experiment } : {}), ...(run ? { run } : {}) },
      {
        onEvent: (event) => {
          applyEvent(client, event, refresh);
          seen(event);
        },
        onState: setState,
        onOpen: () => {
          for (const noun of ['experiment', 'experiments', 'run', 'claims']) refresh([noun]);
        },
      },
    );
    const follow = () => (document.visibilityState === 'hidden' ? stream.pause() : stream.open());
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      stream.close();
      stop();
    };
  }, [client, experiment, run, enabled]);

  return enabled ? state : null;
}
