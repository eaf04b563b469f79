'use client';
import type { RunView } from '@claimbench/contracts';
import { isTerminal } from '@claimbench/contracts';
import {
  Button,
  Cell,
  CodeBlock,
  CurveChart,
  EmptyState,
  ErrorState,
  Facts,
  HashText,
  HeadCell,
  Loading,
  Notice,
  PageHeader,
  ProgressBar,
  Row,
  Section,
  StateMark,
  Table,
} from '@claimbench/ui';
import { count } from '@claimbench/ui/numbers';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { OctagonX } from 'lucide-react';
import Link from 'next/link';
import { toast } from 'sonner';
import { explain } from '../api/problem.ts';
import { cancelRun, runSeries, runView } from '../api/queries.ts';
import { parameterText } from '../experiments/comparison.ts';
import { seriesWording, useChosenSeries } from '../experiments/series.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { LiveMark } from '../live/live-mark.tsx';
import { useLiveEvents } from '../live/use-live-events.ts';
import { metricUnit, metricWording, runMetric, spelledOut, timing } from '../wording/metrics.ts';
import { Attempts, Lineage } from './run-history.tsx';
import { RunLog } from './run-log.tsx';

export function RunPage({ id }: { id: string }) {
  const query = useQuery(runView(id));
  const live = useLiveEvents({ run: id }, { enabled: query.data !== undefined && !isTerminal(query.data.state) });
  return (
    <QueryView query={query} what="the run" page loading={<Loading lines={8} label="Loading the run" />}>
      {(run) => <Run run={run} live={<LiveMark state={live} />} />}
    </QueryView>
  );
}

function Run({ run, live }: { run: RunView; live: React.ReactNode }) {
  const [experiment] = run.lineage.experiments;
  const { spec } = run;
  const parameters = Object.entries(spec.technique.parameters);
  return (
    <article data-run-state={run.state}>
      <PageHeader
        trail={
          <span className="flex flex-wrap items-center gap-x-3">
            {experiment ? (
              <Link href={`/experiments/${experiment.id}`} className="underline-offset-2 hover:underline">
                {experiment.title}
              </Link>
            ) : (
              <Link href="/experiments" className="underline-offset-2 hover:underline">
                Experiments
              </Link>
            )}
            <StateMark state={run.state} className="font-medium" />
            {live}
          </span>
        }
        title={
          spec.technique.id === 'none'
            ? `${spec.subject.name}, unchanged`
            : `${spec.technique.id} on ${spec.subject.name}`
        }
        actions={isTerminal(run.state) ? null : <CancelRunButton id={run.id} />}
      >
        <p className="tabular text-sm">
          {parameters.map(([name, value]) => `${name} ${parameterText(value)}`).join(', ') || 'no parameters'}; seed{' '}
          {spec.seed}; {spec.backend}; evaluated on {spec.evaluation.data.name}
        </p>
        {run.progress !== null && !isTerminal(run.state) ? (
          <ProgressBar
            label="Progress of the run"
            parts={[{ name: 'done', share: run.progress, tone: 'bg-accent' }]}
            className="mt-3 max-w-[34rem]"
          />
        ) : null}
      </PageHeader>

      {run.failure ? (
        <div className="mb-6">
          <ErrorState
            title={
              run.failure.step === undefined ? 'The run failed' : `The run failed at step ${count(run.failure.step)}`
            }
            detail={run.failure.message}
            code={run.failure.code}
          />
        </div>
      ) : null}
      {run.outcome?.diverged ? (
        <Notice tone="caution" className="mb-6">
          Training diverged at step {count(run.outcome.diverged.step)}: {run.outcome.diverged.reason}. This is an
          outcome: it counts with the unigram entropy as its loss.
        </Notice>
      ) : null}

      <div className="grid gap-x-12 lg:grid-cols-2">
        <Section title="Metrics">
          <Metrics run={run} />
        </Section>
        <Section title="Environment" aside="where it ran; no part of the spec">
          {run.outcome ? (
            <Facts
              className="tabular"
              entries={[
                ...Object.entries(run.outcome.environment).map(
                  ([name, value]) => [spelledOut(name), String(value)] as const,
                ),
                ...Object.entries(run.outcome.timings).map(
                  ([name, value]) => [spelledOut(name), timing(name, value)] as const,
                ),
              ]}
            />
          ) : (
            <EmptyState title="Not known yet">
              It is reported with the outcome; the attempts below name the machine.
            </EmptyState>
          )}
        </Section>
      </div>

      <Section title="Curves">
        <RunCurves run={run} />
      </Section>

      <Section title="Lineage" aside="what it came from, what it left">
        <Lineage run={run} />
      </Section>

      <Section title="Attempts" aside="each execution by a worker">
        <Attempts run={run} />
      </Section>
      <Section title="Log">
        <RunLog id={run.id} />
      </Section>
      <Section title="RunSpec" aside="everything that decides the numbers; its hash is the run's identity">
        <CodeBlock label={`SHA-256 ${run.specHash}`} text={JSON.stringify(run.spec, null, 2)} />
      </Section>
    </article>
  );
}

