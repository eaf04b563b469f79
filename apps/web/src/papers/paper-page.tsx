'use client';
import { buttonClass, EmptyState, Facts, Loading, PageHeader, Section, Tag } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import Link from 'next/link';
import { paperView } from '../api/queries.ts';
import { PaperLinks } from '../claims/paper-says.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { FAMILY_WORDS } from '../wording/verdicts.ts';
import { PaperClaims } from './paper-claims.tsx';

/** Whether the texts mark a detail that does not come from the abstract (docs/how-to/add-a-claim.md). */
function hasKnown({ technique, scaledDownTest }: { technique: string | null; scaledDownTest: string | null }): boolean {
  return `${technique} ${scaledDownTest}`.includes('[known');
}

export function PaperPage({ number }: { number: number | null }) {
  const query = useQuery({ ...paperView(number ?? -1), enabled: number !== null });
  if (number === null) return <EmptyState title="Papers are known by their number" />;
  return (
    <QueryView query={query} what={`paper ${number}`} page loading={<Loading lines={8} label="Loading the paper" />}>
      {(paper) => (
        <article>
          <PageHeader
            trail={
              <span className="flex flex-wrap items-center gap-2">
                <Link href="/papers" className="underline-offset-2 hover:underline">
                  Papers
                </Link>
                <span aria-hidden="true">/</span>
                <span className="tabular">{paper.number}</span>
                <Tag>{FAMILY_WORDS[paper.family]}</Tag>
              </span>
            }
            title={paper.title}
            actions={
              <a href={`/api/papers/${paper.number}/bibtex`} download={`${paper.slug}.bib`} className={buttonClass({})}>
                <Download aria-hidden="true" size={13} /> BibTeX
              </a>
            }
          >
            {paper.technique}
          </PageHeader>
          <Section title={paper.claims.length === 1 ? 'Claim' : `${paper.claims.length} claims`}>
            <PaperClaims paper={paper} label="Claims of this paper" />
          </Section>
          <Section title="About the paper">
            <Facts
              entries={[
                ['Tested here', paper.scaledDownTest],
                ['Needs training', paper.needsTraining === null ? null : paper.needsTraining ? 'yes' : 'no'],
                ['Modality', paper.modality],
                ['[known]', hasKnown(paper) ? 'general knowledge of the field, not said in the abstract' : null],
                ['Links', <PaperLinks key="links" paper={paper} />],
              ]}
            />
          </Section>
        </article>
      )}
    </QueryView>
  );
}
