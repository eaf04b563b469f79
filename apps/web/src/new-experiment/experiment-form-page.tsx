'use client';
import { EmptyState, Loading, Notice, PageHeader } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { parseAsString, useQueryStates } from 'nuqs';
import { backendList, dataSetList, experimentView, subjectList, techniqueList } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { emptyForm, formOf, newTechnique } from './experiment-form.ts';
import { ExperimentForm } from './experiment-form-view.tsx';

/** A new experiment: empty, on a technique (`technique`), for a claim (`claim`), or from an earlier one (`clone`). */
export function NewExperimentPage() {
  const [{ clone, technique, claim }] = useQueryStates({
    clone: parseAsString,
    technique: parseAsString,
    claim: parseAsString,
  });
  const techniques = useQuery(techniqueList);
  const subjects = useQuery(subjectList);
  const dataSets = useQuery(dataSetList);
  const backends = useQuery(backendList);
  const original = useQuery({ ...experimentView(clone ?? ''), enabled: clone !== null });
  const parts = [techniques, subjects, dataSets, backends, ...(clone === null ? [] : [original])];
  const all = {
    data:
      techniques.data && subjects.data && dataSets.data && backends.data && (clone === null || original.data)
        ? {
            catalogue: { techniques: techniques.data, subjects: subjects.data, backends: backends.data },
            dataSets: dataSets.data,
            backends: backends.data,
            original: original.data ?? null,
          }
        : undefined,
    error: parts.find((part) => part.error)?.error ?? null,
    isFetching: parts.some((part) => part.isFetching),
    refetch: () => parts.map((part) => part.refetch()),
  };

  return (
    <>
      <PageHeader
        trail={
          <Link href="/experiments" className="underline-offset-2 hover:underline">
            Experiments
          </Link>
        }
        title="New experiment"
      >
        Techniques over a grid of parameters, every point with the same seeds on the same subject.
      </PageHeader>
      <QueryView query={all} what="the form" loading={<Loading lines={10} label="Loading the form" />}>
        {({ catalogue, dataSets, backends, original }) => {
          if (original?.request.kind === 'protocol') {
            return (
              <EmptyState title="A registered protocol cannot be edited">
                It was frozen before its seeds were revealed. Register it again from{' '}
                <Link href={`/claims/${original.claim}`} className="text-accent underline">
                  its claim
                </Link>
                , or start a free comparison.
              </EmptyState>
            );
          }
          const chosen = catalogue.techniques.find((one) => one.id === technique);
          const empty = emptyForm(catalogue, claim);
          const initial = original
            ? formOf(original.request, catalogue)
            : { ...empty, techniques: chosen ? [newTechnique(chosen)] : [] };
          return (
            <>
              {original ? (
                <Notice className="mb-5">
                  A copy of{' '}
                  <Link href={`/experiments/${original.id}`} className="underline underline-offset-2">
                    {original.title}
                  </Link>
                  . Change what you like; the original stays as it is.
                </Notice>
              ) : null}
              <ExperimentForm
                key={`${clone} ${technique} ${claim}`}
                initial={initial}
                catalogue={catalogue}
                dataSets={dataSets}
                backends={backends}
              />
            </>
          );
        }}
      </QueryView>
    </>
  );
}
