'use client';
import type { Claim, ClaimSummary, Paper } from '@claimbench/contracts';
import { Cell, HeadCell, Row, Table, VerdictMark } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { claimsTop } from '../api/queries.ts';
import { claimedValue } from '../claims/claim-numbers.ts';
import { STATUS_WORDS } from '../wording/verdicts.ts';

/** The claims of one paper: those with a verdict first, then those with a protocol, then the rest, each in the paper's order. */
export function PaperClaims({ paper, label }: { paper: Pick<Paper, 'claims' | 'family'>; label: string }) {
  // papers come without verdicts: what is tested of the family says which of these claims have one
  const decided = useQuery(claimsTop({ family: paper.family, status: 'verdict' }, 200));
  const ready = useQuery(claimsTop({ family: paper.family, status: 'implemented' }, 200));
  const tested = [...(decided.data?.items ?? []), ...(ready.data?.items ?? [])];
  const rows = paper.claims
    .map((claim) => ({ claim, summary: tested.find((one) => one.id === claim.id) ?? null }))
    .sort((a, b) => rank(a.summary) - rank(b.summary));
  return (
    <Table label={label}>
      <thead className="sr-only">
        <tr>
          <HeadCell>Claim</HeadCell>
          <HeadCell>Statement</HeadCell>
          <HeadCell numeric>Claimed</HeadCell>
          <HeadCell>Verdict</HeadCell>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ claim, summary }) => (
          <Row key={claim.id}>
            <Cell className="tabular w-14 text-ink-faint">{claim.id}</Cell>
            <Cell>
              <Link href={`/claims/${claim.id}`} className="text-ink underline-offset-2 hover:underline">
                {claim.statement}
              </Link>
            </Cell>
            <Cell numeric className="w-48 max-sm:hidden">
              {claim.claimedValue === null ? null : claimedValue(claim.claimedValue)}
              {claim.claimedValue !== null && claim.unit ? (
                <span className="text-xs whitespace-normal text-ink-faint"> {claim.unit}</span>
              ) : null}
            </Cell>
            <Cell className="w-40 whitespace-nowrap">
              <ClaimWord
                claim={claim}
                summary={summary}
                known={decided.data !== undefined && ready.data !== undefined}
              />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function rank(summary: ClaimSummary | null): number {
  if (summary === null) return 2;
  return summary.headline === null ? 1 : 0;
}

function ClaimWord({ claim, summary, known }: { claim: Claim; summary: ClaimSummary | null; known: boolean }) {
  if (summary?.headline) return <VerdictMark verdict={summary.headline.verdict.verdict} />;
  const words = summary
    ? STATUS_WORDS[summary.status]
    : claim.testability?.at === 'not-here'
      ? STATUS_WORDS['not-testable-here']
      : claim.testability === null
        ? 'not classified'
        : STATUS_WORDS.planned;
  return <span className="text-xs text-ink-faint">{known || summary ? words : ''}</span>;
}
