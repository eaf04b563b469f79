'use client';
import { Button, EmptyState, Loading, ScrollRegion } from '@claimbench/ui';
import { useInfiniteQuery } from '@tanstack/react-query';
import { runLog } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { clock } from '../wording/times.tsx';

/** What the run said while it worked. */
export function RunLog({ id }: { id: string }) {
  const log = useInfiniteQuery(runLog(id));
  return (
    <QueryView query={log} what="the log" loading={<Loading lines={3} label="Loading the log" />}>
      {({ pages }) => {
        const lines = pages.flatMap((page) => page.items);
        if (lines.length === 0) return <EmptyState title="The run has logged nothing" />;
        return (
          <>
            <ScrollRegion label="Log" className="max-h-96 overflow-auto rounded-lg border border-line bg-sunken py-2">
              <ol className="m-0 list-none p-0 font-mono text-xs">
                {lines.map((line) => (
                  <li key={line.sequence} className="flex gap-3 px-3 py-px hover:bg-line/40">
                    <time dateTime={line.at} className="shrink-0 text-ink-faint">
                      {clock(line.at).slice(11)}
                    </time>
                    <span
                      className={
                        line.level === 'error'
                          ? 'w-10 shrink-0 text-contradicted'
                          : line.level === 'warn'
                            ? 'w-10 shrink-0 text-caution'
                            : 'w-10 shrink-0 text-ink-faint'
                      }
                    >
                      {line.level}
                    </span>
                    <span className="min-w-0 break-words whitespace-pre-wrap text-ink">{line.message}</span>
                  </li>
                ))}
              </ol>
            </ScrollRegion>
            {log.hasNextPage ? (
              <Button
                size="small"
                className="mt-2"
                onClick={() => log.fetchNextPage()}
                disabled={log.isFetchingNextPage}
              >
                {log.isFetchingNextPage ? 'Loading…' : 'Later lines'}
              </Button>
            ) : null}
          </>
        );
      }}
    </QueryView>
  );
}
