import type { LiveEvent, RunSummary, RunView } from '@claimbench/contracts';
import { isTerminal } from '@claimbench/contracts';
import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';

interface RunPage {
  items: RunSummary[];
  next: string | null;
  total: number | null;
}

/**
 * Writes an event into what the pages show. Small changes go straight into the cache; what has to be computed by the API
 * (counts, comparison, curves) is asked for again through `refresh`, which gathers many requests into one.
 */
export function applyEvent(client: QueryClient, event: LiveEvent, refresh: (key: QueryKey) => void): void {
  switch (event.type) {
    case 'run.changed': {
      const { runId, state, progress, failure, metrics } = event;
      client.setQueryData<RunView>(['run', runId, 'view'], (run) => run && { ...run, state, progress, failure });
      refresh(['run', runId]);
      for (const id of event.experimentIds) {
        patchRun(client, id, runId, (run) => ({ ...run, state, progress, failure, metrics }));
        refresh(['experiment', id, 'view']);
        if (isTerminal(state)) {
          refresh(['experiment', id, 'comparison']);
          refresh(['experiment', id, 'curves']);
          refresh(['experiment', id, 'runs']);
        }
      }
      refresh(['experiments']);
      return;
    }
    case 'run.points': {
      const { runId, progress, series } = event;
      client.setQueryData<RunView>(['run', runId, 'view'], (run) => run && { ...run, progress, series });
      refresh(['run', runId, 'series']);
      refresh(['run', runId, 'log']);
      for (const id of event.experimentIds) {
        patchRun(client, id, runId, (run) => ({ ...run, progress }));
        refresh(['experiment', id, 'curves']);
      }
      return;
    }
    case 'experiment.changed':
      refresh(['experiment', event.experimentId]);
      refresh(['experiments']);
      refresh(['claims', 'view']);
      return;
    case 'verdict.reached':
      refresh(['experiment', event.experimentId]);
      refresh(['experiments']);
      refresh(['claims']);
      refresh(['papers']);
      return;
  }
}

function patchRun(client: QueryClient, experimentId: string, runId: string, patch: (run: RunSummary) => RunSummary) {
  client.setQueriesData<InfiniteData<RunPage>>({ queryKey: ['experiment', experimentId, 'runs'] }, (data) =>
    data === undefined
      ? undefined
      : {
          ...data,
          pages: data.pages.map((page) =>
            page.items.some((run) => run.id === runId)
              ? { ...page, items: page.items.map((run) => (run.id === runId ? patch(run) : run)) }
              : page,
          ),
        },
  );
}

/**
 * Invalidates each key at most once in `everyMs`: the first request at once, all later ones together at the end of the stretch.
 * A thousand events a second cost one fetch a second.
 */
export function gatheredRefresh(
  client: QueryClient,
  everyMs: number,
): { refresh: (key: QueryKey) => void; stop: () => void } {
  const waiting = new Map<string, { timer: ReturnType<typeof setTimeout>; again: boolean }>();
  const run = (key: QueryKey) => void client.invalidateQueries({ queryKey: key });
  const begin = (name: string, key: QueryKey) => {
    const timer = setTimeout(() => {
      const entry = waiting.get(name);
      waiting.delete(name);
      if (entry?.again) {
        run(key);
        begin(name, key);
      }
    }, everyMs);
    waiting.set(name, { timer, again: false });
  };
  return {
    refresh: (key) => {
      const name = JSON.stringify(key);
      const entry = waiting.get(name);
      if (entry) entry.again = true;
      else {
        run(key);
        begin(name, key);
      }
    },
    stop: () => {
      for (const { timer } of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}
