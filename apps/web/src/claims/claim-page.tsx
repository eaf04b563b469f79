'use client';
import type { ClaimView } from '@claimbench/contracts';
import {
  EmptyState,
  ForestPlot,
  PageHeader,
  ProgressBar,
  Section,
  Skeleton,
  StateMark,
  Tag,
  VerdictMark,
} from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { claimView } from '../api/queries.ts';
import { runShares } from '../experiments/run-counts.ts';
import { RunTableOf } from '../experiments/run-table.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { LiveMark } from '../live/live-mark.tsx';
import { useLiveEvents } from '../live/use-live-events.ts';
import { Guards, VerdictRule } from '../verdicts/verdict-evidence.tsx';
import { VerdictPanel } from '../verdicts/verdict-panel.tsx';
import { FAMILY_WORDS, STATUS_WORDS, verdictPhrase } from '../wording/verdicts.ts';
import { settingRows } from './claim-numbers.ts';
import { PaperSays } from './paper-says.tsx';
import { ProtocolList, RegisterButton } from './protocol-list.tsx';
import { VerdictHistory } from './verdict-history.tsx';

export function ClaimPage({ id }: { id: string }) {
  const query = useQuery(claimView(id));
  const live = useLiveEvents({}, { enabled: query.data !== undefined && query.data.protocols.length > 0 });
  return (
    <QueryView query={query} what={`claim ${id}`} page loading={<ClaimSkeleton />}>
      {(view) => <Claim view={view} live={<LiveMark state={live} />} />}
    </QueryView>
  );
}

