'use client';
import type { ExperimentView } from '@claimbench/contracts';
import {
  Button,
  buttonClass,
  CodeBlock,
  Dialog,
  Facts,
  HashText,
  Loading,
  Notice,
  PageHeader,
  ProgressBar,
  Section,
  StateMark,
} from '@claimbench/ui';
import { duration } from '@claimbench/ui/numbers';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Copy, OctagonX } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { toast } from 'sonner';
import { explain } from '../api/problem.ts';
import { cancelExperiment, claimView, experimentView } from '../api/queries.ts';
import { ProtocolFacts } from '../claims/protocol-list.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { LiveMark } from '../live/live-mark.tsx';
import { useLiveEvents } from '../live/use-live-events.ts';
import { Guards, VerdictRule } from '../verdicts/verdict-evidence.tsx';
import { VerdictPanel } from '../verdicts/verdict-panel.tsx';
import { Ago } from '../wording/times.tsx';
import { ArmTable } from './arm-table.tsx';
import { ComparisonChart } from './comparison-chart.tsx';
import { CurvesSection } from './curves-section.tsx';
import { countWords, runShares } from './run-counts.ts';
import { RunTableOf } from './run-table.tsx';

export function ExperimentPage({ id }: { id: string }) {
  const query = useQuery(experimentView(id));
  const live = useLiveEvents(
    { experiment: id },
    {
      enabled: query.data?.state === 'running',
      onEvent: (event) => {
        if (event.type === 'verdict.reached') toast(`Claim ${event.claim}: ${event.verdict}`);
      },
    },
  );
  return (
    <QueryView query={query} what="the experiment" page loading={<Loading lines={8} label="Loading the experiment" />}>
      {(experiment) => <Experiment experiment={experiment} live={<LiveMark state={live} />} />}
    </QueryView>
  );
}

function Experiment({ experiment, live }: { experiment: ExperimentView; live: React.ReactNode }) {
  const running = experiment.state === 'running';
  const protocol = experiment.registration?.registered.protocol ?? null;
  return (
    <article data-experiment={experiment.state}>
      <PageHeader
        trail={
          <span className="flex flex-wrap items-center gap-x-3">
            <Link href="/experiments" className="underline-offset-2 hover:underline">
              Experiments
            </Link>
            <StateMark state={experiment.state} className="font-medium" />
            {live}
          </span>
        }
        title={experiment.title}
        actions={
          <>
            {running ? <CancelButton id={experiment.id} /> : null}
            {experiment.request.kind === 'comparison' ? (
              <Link href={`/experiments/new?clone=${experiment.id}`} className={buttonClass()}>
                <Copy aria-hidden="true" size={13} /> Clone and edit
              </Link>
            ) : null}
          </>
        }
      >
        <Summary experiment={experiment} />
      </PageHeader>

      {experiment.reason && experiment.state !== 'succeeded' ? (
        <Notice tone={experiment.state === 'failed' ? 'caution' : 'information'} className="mb-5">
          {experiment.reason}
        </Notice>
      ) : null}

      {protocol && experiment.claim ? <ProtocolOutcome experiment={experiment} claimId={experiment.claim} /> : null}

      <div className="grid gap-x-12 lg:grid-cols-2">
        <Section title="Comparison">
          <ComparisonChart experimentId={experiment.id} />
        </Section>
        <Section title="Curves">
          <CurvesSection experimentId={experiment.id} />
        </Section>
      </div>
      <Section title="Arms" aside="over the same seeds">
        <ArmTable experimentId={experiment.id} />
      </Section>
      <Section title="Runs">
        <RunTableOf experimentId={experiment.id} />
      </Section>
      {experiment.registration && protocol ? (
        <Section title="Registration" aside="the protocol was frozen before its seeds were revealed">
          <div className="grid gap-8 lg:grid-cols-2">
            <ProtocolFacts protocol={protocol} />
            <Facts
              entries={[
                ['Protocol hash', <HashText key="p" hash={experiment.registration.protocolHash} digits={20} />],
                ['Commitment', <HashText key="c" hash={experiment.registration.reveal.commitment} digits={20} />],
                ['Revealed', <HashText key="s" hash={experiment.registration.reveal.secret} digits={20} />],
                ['Chain index', experiment.registration.reveal.index],
                [
                  'Check',
                  'The commitment is the SHA-256 of the revealed secret and was public before. Seed i is the first 4 bytes of SHA-256(secret, protocol hash, i).',
                ],
              ]}
            />
          </div>
        </Section>
      ) : null}
      <Section title="Request">
        <CodeBlock label="What was submitted" text={JSON.stringify(experiment.request, null, 2)} />
      </Section>
    </article>
  );
}

