'use client';
import { Button, ErrorState, Loading } from '@claimbench/ui';
import type { ReactNode } from 'react';
import { explain } from '../api/problem.ts';

interface Query<T> {
  data: T | undefined;
  error: Error | null;
  isFetching: boolean;
  refetch: () => unknown;
}

/** What a query has brought: its data, a place held for it, or what went wrong and a way to try again. */
export function QueryView<T>({
  query,
  children,
  loading = <Loading />,
  what,
}: {
  query: Query<T>;
  children: (data: T) => ReactNode;
  loading?: ReactNode;
  /** "the claim": names what could not be loaded. */
  what: string;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.error ? (
          <p role="status" className="mb-3 text-xs text-caution">
            Not up to date: {explain(query.error).detail}
          </p>
        ) : null}
        {children(query.data)}
      </>
    );
  }
  if (query.error) {
    const { title, detail, code } = explain(query.error);
    return (
      <ErrorState
        title={`${title}: ${what} could not be loaded`}
        detail={detail}
        code={code}
        action={
          <Button onClick={() => query.refetch()} disabled={query.isFetching}>
            {query.isFetching ? 'Trying…' : 'Try again'}
          </Button>
        }
      />
    );
  }
  return loading;
}
