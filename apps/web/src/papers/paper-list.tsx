'use client';
import { Family } from '@claimbench/contracts';
import { Button, Cell, EmptyState, HeadCell, Loading, PageHeader, Row, Table, Tag } from '@claimbench/ui';
import { useInfiniteQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { papersPages } from '../api/queries.ts';
import { FilterBar, FilterSelect, SearchField } from '../lists/filters.tsx';
import { LoadMore } from '../lists/load-more.tsx';
import { QueryView } from '../lists/query-view.tsx';
import { FAMILY_WORDS } from '../wording/verdicts.ts';

export function PaperList() {
  const [filters, setFilters] = useQueryStates({
    q: parseAsString.withDefault(''),
    family: parseAsStringLiteral(Family.options),
  });
  const asked = {
    ...(filters.q.trim() ? { q: filters.q.trim() } : {}),
    ...(filters.family ? { family: filters.family } : {}),
  };
  const filtered = Object.keys(asked).length > 0;
  const papers = useInfiniteQuery(papersPages(asked));
  const clear = () => setFilters(null);
  return (
    <>
      <PageHeader title="Papers">The publications of the corpus, each with its claims.</PageHeader>
      <FilterBar onClear={filtered ? clear : null}>
        <SearchField
          label="Search titles"
          value={filters.q}
          onChange={(q) => setFilters({ q: q || null }, { limitUrlUpdates: debounce(250) })}
        />
        <FilterSelect
          label="Family"
          value={filters.family}
          onChange={(family) => setFilters({ family })}
          options={Family.options.map((value) => ({ value, label: FAMILY_WORDS[value] }))}
        />
      </FilterBar>
      <QueryView query={papers} what="the papers" loading={<Loading lines={10} label="Loading papers" />}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) {
            return (
              <EmptyState
                title={filtered ? 'No paper fits these filters' : 'The corpus is empty'}
                action={filtered ? <Button onClick={clear}>Clear filters</Button> : null}
              />
            );
          }
          return (
            <>
              <Table label="Papers">
                <thead>
                  <tr>
                    <HeadCell numeric className="w-12">
                      No.
                    </HeadCell>
                    <HeadCell>Paper</HeadCell>
                    <HeadCell className="w-36 max-sm:hidden">Family</HeadCell>
                    <HeadCell numeric className="w-20">
                      Claims
                    </HeadCell>
                    <HeadCell numeric className="w-20">
                      Verdicts
                    </HeadCell>
                  </tr>
                </thead>
                <tbody>
                  {items.map((paper) => (
                    <Row key={paper.number}>
                      <Cell numeric className="text-ink-faint">
                        {paper.number}
                      </Cell>
                      <Cell>
                        <Link
                          href={`/papers/${paper.number}`}
                          className="font-medium text-ink underline-offset-2 hover:underline"
                        >
                          {paper.title}
                        </Link>
                      </Cell>
                      <Cell className="max-sm:hidden">
                        <Tag>{FAMILY_WORDS[paper.family]}</Tag>
                      </Cell>
                      <Cell numeric>{paper.claimCount}</Cell>
                      <Cell numeric className={paper.verdictCount === 0 ? 'text-ink-faint' : undefined}>
                        {paper.verdictCount}
                      </Cell>
                    </Row>
                  ))}
                </tbody>
              </Table>
              <LoadMore
                shown={items.length}
                total={pages[0]?.total ?? null}
                noun="papers"
                hasMore={papers.hasNextPage}
                loading={papers.isFetchingNextPage}
                onMore={() => papers.fetchNextPage()}
              />
            </>
          );
        }}
      </QueryView>
    </>
  );
}
