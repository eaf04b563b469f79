'use client';
import { CurveChart, EmptyState, Loading } from '@claimbench/ui';
import { count } from '@claimbench/ui/numbers';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { experimentCurves, experimentRuns, runView } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { armSeries, drawnOf } from './curves.ts';
import { seriesWording, useChosenSeries } from './series.tsx';

/** What the judged runs recorded while they worked, one line an arm. */
export function CurvesSection({ experimentId }: { experimentId: string }) {
  const runs = useInfiniteQuery(experimentRuns(experimentId, {}));
  // any run that has recorded something tells which series there are
  const started = runs.data?.pages
    .flatMap((page) => page.items)
    .find((run) => run.role === 'judged' && run.state !== 'queued' && run.state !== 'claimed');
  const sample = useQuery({ ...runView(started?.id ?? ''), enabled: started !== undefined });
  const names = sample.data?.series.filter((series) => series.count > 1).map((series) => series.series) ?? [];
  if (started === undefined || sample.data === undefined) {
    return started === undefined && !runs.isPending ? (
      <EmptyState title="No curves yet">They begin with the first run that starts, those that tune aside.</EmptyState>
    ) : (
      <Loading lines={5} label="Loading curves" />
    );
  }
  if (names.length === 0) {
    return (
      <EmptyState title="No curves">
        These runs apply their technique to a trained checkpoint and train nothing themselves: their numbers are in the
        comparison.
      </EmptyState>
    );
  }
  return <Curves experimentId={experimentId} names={names} />;
}

function Curves({ experimentId, names }: { experimentId: string; names: readonly string[] }) {
  const [name = '', choice] = useChosenSeries(names);
  const curves = useQuery(experimentCurves(experimentId, name));
  const wording = seriesWording(name);
  return (
    <QueryView query={curves} what="the curves" loading={<Loading lines={6} label="Loading curves" />}>
      {({ arms }) => {
        const series = armSeries(arms);
        const drawn = drawnOf(arms);
        const most = Math.max(0, ...series.map((one) => one.n));
        return (
          <CurveChart
            title={wording.title}
            series={series}
            xLabel="Step"
            yLabel={wording.title}
            unit={wording.unit}
            bandText="range over seeds"
            note={`n = ${most} ${most === 1 ? 'seed' : 'seeds'} an arm; ${count(drawn.buckets)} of ${count(drawn.points)} points drawn, each the mean of its stretch`}
            controls={choice}
          />
        );
      }}
    </QueryView>
  );
}
