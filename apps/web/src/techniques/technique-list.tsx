'use client';
import { Cell, EmptyState, HeadCell, Loading, PageHeader, Row, Section, Table } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { techniqueList } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { parameterFields } from '../new-experiment/parameter-fields.ts';
import { SEAM_WORDS, techniqueFamily } from '../wording/verdicts.ts';

export function TechniqueList() {
  const techniques = useQuery(techniqueList);
  return (
    <>
      <PageHeader title="Techniques">
        What papers describe, implemented from their equations, each acting at its own place in a model’s life.
      </PageHeader>
      <QueryView query={techniques} what="the techniques" loading={<Loading lines={10} label="Loading techniques" />}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="No techniques are registered" />
          ) : (
            [...Map.groupBy(all, techniqueFamily)].map(([family, members]) => (
              <Section key={family} title={family}>
                <Table label={`Techniques: ${family}`}>
                  <thead className="sr-only">
                    <tr>
                      <HeadCell>Technique</HeadCell>
                      <HeadCell>Acts on</HeadCell>
                      <HeadCell>Parameters</HeadCell>
                    </tr>
                  </thead>
                  <tbody>
                    {members.map((technique) => (
                      <Row key={technique.id}>
                        <Cell>
                          <Link
                            href={`/techniques/${technique.id}`}
                            className="font-medium text-ink underline-offset-2 hover:underline"
                          >
                            {technique.title}
                          </Link>
                          <p className="line-clamp-2 max-w-[46rem] text-xs text-ink-faint">{technique.summary}</p>
                        </Cell>
                        <Cell className="w-60 text-ink-soft max-md:hidden">
                          {technique.family === 'none' ? null : SEAM_WORDS[technique.seam]}
                        </Cell>
                        <Cell className="w-56 text-xs text-ink-faint max-sm:hidden">
                          {parameterFields(technique)
                            .map((field) => field.title.toLowerCase())
                            .join(', ') || 'none'}
                        </Cell>
                      </Row>
                    ))}
                  </tbody>
                </Table>
              </Section>
            ))
          )
        }
      </QueryView>
    </>
  );
}
