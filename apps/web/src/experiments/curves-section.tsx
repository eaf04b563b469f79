'use client';
import { METRICS } from '@claimbench/contracts';
import { CurveChart, EmptyState, Loading, Select } from '@claimbench/ui';
import { count } from '@claimbench/ui/numbers';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { parseAsString, useQueryState } from 'nuqs';
import { experimentCurves, experimentRuns, runView } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { metricWording, spelledOut } from '../wording/metrics.ts';
import { armSeries, drawnOf } from './curves.ts';

const SERIES_UNITS: Record<string, { title: string; unit: string }> = {
  tokensPerSecond: { title: 'Speed', unit: 'tokens/s' },
  residentMiB: { title: 'Memory', unit: 'MiB' },
};

/** Title and unit of a series; a series without an entry is spelled out. */
export function seriesWording(name: string): { title: string; unit: string } {
  const known = SERIES_UNITS[name];
  if (known) return known;
  if (Object.hasOwn(METRICS, name)) {
    const { title, unit } = metricWording(name);
    return { title, unit };
  }
  return { title: spelledOut(name), unit: '' };
}

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
      <EmptyState title="No curves yet">They begin with the first run that starts.</EmptyState>
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
  const [chosen, setChosen] = useQueryState('series', parseAsString);
  const name = names.find((one) => one === chosen) ?? names.find((one) => one === 'trainingLoss') ?? names[0] ?? '';
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
            controls={
              <Select
                aria-label="Series"
                value={name}
                onChange={(event) => setChosen(event.target.value)}
                className="w-40"
              >
                {names.map((one) => (
                  <option key={one} value={one}>
                    {spelledOut(one)}
                  </option>
                ))}
              </Select>
            }
          />
        );
      }}
    </QueryView>
  );
}
