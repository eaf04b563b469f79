'use client';
import { Button, buttonClass, EmptyState, ErrorState, Loading } from '@claimbench/ui';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { explain, ProblemError } from '../api/problem.ts';

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
  page = false,
}: {
  query: Query<T>;
  children: (data: T) => ReactNode;
  loading?: ReactNode;
  /** "the claim": names what could not be loaded. */
  what: string;
  /** true: this is the whole page, so that it needs a heading also when there is nothing to show. */
  page?: boolean;
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
    if (isNotFound(query.error)) {
      return (
        <>
          {page ? <h1 className="mb-4 text-xl font-semibold">Nothing is at this address</h1> : null}
          <EmptyState
            title={detail}
            action={
              <Link href="/" className={buttonClass()}>
                Overview
              </Link>
            }
          >
            Ctrl K searches claims, techniques and experiments by name.
          </EmptyState>
        </>
      );
    }
    return (
      <>
        {page ? <h1 className="mb-4 text-xl font-semibold">This page could not be loaded</h1> : null}
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
      </>
    );
  }
  return loading;
}

/** An id that nothing has, or that is none: asking again will not help. */
function isNotFound(error: Error): boolean {
  return error instanceof ProblemError && (error.status === 404 || error.status === 400);
}
