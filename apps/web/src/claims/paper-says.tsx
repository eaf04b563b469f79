import type { Claim, ClaimView } from '@claimbench/contracts';
import { Facts, Tag } from '@claimbench/ui';
import { ExternalLink } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { STATUS_WORDS } from '../wording/verdicts.ts';
import { claimedValue } from './claim-numbers.ts';

const DIRECTIONS: Record<Claim['direction'], string> = {
  'lower-better': 'lower is better',
  'higher-better': 'higher is better',
  equal: 'equal is claimed',
  qualitative: 'qualitative',
};

/** The claim as the paper makes it: value, unit, condition, subject, baseline. */
export function PaperSays({ claim, paper }: Pick<ClaimView, 'claim' | 'paper'>) {
  return (
    <div className="min-w-0">
      {claim.claimedValue === null ? (
        <p className="text-sm text-ink-soft">The claim carries no number; its direction is what can be tested.</p>
      ) : (
        <p className="tabular text-2xl font-medium tracking-[-0.02em] text-ink">
          {claimedValue(claim.claimedValue)}{' '}
          <span className="text-base font-normal text-ink-soft">{claim.unit ?? ''}</span>
        </p>
      )}
      <Facts
        className="mt-3"
        entries={[
          ['Metric', `${claim.metric} (${DIRECTIONS[claim.direction]})`],
          ['Condition', claim.condition || null],
          ['Subject', claim.subject || null],
          ['Against', claim.baseline || null],
          ['In the paper', claim.location],
          ['Kind', claim.kind ? <Tag key="kind">{claim.kind.replaceAll('-', ' ')}</Tag> : null],
          [
            'Status',
            <span key="status">
              {STATUS_WORDS[claim.status]}. {claim.statusReason}
            </span>,
          ],
          [
            'Testable here',
            claim.testability ? (
              <span key="testable">
                {claim.testability.at === 'not-here' ? 'no' : claim.testability.at}: {claim.testability.reason}
              </span>
            ) : null,
          ],
          [
            'Paper',
            <span key="paper">
              <Link href={`/papers/${paper.number}`} className="text-accent underline-offset-2 hover:underline">
                {paper.title}
              </Link>
              <PaperLinks paper={paper} />
            </span>,
          ],
        ]}
      />
    </div>
  );
}

/** Where the paper and its code are; a paper whose address the corpus does not know is looked for by its title. */
export function PaperLinks({ paper }: { paper: Pick<ClaimView['paper'], 'title' | 'links'> }) {
  const search = `https://arxiv.org/search/?searchtype=title&query=${encodeURIComponent(paper.title)}`;
  return (
    <span className="mt-0.5 flex flex-wrap gap-x-3">
      {paper.links.paper ? (
        <Outside href={paper.links.paper}>read it</Outside>
      ) : (
        <Outside href={search}>look for it by its title</Outside>
      )}
      {paper.links.code ? <Outside href={paper.links.code}>its code</Outside> : null}
    </span>
  );
}

export function Outside({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer"
      className="inline-flex items-center gap-1 text-xs text-ink-soft underline-offset-2 hover:text-ink hover:underline"
    >
      {children}
      <ExternalLink aria-hidden="true" size={11} />
      <span className="sr-only">(opens in a new tab)</span>
    </a>
  );
}
