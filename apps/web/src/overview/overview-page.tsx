'use client';
import type { ClaimSummary, VerdictWord } from '@claimbench/contracts';
import { buttonClass, EmptyState, Loading, Section, Skeleton, VerdictGlyph, VerdictMark } from '@claimbench/ui';
import { count } from '@claimbench/ui/numbers';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { claimsTop, experimentsTop } from '../api/queries.ts';
import { measuredEffect } from '../claims/claim-numbers.ts';
import { ExperimentTable } from '../experiments/experiment-list.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { LiveMark } from '../live/live-mark.tsx';
import { useLiveEvents } from '../live/use-live-events.ts';
import { Ago } from '../wording/times.tsx';
import { expectedFalse, verdictPhrase } from '../wording/verdicts.ts';

const LATEST = 6;

export function OverviewPage() {
  const live = useLiveEvents({});
  return (
    <>
      <div className="mb-8 flex flex-wrap items-end justify-between gap-4">
        <h1 className="max-w-[40rem] text-xl font-semibold tracking-[-0.016em] text-ink sm:text-2xl">
          What papers on efficient neural networks claim, re‑run and measured, with a verdict and its evidence.
        </h1>
        <LiveMark state={live} />
      </div>
      <Headline />
      <div className="grid gap-x-12 lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]">
        <Section title="Latest verdicts" aside={<SectionLink href="/claims?status=verdict">all verdicts</SectionLink>}>
          <LatestVerdicts />
        </Section>
        <Section title="Experiments" aside={<SectionLink href="/experiments">all experiments</SectionLink>}>
          <LatestExperiments />
        </Section>
      </div>
    </>
  );
}

function SectionLink({ href, children }: { href: string; children: React.ReactNode }) {
  return (
    <Link href={href} className="text-accent underline-offset-2 hover:underline">
      {children}
    </Link>
  );
}

/** How many claims there are, how many are decided, and how. Each number leads to the claims behind it. */
function Headline() {
  const all = useQuery(claimsTop({}, 1));
  const ready = useQuery(claimsTop({ status: 'implemented' }, 1));
  const words: VerdictWord[] = ['supported', 'contradicted', 'inconclusive'];
  const supported = useQuery(claimsTop({ verdict: 'supported' }, 1));
  const contradicted = useQuery(claimsTop({ verdict: 'contradicted' }, 1));
  const inconclusive = useQuery(claimsTop({ verdict: 'inconclusive' }, 1));
  const totals = { supported, contradicted, inconclusive };
  const decided = (supported.data?.total ?? 0) + (contradicted.data?.total ?? 0);
  return (
    <div className="mb-8">
      <div className="grid grid-cols-2 gap-x-6 gap-y-4 border-y border-line py-5 sm:grid-cols-5">
        {words.map((word) => (
          <HeadlineNumber
            key={word}
            href={`/claims?verdict=${word}`}
            value={totals[word].data?.total}
            failed={totals[word].error !== null}
            label={
              <span className="inline-flex items-center gap-1.5">
                <VerdictGlyph verdict={word} size={11} /> {word}
              </span>
            }
          />
        ))}
        <HeadlineNumber
          href="/claims?status=implemented"
          value={ready.data?.total}
          failed={ready.error !== null}
          label="ready to be tested"
        />
        <HeadlineNumber
          href="/claims"
          value={all.data?.total}
          failed={all.error !== null}
          label="claims in the corpus"
        />
      </div>
      {decided > 0 ? (
        <p className="mt-2 text-xs text-ink-faint">
          Each decision errs in at most 2.5 % of cases: of {decided} decided verdicts, {expectedFalse(decided)} are
          expected to be false.
        </p>
      ) : null}
    </div>
  );
}

function HeadlineNumber({
  href,
  value,
  failed,
  label,
}: {
  href: string;
  value: number | null | undefined;
  failed: boolean;
  label: React.ReactNode;
}) {
  return (
    <Link href={href} className="group block min-w-0">
      <span className="tabular block text-2xl font-medium tracking-[-0.02em] text-ink">
        {value === undefined || value === null ? failed ? '–' : <Skeleton className="my-1.5 h-5 w-10" /> : count(value)}
      </span>
      <span className="text-sm text-ink-soft underline-offset-2 group-hover:underline">{label}</span>
    </Link>
  );
}

function LatestVerdicts() {
  // claims have no order by time; all with a verdict are few enough to be sorted here
  const claims = useQuery(claimsTop({ status: 'verdict' }, 200));
  return (
    <QueryView query={claims} what="the latest verdicts" loading={<Loading lines={6} label="Loading verdicts" />}>
      {({ items }) => {
        const latest = items
          .flatMap((claim) => (claim.headline ? [{ claim, headline: claim.headline }] : []))
          .sort((a, b) => Date.parse(b.headline.at) - Date.parse(a.headline.at))
          .slice(0, LATEST);
        if (latest.length === 0) {
          return (
            <EmptyState
              title="No verdict yet"
              action={
                <Link href="/claims?status=implemented" className={buttonClass({ variant: 'primary' })}>
                  Choose a claim
                </Link>
              }
            >
              Register the protocol of a claim: its runs take about two minutes, and the verdict appears here.
            </EmptyState>
          );
        }
        return (
          <ul className="m-0 list-none p-0">
            {latest.map(({ claim, headline }) => (
              <LatestVerdict key={claim.id} claim={claim} headline={headline} />
            ))}
          </ul>
        );
      }}
    </QueryView>
  );
}

function LatestVerdict({ claim, headline }: { claim: ClaimSummary; headline: NonNullable<ClaimSummary['headline']> }) {
  const ours = measuredEffect(headline.verdict);
  return (
    <li className="border-b border-line py-2.5 first:pt-0">
      <Link href={`/claims/${claim.id}`} className="group block">
        <span className="font-medium text-ink underline-offset-2 group-hover:underline">{claim.statement}</span>
        <span className="mt-0.5 flex flex-wrap items-baseline gap-x-4 text-sm">
          <VerdictMark verdict={headline.verdict.verdict}>
            {verdictPhrase(headline.verdict, headline.evidenceLevel)}
          </VerdictMark>
          {ours ? (
            <span className="tabular text-ink-soft">
              {ours.value} {ours.unit}, n = {ours.n}
            </span>
          ) : null}
          <span className="ml-auto text-xs text-ink-faint">
            <Ago at={headline.at} />
          </span>
        </span>
      </Link>
    </li>
  );
}

function LatestExperiments() {
  const experiments = useQuery(experimentsTop({}, LATEST));
  return (
    <QueryView query={experiments} what="the experiments" loading={<Loading lines={6} label="Loading experiments" />}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState
            title="No experiments yet"
            action={
              <Link href="/experiments/new" className={buttonClass()}>
                New experiment
              </Link>
            }
          >
            Compare techniques over a grid of parameters on a small language model.
          </EmptyState>
        ) : (
          <ExperimentTable experiments={items} label="Latest experiments" compact />
        )
      }
    </QueryView>
  );
}