function Summary({ experiment }: { experiment: ExperimentView }) {
  const { counts, phase, remainingSeconds, state, createdAt, finishedAt } = experiment;
  const tuning = state === 'running' && phase === 'tuning';
  return (
    <div className="max-w-[34rem]">
      <ProgressBar label="Runs done" parts={runShares(counts)} className="mt-1 mb-2" />
      <p className="tabular flex flex-wrap gap-x-4 text-sm text-ink-soft">
        <span data-counts>{countWords(counts)}</span>
        {remainingSeconds !== null && state === 'running' ? (
          <span>
            about {duration(remainingSeconds)} left{tuning ? ' of the tuning' : ''}
          </span>
        ) : null}
        <span>
          submitted <Ago at={createdAt} />
        </span>
        {finishedAt ? <span>took {duration((Date.parse(finishedAt) - Date.parse(createdAt)) / 1000)}</span> : null}
      </p>
    </div>
  );
}

/** The verdict of a protocol, or what it will be about. */
function ProtocolOutcome({ experiment, claimId }: { experiment: ExperimentView; claimId: string }) {
  const claim = useQuery(claimView(claimId));
  return (
    <Section
      title="Verdict"
      aside={
        <Link href={`/claims/${claimId}`} className="text-accent underline-offset-2 hover:underline">
          claim {claimId}
        </Link>
      }
    >
      {claim.data ? <p className="mb-4 max-w-[46rem] text-base text-ink-soft">“{claim.data.claim.statement}”</p> : null}
      {experiment.verdict ? (
        <div className="space-y-8">
          <div className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]">
            <VerdictPanel
              record={{ verdict: experiment.verdict, evidenceLevel: 'measured' }}
              claim={claim.data?.claim ?? { claimedValue: null, unit: null, subject: '', condition: '' }}
            />
            <VerdictRule verdict={experiment.verdict} className="content-start" />
          </div>
          <Guards verdict={experiment.verdict} />
        </div>
      ) : (
        <Notice>
          {experiment.state !== 'running'
            ? 'This experiment ended without a verdict.'
            : experiment.phase === 'tuning'
              ? 'Learning rates and the number of seeds are chosen first, on seeds that are never judged. The runs that decide come after.'
              : 'The verdict is reached when all runs of the registered look have ended.'}
        </Notice>
      )}
    </Section>
  );
}

function CancelButton({ id }: { id: string }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const cancel = useMutation({
    mutationFn: () => cancelExperiment(id),
    onSuccess: (experiment) => {
      setOpen(false);
      client.setQueryData(experimentView(id).queryKey, experiment);
      void client.invalidateQueries({ queryKey: ['experiment', id] });
      void client.invalidateQueries({ queryKey: ['experiments'] });
    },
    onError: (error) => toast.error(explain(error).title, { description: explain(error).detail }),
  });
  return (
    <>
      <Button variant="danger" onClick={() => setOpen(true)}>
        <OctagonX aria-hidden="true" size={13} /> Cancel
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Cancel this experiment?"
        description="Runs that have ended keep their results. Runs that wait or work are stopped, unless another experiment needs them."
      >
        <div className="mt-5 flex justify-end gap-2">
          <Button onClick={() => setOpen(false)}>Keep it running</Button>
          <Button variant="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
            {cancel.isPending ? 'Cancelling…' : 'Cancel the experiment'}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
