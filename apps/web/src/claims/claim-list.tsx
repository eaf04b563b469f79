'use client';
import { ClaimStatus, type ClaimSummary, Family, Testability, VerdictWord } from '@claimbench/contracts';
import { Button, Cell, EmptyState, HeadCell, Loading, PageHeader, Row, Table, Tag, VerdictMark } from '@claimbench/ui';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { type ClaimFilters, claimsPages, claimsTop } from '../api/queries.ts';
import { FilterBar, FilterSelect, SearchField } from '../lists/filters.tsx';
import { LoadMore } from '../lists/load-more.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { useLiveEvents } from '../live/use-live-events.ts';
import { expectedFalse, FAMILY_WORDS, needsReplication, STATUS_WORDS } from '../wording/verdicts.ts';
import { claimedValue, measuredEffect } from './claim-numbers.ts';

const TESTABLE = Testability.shape.at.options;
const TESTABLE_WORDS: Record<(typeof TESTABLE)[number], string> = {
  quick: 'quick: 2 minutes',
  standard: 'standard: 20 minutes',
  full: 'full: GPU or checkpoint',
  'not-here': 'not here',
};

export function ClaimList() {
  const [filters, setFilters] = useQueryStates({
    q: parseAsString.withDefault(''),
    family: parseAsStringLiteral(Family.options),
    status: parseAsStringLiteral(ClaimStatus.options),
    verdict: parseAsStringLiteral(VerdictWord.options),
    testable: parseAsStringLiteral(TESTABLE),
  });
  const asked: ClaimFilters = {
    ...(filters.q.trim() ? { q: filters.q.trim() } : {}),
    ...(filters.family ? { family: filters.family } : {}),
    ...(filters.status ? { status: filters.status } : {}),
    ...(filters.verdict ? { verdict: filters.verdict } : {}),
    ...(filters.testable ? { testable: filters.testable } : {}),
  };
  const filtered = Object.keys(asked).length > 0;
  const claims = useInfiniteQuery(claimsPages(asked));
  const clear = () => setFilters(null);
  useLiveEvents({});

  return (
    <>
      <PageHeader title="Claims">
        What the papers say, one checkable statement a row, with what we measured where it has been tested.
      </PageHeader>
      <FilterBar onClear={filtered ? clear : null}>
        <SearchField
          label="Search statements and papers"
          value={filters.q}
          onChange={(q) => setFilters({ q: q || null }, { limitUrlUpdates: debounce(250) })}
        />
        <FilterSelect
          label="Family"
          value={filters.family}
          onChange={(family) => setFilters({ family })}
          options={Family.options.map((value) => ({ value, label: FAMILY_WORDS[value] }))}
        />
        <FilterSelect
          label="Verdict"
          value={filters.verdict}
          onChange={(verdict) => setFilters({ verdict })}
          options={VerdictWord.options.map((value) => ({ value, label: value }))}
        />
        <FilterSelect
          label="Status"
          value={filters.status}
          onChange={(status) => setFilters({ status })}
          options={ClaimStatus.options.map((value) => ({ value, label: STATUS_WORDS[value] }))}
        />
        <FilterSelect
          label="Testable"
          value={filters.testable}
          onChange={(testable) => setFilters({ testable })}
          options={TESTABLE.map((value) => ({ value, label: TESTABLE_WORDS[value] }))}
        />
      </FilterBar>
      <QueryView query={claims} what="the list of claims" loading={<Loading lines={12} label="Loading claims" />}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) {
            return filtered ? (
              <EmptyState title="No claim fits these filters" action={<Button onClick={clear}>Clear filters</Button>}>
                Search looks at the claims’ statements and at their papers’ titles.
              </EmptyState>
            ) : (
              <EmptyState title="The corpus is empty">Its papers are read when the API starts.</EmptyState>
            );
          }
          return (
            <>
              <ClaimTable claims={items} label="Claims" />
              <LoadMore
                shown={items.length}
                total={pages[0]?.total ?? null}
                noun="claims"
                hasMore={claims.hasNextPage}
                loading={claims.isFetchingNextPage}
                onMore={() => claims.fetchNextPage()}
              />
              <ExpectedFalse />
            </>
          );
        }}
      </QueryView>
    </>
  );
}

