'use client';
import type { TechniqueDescriptor } from '@claimbench/contracts';
import { buttonClass, Cell, EmptyState, HeadCell, Loading, PageHeader, Row, Section, Table, Tag } from '@claimbench/ui';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import dynamic from 'next/dynamic';
import Link from 'next/link';
import { paperView, techniqueView } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { choiceLabel, expected, type ParameterField, parameterFields } from '../new-experiment/parameter-fields.ts';
import { PaperClaims } from '../papers/paper-claims.tsx';
import { SEAM_WORDS, techniqueFamily } from '../wording/verdicts.ts';

// KaTeX is large and needed here alone
const Equation = dynamic(() => import('./equation.tsx').then((module) => module.Equation), { ssr: false });

export function TechniquePage({ id }: { id: string }) {
  const technique = useQuery(techniqueView(id));
  return (
    <QueryView
      query={technique}
      what={`the technique ${id}`}
      page
      loading={<Loading lines={8} label="Loading the technique" />}
    >
      {(one) => <Technique technique={one} />}
    </QueryView>
  );
}

function Technique({ technique }: { technique: TechniqueDescriptor }) {
  const fields = parameterFields(technique);
  const papers = useQueries({ queries: technique.papers.map((number) => paperView(number)) });
  return (
    <article>
      <PageHeader
        trail={
          <span className="flex items-center gap-2">
            <Link href="/techniques" className="underline-offset-2 hover:underline">
              Techniques
            </Link>
            <Tag>{techniqueFamily(technique)}</Tag>
          </span>
        }
        title={technique.title}
        actions={
          technique.family === 'none' ? null : (
            <Link href={`/experiments/new?technique=${technique.id}`} className={buttonClass({ variant: 'primary' })}>
              <Plus aria-hidden="true" size={14} /> Try it
            </Link>
          )
        }
      >
        {technique.summary}
      </PageHeader>

      <Section title="Equation" aside={`acts on ${SEAM_WORDS[technique.seam]}`}>
        {technique.equation === null ? (
          <EmptyState title="It has no equation" />
        ) : (
          <Equation tex={technique.equation} />
        )}
      </Section>

      <Section title="Parameters">
        {fields.length === 0 ? (
          <EmptyState title="It has no parameters" />
        ) : (
          <Table label="Parameters">
            <thead>
              <tr>
                <HeadCell>Parameter</HeadCell>
                <HeadCell>Meaning</HeadCell>
                <HeadCell>Values</HeadCell>
                <HeadCell numeric>Default</HeadCell>
                <HeadCell>Grid offered</HeadCell>
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <Row key={field.name}>
                  <Cell>
                    {field.title}
                    <code className="block font-mono text-xs text-ink-faint">{field.name}</code>
                  </Cell>
                  <Cell className="min-w-48 text-ink-soft">{field.description}</Cell>
                  <Cell className="text-ink-soft">{valuesOf(field)}</Cell>
                  <Cell numeric>{field.default === undefined ? '' : choiceLabel(field.default)}</Cell>
                  <Cell className="tabular text-ink-soft">{field.proposed.map(choiceLabel).join(', ')}</Cell>
                </Row>
              ))}
            </tbody>
          </Table>
        )}
      </Section>

      <Section title="Claims" aside="of the papers that it comes from; tested ones first">
        {technique.papers.length === 0 ? (
          <EmptyState title="It comes from no paper of the corpus">
            It is a control, or a baseline of others.
          </EmptyState>
        ) : (
          papers.map((paper, index) => (
            <QueryView
              key={technique.papers[index]}
              query={paper}
              what={`paper ${technique.papers[index]}`}
              loading={<Loading lines={3} />}
            >
              {(data) => (
                <div className="mb-6">
                  <h3 className="mb-1 text-sm">
                    <Link href={`/papers/${data.number}`} className="font-medium underline-offset-2 hover:underline">
                      {data.title}
                    </Link>
                  </h3>
                  <PaperClaims paper={data} label={`Claims of ${data.title}`} />
                </div>
              )}
            </QueryView>
          ))
        )}
      </Section>
    </article>
  );
}

function valuesOf(field: ParameterField): string {
  switch (field.kind) {
    case 'number':
      return field.nullable ? `${expected(field)}, or none` : expected(field);
    case 'choice':
      return field.options.map(choiceLabel).join(', ');
    case 'list':
      return field.integer ? 'whole numbers' : 'numbers';
    case 'json':
      return 'JSON';
  }
}
