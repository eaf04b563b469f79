'use client';
import { Button, count } from '@claimbench/ui';

/** The end of a list by keyset: how many of how many are shown, and the next stretch. */
export function LoadMore({
  shown,
  total,
  noun,
  hasMore,
  loading,
  onMore,
}: {
  shown: number;
  total: number | null;
  /** Plural: "claims". */
  noun: string;
  hasMore: boolean;
  loading: boolean;
  onMore: () => void;
}) {
  return (
    <div className="flex items-center justify-between gap-4 pt-3 text-xs text-ink-faint">
      <span className="tabular" role="status">
        {total === null ? `${count(shown)} ${noun}` : `${count(shown)} of ${count(total)} ${noun}`}
      </span>
      {hasMore ? (
        <Button size="small" onClick={onMore} disabled={loading}>
          {loading ? 'Loading…' : 'Load more'}
        </Button>
      ) : null}
    </div>
  );
}