/** Claims as rows; narrow screens get the numbers under the statement. */
function ClaimTable({ claims, label }: { claims: readonly ClaimSummary[]; label: string }) {
  return (
    <Table label={label}>
      <thead>
        <tr>
          <HeadCell className="w-14">Claim</HeadCell>
          <HeadCell className="w-full">Statement</HeadCell>
          <HeadCell className="max-lg:hidden">Family</HeadCell>
          <HeadCell numeric className="max-md:hidden">
            Claimed
          </HeadCell>
          <HeadCell numeric className="max-md:hidden">
            Measured
          </HeadCell>
          <HeadCell className="max-sm:hidden">Verdict</HeadCell>
        </tr>
      </thead>
      <tbody>
        {claims.map((claim) => {
          const ours = claim.headline ? measuredEffect(claim.headline.verdict) : null;
          return (
            <Row key={claim.id}>
              <Cell className="tabular text-ink-faint">{claim.id}</Cell>
              <Cell>
                <Link href={`/claims/${claim.id}`} className="font-medium text-ink underline-offset-2 hover:underline">
                  {claim.statement}
                </Link>
                <div className="text-xs text-ink-faint">{claim.paper.title}</div>
                <div className="mt-0.5 flex flex-wrap gap-x-3 text-xs sm:hidden">
                  <ClaimVerdict claim={claim} />
                  {ours ? (
                    <span className="tabular text-ink-soft">
                      {ours.value} {ours.unit}, n = {ours.n}
                    </span>
                  ) : null}
                </div>
              </Cell>
              <Cell className="max-lg:hidden">
                <Tag>{FAMILY_WORDS[claim.paper.family]}</Tag>
              </Cell>
              <Cell numeric className="max-md:hidden">
                {claim.claimedValue === null ? (
                  <span className="text-ink-faint">direction</span>
                ) : (
                  claimedValue(claim.claimedValue)
                )}
                {claim.claimedValue !== null && claim.unit ? (
                  <div className="max-w-36 text-xs whitespace-normal text-ink-faint">{claim.unit}</div>
                ) : null}
              </Cell>
              <Cell numeric className="max-md:hidden">
                {ours ? (
                  <>
                    {ours.value}
                    <div className="text-xs text-ink-faint">
                      {ours.unit}, n = {ours.n}
                    </div>
                  </>
                ) : null}
              </Cell>
              <Cell className="max-sm:hidden">
                <ClaimVerdict claim={claim} />
              </Cell>
            </Row>
          );
        })}
      </tbody>
    </Table>
  );
}

function ClaimVerdict({ claim }: { claim: ClaimSummary }) {
  return claim.headline ? (
    <>
      <VerdictMark verdict={claim.headline.verdict.verdict} />
      {needsReplication(claim.headline.verdict, claim.headline.evidenceLevel) ? (
        <div className="text-xs whitespace-nowrap text-ink-faint">not yet replicated</div>
      ) : null}
    </>
  ) : (
    <span className="whitespace-nowrap text-ink-faint">{STATUS_WORDS[claim.status]}</span>
  );
}

/** Every list says how many of its decided verdicts are expected to be wrong. */
function ExpectedFalse() {
  const supported = useQuery(claimsTop({ verdict: 'supported' }, 1));
  const contradicted = useQuery(claimsTop({ verdict: 'contradicted' }, 1));
  const totals = [supported.data?.total, contradicted.data?.total];
  if (totals.some((total) => total === null || total === undefined)) return null;
  const decided = totals.reduce<number>((sum, total) => sum + (total ?? 0), 0);
  if (decided === 0) return null;
  return (
    <p className="pt-1 text-xs text-ink-faint">
      Each decision errs in at most 2.5 % of cases: of {decided} decided verdicts, {expectedFalse(decided)} are expected
      to be false.
    </p>
  );
}
