'use client';
import type { BackendOption, DataSetOption } from '@claimbench/contracts';
import { Checkbox, Field, Select, Tag, TextInput } from '@claimbench/ui';
import { bytes, count, parameterCount, significant } from '@claimbench/ui/numbers';
import { useEffect } from 'react';
import { useFormContext, useWatch } from 'react-hook-form';
import { type ExperimentValues, type FormCatalogue, subjectKey } from './experiment-form.ts';
import { FormHeading, useProblem } from './form-parts.tsx';

/** The model that all arms share, the text that it is judged on, and what is changed in its training. */
export function SubjectAndData({
  catalogue,
  dataSets,
}: {
  catalogue: FormCatalogue;
  dataSets: readonly DataSetOption[];
}) {
  const { register, control, setValue, getValues } = useFormContext<ExperimentValues>();
  const chosen = useWatch({ control, name: 'subject' });
  const dataName = useWatch({ control, name: 'data' });
  const subject = catalogue.subjects.find((one) => subjectKey(one) === chosen);
  const data = dataSets.find((one) => one.name === dataName);
  const fitting = dataSets.filter((one) => subject === undefined || subject.data.includes(one.name));
  const tokensProblem = useProblem('tokens');
  const learningRateProblem = useProblem('learningRate');
  const training = subject?.spec?.kind === 'recipe' ? subject.spec.training : null;

  // another subject may not know the data that was chosen for the last one
  useEffect(() => {
    const [first] = subject?.data ?? [];
    if (subject && first !== undefined && !subject.data.includes(getValues('data'))) {
      setValue('data', first);
    }
  }, [subject, getValues, setValue]);

  return (
    <section aria-label="Subject and data">
      <FormHeading>Subject and data</FormHeading>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
        <Field
          id="subject"
          label="Subject"
          hint={
            subject
              ? `${subject.description} ${parameterCount(subject.parameters)} parameters.`
              : 'The model that all arms share'
          }
          error={useProblem('subject')}
        >
          {(aria) => (
            <Select {...aria} {...register('subject')}>
              {(['recipe', 'checkpoint'] as const).map((kind) => (
                <optgroup key={kind} label={kind === 'recipe' ? 'Trained here' : 'Trained checkpoints'}>
                  {catalogue.subjects
                    .filter((one) => one.kind === kind)
                    .map((one) => (
                      <option key={subjectKey(one)} value={subjectKey(one)} disabled={one.unavailable !== null}>
                        {one.title}
                        {one.unavailable === null ? '' : ' (not here)'}
                      </option>
                    ))}
                </optgroup>
              ))}
            </Select>
          )}
        </Field>
        <Field
          id="data"
          label="Evaluated on"
          hint={data ? `${data.description} ${bytes(data.bytes)}.` : null}
          error={useProblem('data')}
        >
          {(aria) => (
            <Select {...aria} {...register('data')}>
              {fitting.map((one) => (
                <option key={one.name} value={one.name} disabled={one.unavailable !== null}>
                  {one.title}
                  {one.unavailable === null ? '' : ' (not here)'}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          id="items"
          label="Evaluation items"
          hint="Windows of text, the same for all arms and seeds; 10 to 5,000"
          error={useProblem('items')}
        >
          {(aria) => <TextInput {...aria} inputMode="numeric" className="tabular" {...register('items')} />}
        </Field>
        {training ? (
          <>
            <Field
              id="tokens"
              label="Training tokens"
              hint={`Empty: as the recipe, ${count(training.tokens)}`}
              error={tokensProblem}
            >
              {(aria) => (
                <TextInput
                  {...aria}
                  inputMode="numeric"
                  className="tabular"
                  placeholder={String(training.tokens)}
                  {...register('tokens')}
                />
              )}
            </Field>
            <Field
              id="learningRate"
              label="Learning rate"
              hint={`Empty: as the recipe, ${significant(training.learningRate, 3)}`}
              error={learningRateProblem}
            >
              {(aria) => (
                <TextInput
                  {...aria}
                  inputMode="decimal"
                  className="tabular"
                  placeholder={String(training.learningRate)}
                  {...register('learningRate')}
                />
              )}
            </Field>
          </>
        ) : null}
      </div>
    </section>
  );
}

/** How often, on what, and whether earlier outcomes count. */
export function SeedsAndBackend({ backends }: { backends: readonly BackendOption[] }) {
  const { register, control } = useFormContext<ExperimentValues>();
  const name = useWatch({ control, name: 'backend' });
  const backend = backends.find((one) => one.name === name);
  return (
    <section aria-label="Seeds and backend">
      <FormHeading>Seeds and backend</FormHeading>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
        <Field
          id="seeds"
          label="Seeds"
          hint="Every arm runs once with each; 1 to 64. With one seed nothing has an interval."
          error={useProblem('seeds')}
        >
          {(aria) => <TextInput {...aria} inputMode="numeric" className="tabular" {...register('seeds')} />}
        </Field>
        <Field
          id="backend"
          label="Backend"
          hint={backend?.unavailable ?? backend?.description}
          error={useProblem('backend')}
        >
          {(aria) => (
            <Select {...aria} {...register('backend')}>
              {backends.map((one) => (
                <option key={one.name} value={one.name} disabled={one.unavailable !== null}>
                  {one.title}
                  {one.unavailable === null ? '' : ' (not here)'}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Checkbox
          id="withBaseline"
          label="Baseline arm"
          hint="The subject unchanged: what differences are measured against"
          {...register('withBaseline')}
        />
        <Checkbox
          id="reuse"
          label="Reuse earlier outcomes"
          hint="Runs with the same spec are not executed again"
          {...register('reuse')}
        />
      </div>
    </section>
  );
}

/** What the experiment is called, and which claim it looks into. */
export function Naming({ automatic, claim }: { automatic: string; claim: string | null }) {
  const { register } = useFormContext<ExperimentValues>();
  return (
    <section aria-label="Name">
      <FormHeading>Name</FormHeading>
      <Field
        id="title"
        label="Title"
        hint="Empty: made from what is compared"
        error={useProblem('title')}
        aside={claim ? <Tag>for claim {claim}</Tag> : null}
      >
        {(aria) => <TextInput {...aria} placeholder={automatic} {...register('title')} />}
      </Field>
    </section>
  );
}
