'use client';
import { RUN_STATES, RunState, type RunSummary } from '@claimbench/contracts';
import { Cell, EmptyState, HashText, HeadCell, Loading, Row, StateMark, Table, Tag } from '@claimbench/ui';
import { duration } from '@claimbench/ui/numbers';
import { useInfiniteQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { experimentRuns } from '../api/queries.ts';
import { FilterSelect } from '../lists/filters.tsx';
import { LoadMore } from '../lists/load-more.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { metricUnit, metricWording, runMetricColumn } from '../wording/metrics.ts';

/** The runs of an experiment, `limit` at a time, filtered by state; the filter is part of the address (`state`). */
export function RunTableOf({ experimentId, limit }: { experimentId: string; limit?: number }) {
  const [state, setState] = useQueryState('state', parseAsStringLiteral(RunState.options));
  const runs = useInfiniteQuery(experimentRuns(experimentId, state ? { state } : {}, limit));
  return (
    <>
      <div className="mb-2 w-44">
        <FilterSelect
          label="State"
          value={state}
          onChange={(next) => setState(next)}
          options={RUN_STATES.map((value) => ({ value, label: value.replace('-', ' ') }))}
        />
      </div>
      <QueryView query={runs} what="the runs" loading={<Loading lines={6} label="Loading runs" />}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) {
            return <EmptyState title={state ? `No run is ${state.replace('-', ' ')}` : 'No runs yet'} />;
          }
          return (
            <>
              <RunTable runs={items} />
              <LoadMore
                shown={items.length}
                total={pages[0]?.total ?? null}
                noun="runs"
                hasMore={runs.hasNextPage}
                loading={runs.isFetchingNextPage}
                onMore={() => runs.fetchNextPage()}
              />
            </>
          );
        }}
      </QueryView>
    </>
  );
}

/** The first of these that any run has is the column of the table. */
const LEADING_METRICS = ['natsPerByte', 'natsPerToken', 'natsPerItem', 'top1Accuracy', 'trainingLoss'];

function RunTable({ runs }: { runs: readonly RunSummary[] }) {
  const metric = LEADING_METRICS.find((name) => runs.some((run) => run.metrics[name] !== undefined)) ?? null;
  const print = runMetricColumn(
    metric ?? '',
    runs.flatMap((run) => run.metrics[metric ?? ''] ?? []),
  );
  return (
    <Table label="Runs">
      <thead>
        <tr>
          <HeadCell className="w-32">State</HeadCell>
          <HeadCell>Arm</HeadCell>
          <HeadCell className="max-sm:hidden">Role</HeadCell>
          <HeadCell numeric>Seed</HeadCell>
          {metric ? (
            <HeadCell numeric unit={metricUnit(metric)}>
              {metricWording(metric).title}
            </HeadCell>
          ) : null}
          <HeadCell numeric className="max-sm:hidden">
            Time
          </HeadCell>
          <HeadCell className="max-md:hidden">Spec</HeadCell>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => {
          const value = metric ? run.metrics[metric] : undefined;
          return (
            <Row key={run.id} data-run={run.id} data-state={run.state}>
              <Cell>
                <StateMark state={run.state} />
                {run.state === 'running' && run.progress !== null ? (
                  <span className="tabular ml-1.5 text-xs text-ink-faint">{Math.floor(run.progress * 100)} %</span>
                ) : null}
              </Cell>
              <Cell>
                <Link href={`/runs/${run.id}`} className="text-ink underline-offset-2 hover:underline">
                  {run.label}
                </Link>
                {run.reused ? <Tag className="ml-2">measured earlier</Tag> : null}
                {run.failure ? <div className="text-xs text-contradicted">{run.failure.message}</div> : null}
              </Cell>
              <Cell className="text-ink-soft max-sm:hidden">{run.role}</Cell>
              <Cell numeric title={`seed ${run.seed}`}>
                {run.block < 0 ? 'all' : run.block + 1}
              </Cell>
              {metric ? <Cell numeric>{value === undefined ? '' : print(value)}</Cell> : null}
              <Cell numeric className="max-sm:hidden">
                {run.seconds === null ? '' : duration(run.seconds)}
              </Cell>
              <Cell className="max-md:hidden">
                <HashText hash={run.specHash} />
              </Cell>
            </Row>
          );
        })}
      </tbody>
    </Table>
  );
}