function Metrics({ run }: { run: RunView }) {
  if (!run.outcome) {
    return (
      <EmptyState title={isTerminal(run.state) ? 'No outcome' : 'Not finished'}>
        {isTerminal(run.state) ? 'The run ended without numbers.' : 'Final metrics come when the run ends.'}
      </EmptyState>
    );
  }
  return (
    <>
      <Table label="Final metrics">
        <thead>
          <tr>
            <HeadCell>Metric</HeadCell>
            <HeadCell numeric>Value</HeadCell>
            <HeadCell>Unit</HeadCell>
          </tr>
        </thead>
        <tbody>
          {Object.entries(run.outcome.metrics).map(([name, value]) => (
            <Row key={name} data-metric={name}>
              <Cell>{metricWording(name).title}</Cell>
              <Cell numeric>{runMetric(name, value)}</Cell>
              <Cell className="text-ink-faint">{metricUnit(name)}</Cell>
            </Row>
          ))}
        </tbody>
      </Table>
      <p className="mt-2 text-xs text-ink-faint">
        One seed: no uncertainty of its own. Digest <HashText hash={run.outcome.digest} digits={16} />
      </p>
    </>
  );
}

function RunCurves({ run }: { run: RunView }) {
  const names = run.series.filter((series) => series.count > 1).map((series) => series.series);
  const [name, choice] = useChosenSeries(names);
  const series = useQuery({ ...runSeries(run.id, name ?? ''), enabled: name !== undefined });
  if (name === undefined) {
    return (
      <EmptyState title={isTerminal(run.state) ? 'No curves' : 'No points yet'}>
        {isTerminal(run.state)
          ? 'This run trained nothing and recorded no series.'
          : 'Points arrive while the run works.'}
      </EmptyState>
    );
  }
  const wording = seriesWording(name);
  return (
    <QueryView query={series} what="the curve">
      {(data) => (
        <CurveChart
          title={wording.title}
          series={[
            {
              id: data.series,
              label: wording.title,
              // min and max of a bucket are a range over steps: drawn as a band like that over seeds
              n: data.buckets.some((bucket) => bucket.count > 1) ? 2 : 1,
              points: data.buckets.map((bucket) => ({
                x: bucket.step,
                mean: bucket.mean,
                low: bucket.min,
                high: bucket.max,
              })),
            },
          ]}
          xLabel="Step"
          yLabel={wording.title}
          unit={wording.unit}
          bandText="range inside each stretch"
          note={`one run; ${count(data.buckets.length)} of ${count(data.count)} points drawn, each the mean of its stretch`}
          controls={choice}
        />
      )}
    </QueryView>
  );
}

function CancelRunButton({ id }: { id: string }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelRun(id),
    onSuccess: (run) => client.setQueryData(runView(id).queryKey, run),
    onError: (error) => toast.error(explain(error).title, { description: explain(error).detail }),
  });
  return (
    <Button variant="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
      <OctagonX aria-hidden="true" size={13} /> {cancel.isPending ? 'Cancelling…' : 'Cancel run'}
    </Button>
  );
}
