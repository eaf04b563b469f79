'use client';
import { ExperimentState, type ExperimentSummary } from '@claimbench/contracts';
import {
  Button,
  buttonClass,
  Cell,
  EmptyState,
  HeadCell,
  Loading,
  PageHeader,
  ProgressBar,
  Row,
  StateMark,
  Table,
  Tag,
} from '@claimbench/ui';
import { useInfiniteQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { experimentsPages } from '../api/queries.ts';
import { ExperimentVerdict } from '../claims/claim-page.tsx';
import { FilterBar, FilterSelect, SearchField } from '../lists/filters.tsx';
import { LoadMore } from '../lists/load-more.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { LiveMark } from '../live/live-mark.tsx';
import { useLiveEvents } from '../live/use-live-events.ts';
import { Ago } from '../wording/times.tsx';
import { endedRuns, runShares, totalRuns } from './run-counts.ts';

export function ExperimentList() {
  const [filters, setFilters] = useQueryStates({
    q: parseAsString.withDefault(''),
    state: parseAsStringLiteral(ExperimentState.options),
    claim: parseAsString,
  });
  const asked = {
    ...(filters.q.trim() ? { q: filters.q.trim() } : {}),
    ...(filters.state ? { state: filters.state } : {}),
    ...(filters.claim ? { claim: filters.claim } : {}),
  };
  const filtered = Object.keys(asked).length > 0;
  const experiments = useInfiniteQuery(experimentsPages(asked));
  const live = useLiveEvents({});
  const clear = () => setFilters(null);
  return (
    <>
      <PageHeader trail={<LiveMark state={live} />} title="Experiments">
        Registered protocols and free comparisons, newest first.
      </PageHeader>
      <FilterBar onClear={filtered ? clear : null}>
        <SearchField
          label="Search titles"
          value={filters.q}
          onChange={(q) => setFilters({ q: q || null }, { limitUrlUpdates: debounce(250) })}
        />
        <FilterSelect
          label="State"
          value={filters.state}
          onChange={(state) => setFilters({ state })}
          options={ExperimentState.options.map((value) => ({ value, label: value }))}
        />
      </FilterBar>
      <QueryView query={experiments} what="the experiments" loading={<Loading lines={8} label="Loading experiments" />}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) {
            return filtered ? (
              <EmptyState
                title="No experiment fits these filters"
                action={<Button onClick={clear}>Clear filters</Button>}
              />
            ) : (
              <EmptyState
                title="No experiments yet"
                action={
                  <>
                    <Link href="/experiments/new" className={buttonClass({ variant: 'primary' })}>
                      New experiment
                    </Link>
                    <Link href="/claims?status=implemented" className={buttonClass()}>
                      Claims with a protocol
                    </Link>
                  </>
                }
              >
                Compare techniques over a grid of parameters, or register the protocol of a claim to reach its verdict.
              </EmptyState>
            );
          }
          return (
            <>
              <ExperimentTable experiments={items} label="Experiments" />
              <LoadMore
                shown={items.length}
                total={pages[0]?.total ?? null}
                noun="experiments"
                hasMore={experiments.hasNextPage}
                loading={experiments.isFetchingNextPage}
                onMore={() => experiments.fetchNextPage()}
              />
            </>
          );
        }}
      </QueryView>
    </>
  );
}

export function ExperimentTable({
  experiments,
  label,
  compact = false,
}: {
  experiments: readonly ExperimentSummary[];
  label: string;
  /** true: state, title and runs only, for a narrow column. */
  compact?: boolean;
}) {
  const wide = (classes: string) => (compact ? 'hidden' : classes);
  return (
    <Table label={label}>
      <thead>
        <tr>
          <HeadCell className="w-28">State</HeadCell>
          <HeadCell>Experiment</HeadCell>
          <HeadCell className={wide('w-32 max-md:hidden')}>Kind</HeadCell>
          <HeadCell className={wide('w-16 max-md:hidden')}>Claim</HeadCell>
          <HeadCell numeric className="w-20">
            Runs
          </HeadCell>
          <HeadCell className={wide('w-36 max-sm:hidden')}>Verdict</HeadCell>
          <HeadCell numeric className={wide('w-28 max-sm:hidden')}>
            Submitted
          </HeadCell>
        </tr>
      </thead>
      <tbody>
        {experiments.map((experiment) => (
          <Row key={experiment.id}>
            <Cell>
              <StateMark state={experiment.state} />
            </Cell>
            <Cell>
              <Link
                href={`/experiments/${experiment.id}`}
                className="font-medium text-ink underline-offset-2 hover:underline"
              >
                {experiment.title}
              </Link>
              {experiment.state === 'running' ? (
                <ProgressBar
                  label={`Runs of ${experiment.title} done`}
                  parts={runShares(experiment.counts)}
                  className="mt-1.5 max-w-60"
                />
              ) : null}
            </Cell>
            <Cell className={wide('max-md:hidden')}>
              <Tag>{experiment.kind}</Tag>
            </Cell>
            <Cell className={wide('tabular max-md:hidden')}>
              {experiment.claim ? (
                <Link href={`/claims/${experiment.claim}`} className="text-accent underline-offset-2 hover:underline">
                  {experiment.claim}
                </Link>
              ) : null}
            </Cell>
            <Cell numeric>
              {endedRuns(experiment.counts)}
              <span className="text-ink-faint"> / {totalRuns(experiment.counts)}</span>
            </Cell>
            <Cell className={wide('max-sm:hidden')}>
              {experiment.verdictWord ? <ExperimentVerdict word={experiment.verdictWord} /> : null}
            </Cell>
            <Cell numeric className={wide('max-sm:hidden')}>
              <Ago at={experiment.createdAt} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