function Claim({ view, live }: { view: ClaimView; live: React.ReactNode }) {
  const { claim, paper, protocols, history, experiments } = view;
  const headline = claim.headline;
  const protocol = protocols.find((one) => one.id === headline?.verdict.protocolId) ?? protocols[0];
  const settings = settingRows(history, claim);
  const running = experiments.filter((experiment) => experiment.state === 'running');

  return (
    <article>
      <PageHeader
        trail={
          <span className="flex flex-wrap items-center gap-x-2">
            <Link href="/claims" className="underline-offset-2 hover:underline">
              Claims
            </Link>
            <span aria-hidden="true">/</span>
            <span className="tabular">{claim.id}</span>
            <Tag>{FAMILY_WORDS[paper.family]}</Tag>
            {live}
          </span>
        }
        title={claim.statement}
        actions={
          protocols.length === 1 && protocol ? (
            <RegisterButton protocol={protocol} again={experiments.length > 0} />
          ) : null
        }
      >
        {headline ? (
          <VerdictMark verdict={headline.verdict.verdict} className="lg:hidden">
            {verdictPhrase(headline.verdict, headline.evidenceLevel)}
          </VerdictMark>
        ) : null}
      </PageHeader>

      {running.map((experiment) => (
        <Link
          key={experiment.id}
          href={`/experiments/${experiment.id}`}
          className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-1 rounded-lg bg-accent-soft px-4 py-2.5 text-sm text-ink hover:underline"
        >
          <StateMark state="running" />
          <span className="min-w-0 flex-1">{experiment.title}</span>
          <ProgressBar label="Runs done" parts={runShares(experiment.counts)} className="w-40" />
        </Link>
      ))}

      <div className="grid gap-x-12 lg:grid-cols-[minmax(0,5fr)_minmax(0,7fr)]">
        <Section title="What the paper says">
          <PaperSays claim={claim} paper={paper} />
        </Section>
        <Section
          title="What we measured"
          aside={
            headline ? (
              <a
                href={`/api/verdicts/${headline.id}/citation`}
                download="CITATION.cff"
                className="text-accent underline-offset-2 hover:underline"
              >
                cite this verdict
              </a>
            ) : null
          }
        >
          {headline ? (
            <VerdictPanel record={headline} claim={claim} />
          ) : (
            <EmptyState
              title={
                running.length > 0
                  ? 'Being measured'
                  : protocols.length > 0
                    ? 'Not measured yet'
                    : `No verdict: ${STATUS_WORDS[claim.status]}`
              }
            >
              {running.length > 0
                ? 'The verdict appears here when the registered runs have ended.'
                : protocols.length > 0
                  ? 'A protocol is ready. Register it, and its numbers and its verdict appear here.'
                  : (claim.testability?.reason ?? 'This claim lies outside the four families that are tested here.')}
            </EmptyState>
          )}
        </Section>
      </div>

      {settings.length > 0 ? (
        <Section title="At every scale and on every backend" aside="the latest verdict of each protocol">
          <ForestPlot
            title={`Effects, ${settings.length} rows`}
            rows={settings}
            levelText="whisker: the interval of each verdict's own look, paired by seed"
          />
        </Section>
      ) : null}
      {headline ? (
        <>
          <Section title="The rule in words" aside={`rule version ${headline.verdict.ruleVersion}`}>
            <VerdictRule verdict={headline.verdict} className="lg:grid-cols-2" />
          </Section>
          {claim.doubt && headline.verdict.verdict === 'contradicted' ? (
            <Section title="Doubt" aside="what was checked before the contradiction was believed">
              <p className="max-w-prose text-sm">{claim.doubt}</p>
            </Section>
          ) : null}
          <Section title="Guards and controls" aside="comparisons whose result was known beforehand">
            <Guards verdict={headline.verdict} />
          </Section>
          <Section
            title="Runs behind it"
            aside={
              <Link
                href={`/experiments/${headline.experimentId}`}
                className="text-accent underline-offset-2 hover:underline"
              >
                the whole experiment
              </Link>
            }
          >
            <RunTableOf experimentId={headline.experimentId} limit={12} />
          </Section>
        </>
      ) : null}
      {protocols.length > 0 ? (
        <Section
          title={protocols.length === 1 ? 'Protocol' : 'Protocols'}
          aside="fixed, hashed and registered before its seeds exist"
        >
          <ProtocolList protocols={protocols} />
        </Section>
      ) : null}

      {history.length > 0 ? (
        <Section title="Verdict history" aside="appended, never edited">
          <VerdictHistory history={history} />
        </Section>
      ) : null}
      {experiments.length > 0 ? (
        <Section title="Experiments on this claim">
          <ul className="m-0 list-none p-0">
            {experiments.map((experiment) => (
              <li
                key={experiment.id}
                className="flex flex-wrap items-baseline gap-x-4 gap-y-1 border-b border-line py-1.5 text-sm"
              >
                <StateMark state={experiment.state} className="w-28" />
                <Link
                  href={`/experiments/${experiment.id}`}
                  className="min-w-0 flex-1 text-ink underline-offset-2 hover:underline"
                >
                  {experiment.title}
                </Link>
                {experiment.verdictWord ? <ExperimentVerdict word={experiment.verdictWord} /> : null}
              </li>
            ))}
          </ul>
        </Section>
      ) : null}
    </article>
  );
}

/** The word of an experiment's verdict; words that are no verdict are printed as they are. */
export function ExperimentVerdict({ word }: { word: string }) {
  return word === 'supported' || word === 'contradicted' || word === 'inconclusive' ? (
    <VerdictMark verdict={word} />
  ) : (
    <span>{word}</span>
  );
}

function ClaimSkeleton() {
  return (
    <div role="status" aria-label="Loading the claim">
      <Skeleton className="mb-3 w-40" />
      <Skeleton className="mb-8 h-7 w-3/4" />
      <div className="grid gap-12 lg:grid-cols-[5fr_7fr]">
        <div className="space-y-3">
          <Skeleton className="h-8 w-1/3" />
          <Skeleton />
          <Skeleton className="w-4/5" />
          <Skeleton className="w-5/6" />
        </div>
        <div className="space-y-3">
          <Skeleton className="h-8 w-1/2" />
          <Skeleton className="h-40" />
          <Skeleton className="w-2/3" />
        </div>
      </div>
    </div>
  );
}
