'use client';
import type { Claim } from '@claimbench/contracts';
import { Cell, HeadCell, Row, Table, VerdictMark } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { claimView } from '../api/queries.ts';
import { claimedValue } from '../claims/claim-numbers.ts';

/** The claims of one paper, with their verdicts. */
export function PaperClaims({ claims, label }: { claims: readonly Claim[]; label: string }) {
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
        {claims.map((claim) => (
          <Row key={claim.id}>
            <Cell className="tabular w-14 text-ink-faint">{claim.id}</Cell>
            <Cell>
              <Link href={`/claims/${claim.id}`} className="text-ink underline-offset-2 hover:underline">
                {claim.statement}
              </Link>
            </Cell>
            <Cell numeric className="w-36 max-sm:hidden">
              {claim.claimedValue === null ? null : (
                <>
                  {claimedValue(claim.claimedValue)} <span className="text-xs text-ink-faint">{claim.unit}</span>
                </>
              )}
            </Cell>
            <Cell className="w-40">
              <ClaimWord claim={claim} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** Papers come without verdicts; only claims that can be tested here are asked for theirs. */
function ClaimWord({ claim }: { claim: Claim }) {
  const testable = claim.testability !== null && claim.testability.at !== 'not-here';
  const view = useQuery({ ...claimView(claim.id), enabled: testable });
  if (!testable) return <span className="text-xs text-ink-faint">not testable here</span>;
  const word = view.data?.claim.headline?.verdict.verdict ?? null;
  if (word !== null) return <VerdictMark verdict={word} />;
  return (
    <span className="text-xs text-ink-faint">
      {view.data ? (view.data.protocols.length > 0 ? 'protocol ready' : 'planned') : ''}
    </span>
  );
}
