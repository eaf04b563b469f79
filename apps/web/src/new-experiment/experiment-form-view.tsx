'use client';
import type { BackendOption, DataSetOption } from '@claimbench/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useMemo, useRef, useState } from 'react';
import { FormProvider, useForm, useWatch } from 'react-hook-form';
import { ProblemError } from '../api/problem.ts';
import { experimentPlan, submitExperiment } from '../api/queries.ts';
import {
  automaticTitle,
  type ExperimentValues,
  type FormCatalogue,
  type FormProblem,
  formProblems,
  readForm,
} from './experiment-form.ts';
import { fieldId, ProblemsProvider } from './form-parts.tsx';
import { PlanPanel } from './plan-panel.tsx';
import { Naming, Probes, SeedsAndBackend, SubjectAndData, Training } from './run-settings.tsx';
import { useSettled } from './settled.ts';
import { TechniqueSection } from './technique-section.tsx';

/** What is typed is read, checked and planned once it has rested for this long. */
const SETTLE_MS = 300;

export function ExperimentForm({
  initial,
  catalogue,
  dataSets,
  backends,
}: {
  initial: ExperimentValues;
  catalogue: FormCatalogue;
  dataSets: readonly DataSetOption[];
  backends: readonly BackendOption[];
}) {
  const router = useRouter();
  const client = useQueryClient();
  const form = useForm<ExperimentValues>({ defaultValues: initial });
  const values = useWatch({ control: form.control, compute: (all: ExperimentValues) => all });
  const settled = useSettled(values, SETTLE_MS);
  const reading = useMemo(() => readForm(settled, catalogue), [settled, catalogue]);
  const plan = useQuery(experimentPlan(reading.request));
  const [tried, setTried] = useState(false);

  const key = useRef({ request: '', id: '' });
  const submit = useMutation({
    mutationFn: (request: NonNullable<typeof reading.request>) => {
      // a second press with the same content is the same submission; an edited form is a new one
      const text = JSON.stringify(request);
      if (key.current.request !== text) key.current = { request: text, id: crypto.randomUUID() };
      return submitExperiment(request, key.current.id);
    },
    onSuccess: (experiment) => {
      void client.invalidateQueries({ queryKey: ['experiments'] });
      router.push(`/experiments/${experiment.id}`);
    },
  });

  const problems = useMemo(() => {
    const answered = refusals(settled, plan.error ?? submit.error);
    // that nothing is chosen yet is no mistake before somebody submits it
    const found = reading.problems.filter((problem) => tried || problem.path !== 'techniques');
    return new Map([...answered, ...found].map(({ path, message }) => [path, message]));
  }, [settled, reading, plan.error, submit.error, tried]);

  const send = form.handleSubmit((all) => {
    setTried(true);
    const now = readForm(all, catalogue);
    if (now.request !== null) submit.mutate(now.request);
    else if (now.problems[0]) document.getElementById(fieldId(now.problems[0].path))?.focus();
  });

  return (
    <FormProvider {...form}>
      <ProblemsProvider value={problems}>
        <form
          noValidate
          onSubmit={send}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              void send();
            }
          }}
          className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,1fr)_20rem]"
        >
          <div className="min-w-0 space-y-8">
            <TechniqueSection catalogue={catalogue} />
            <SubjectAndData catalogue={catalogue} dataSets={dataSets} />
            <Probes catalogue={catalogue} />
            <Training catalogue={catalogue} />
            <SeedsAndBackend backends={backends} />
            <Naming automatic={automaticTitle(values, catalogue)} claim={values.claim} />
          </div>
          <div className="lg:sticky lg:top-16 lg:self-start lg:border-l lg:border-line lg:pl-8">
            <PlanPanel
              plan={plan.data}
              planning={plan.isFetching || settled !== values}
              error={plan.error}
              incomplete={
                settled.techniques.length === 0
                  ? 'Choose a technique, and the plan appears here.'
                  : reading.request === null
                    ? 'Some fields need another value before this can be planned.'
                    : null
              }
              submitting={submit.isPending || submit.isSuccess}
              submitError={submit.error}
            />
          </div>
        </form>
      </ProblemsProvider>
    </FormProvider>
  );
}

/** What the API's refusal says about single fields. */
function refusals(values: ExperimentValues, error: Error | null): FormProblem[] {
  if (!(error instanceof ProblemError)) return [];
  return formProblems(values, { code: error.code, detail: error.message, fields: error.fields });
}
