'use client';
import type { BackendOption, DataSetOption } from '@claimbench/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useMemo, useRef } from 'react';
import { FormProvider, type Resolver, set, useForm, useWatch } from 'react-hook-form';
import { ProblemError } from '../api/problem.ts';
import { experimentPlan, submitExperiment } from '../api/queries.ts';
import {
  automaticTitle,
  type ExperimentValues,
  type FormCatalogue,
  formProblems,
  readForm,
} from './experiment-form.ts';
import { PlanPanel } from './plan-panel.tsx';
import { Naming, SeedsAndBackend, SubjectAndData } from './run-settings.tsx';
import { useSettled } from './settled.ts';
import { TechniqueSection } from './technique-section.tsx';

const PLAN_AFTER_MS = 300;

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
  const form = useForm<ExperimentValues>({
    defaultValues: initial,
    mode: 'onChange',
    resolver: useMemo(() => resolverFor(catalogue), [catalogue]),
  });
  const values = useWatch({ control: form.control, compute: (all: ExperimentValues) => all });
  const reading = useMemo(() => readForm(values, catalogue), [values, catalogue]);
  const settled = useSettled(reading.request, PLAN_AFTER_MS);
  const plan = useQuery(experimentPlan(settled));
  const refused = useMemo(() => {
    const problem = plan.error instanceof ProblemError ? plan.error : null;
    const found = problem
      ? formProblems(values, { code: problem.code, detail: problem.message, fields: problem.fields })
      : [];
    return new Map(found.map(({ path, message }) => [path, message]));
  }, [plan.error, values]);

  const key = useRef({ request: '', id: '' });
  const submit = useMutation({
    mutationFn: () => {
      const { request } = readForm(form.getValues(), catalogue);
      if (request === null) throw new Error('The form is not complete.');
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
  const send = form.handleSubmit(() => submit.mutate());

  return (
    <FormProvider {...form}>
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
          <TechniqueSection catalogue={catalogue} refused={refused} />
          <SubjectAndData catalogue={catalogue} dataSets={dataSets} refused={refused} />
          <SeedsAndBackend backends={backends} refused={refused} />
          <Naming automatic={automaticTitle(values, catalogue)} claim={values.claim} refused={refused} />
        </div>
        <div className="lg:sticky lg:top-16 lg:self-start lg:border-l lg:border-line lg:pl-8">
          <PlanPanel
            plan={plan.data}
            planning={plan.isFetching || settled !== reading.request}
            error={plan.error}
            incomplete={
              values.techniques.length === 0
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
    </FormProvider>
  );
}

/** react-hook-form's view of the one reading of the form. */
function resolverFor(catalogue: FormCatalogue): Resolver<ExperimentValues> {
  return (values) => {
    const { problems } = readForm(values, catalogue);
    if (problems.length === 0) return { values, errors: {} };
    const errors = {};
    for (const { path, message } of problems) {
      // an array's own error lives at its root
      set(errors, path === 'techniques' ? 'techniques.root' : path, { type: 'value', message });
    }
    return { values: {}, errors };
  };
}
