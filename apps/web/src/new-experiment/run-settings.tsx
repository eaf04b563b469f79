'use client';
import type { BackendOption, DataSetOption, SubjectOption } from '@claimbench/contracts';
import { Checkbox, Field, FieldError, Select, Tag, TextInput } from '@claimbench/ui';
import { bytes, count, parameterCount, significant } from '@claimbench/ui/numbers';
import { useEffect } from 'react';
import { useFormContext, useWatch } from 'react-hook-form';
import {
  type ExperimentValues,
  type FormCatalogue,
  isEncoder,
  isProbed,
  OPTIMISERS,
  SCHEDULES,
  specOptions,
  specWords,
  subjectKey,
} from './experiment-form.ts';
import { FormHeading, useProblem } from './form-parts.tsx';

const SUBJECT_GROUPS: readonly { readonly label: string; has(subject: SubjectOption): boolean }[] = [
  { label: 'Trained here', has: (subject) => subject.kind === 'recipe' && !isEncoder(subject) },
  { label: 'Encoders trained here', has: isEncoder },
  { label: 'Classifiers trained here', has: ({ kind }) => kind === 'classifier' },
  { label: 'Trained checkpoints', has: ({ kind }) => kind === 'checkpoint' },
];

/** The model that all arms share, and the text that it is judged on. */
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
              {SUBJECT_GROUPS.map(({ label, has }) => (
                <optgroup key={label} label={label}>
                  {catalogue.subjects
                    .filter((one) => has(one))
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
          hint="Windows of text, or a classifier’s examples, the same for all arms and seeds; 10 to 5,000"
          error={useProblem('items')}
        >
          {(aria) => <TextInput {...aria} inputMode="numeric" className="tabular" {...register('items')} />}
        </Field>
      </div>
    </section>
  );
}

/** What is changed in the recipe of a subject that is trained here; nothing for a checkpoint. */
export function Training({ catalogue }: { catalogue: FormCatalogue }) {
  const { control } = useFormContext<ExperimentValues>();
  const chosen = useWatch({ control, name: 'subject' });
  const subject = catalogue.subjects.find((one) => subjectKey(one) === chosen);
  if (!subject?.spec || subject.spec.kind === 'checkpoint') return null;
  const { kind, training } = subject.spec;
  const [read, rows] = kind === 'classifier' ? ['examples', 'examples'] : ['tokens', 'windows'];
  const clip = training.gradientClip === null ? 'no clipping' : significant(training.gradientClip, 3);
  return (
    <section aria-label="Training">
      <FormHeading>Training</FormHeading>
      <p className="mb-3 text-sm text-ink-faint">What is left empty is as the recipe says.</p>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
        <Override name="tokens" label={`Training ${read}`} recipe={count(training.tokens)} />
        <Override name="learningRate" label="Learning rate" recipe={significant(training.learningRate, 3)} />
        <SpecSelect
          name="schedule"
          label="Schedule"
          offered={SCHEDULES}
          recipe={specWords(training.schedule ?? { kind: 'cosine', final: 0.1 })}
        />
        <SpecSelect
          name="optimiser"
          label="Optimiser"
          offered={OPTIMISERS}
          recipe={specWords(training.optimiser ?? { kind: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8 })}
        />
        <Override name="batchSize" label="Batch" recipe={`${count(training.batchSize)} ${rows}`} />
        <Override
          name="microBatchSize"
          label={kind === 'classifier' ? 'Examples at once' : 'Windows at once'}
          recipe={training.microBatchSize === undefined ? 'the whole batch' : count(training.microBatchSize)}
        />
        <Override name="warmup" label="Warm-up" recipe={`${significant(training.warmup, 3)} of the steps`} />
        <Override name="weightDecay" label="Weight decay" recipe={significant(training.weightDecay, 3)} />
        <Override name="gradientClip" label="Gradient clipping" recipe={`${clip}; "none" to leave it out`} />
      </div>
    </section>
  );
}

/** A number of the recipe. */
function Override({
  name,
  label,
  recipe,
}: {
  name: 'tokens' | 'learningRate' | 'batchSize' | 'microBatchSize' | 'warmup' | 'weightDecay' | 'gradientClip';
  label: string;
  recipe: string;
}) {
  const { register } = useFormContext<ExperimentValues>();
  return (
    <Field id={name} label={label} hint={`Recipe: ${recipe}`} error={useProblem(name)}>
      {(aria) => <TextInput {...aria} inputMode="decimal" className="tabular" {...register(name)} />}
    </Field>
  );
}

/** A part of the recipe that has settings of its own. */
function SpecSelect({
  name,
  label,
  offered,
  recipe,
}: {
  name: 'schedule' | 'optimiser';
  label: string;
  offered: readonly { kind: string }[];
  recipe: string;
}) {
  const { register, control } = useFormContext<ExperimentValues>();
  const chosen = useWatch({ control, name });
  return (
    <Field id={name} label={label} hint={`Recipe: ${recipe}`} error={useProblem(name)}>
      {(aria) => (
        <Select {...aria} {...register(name)}>
          <option value="">As the recipe</option>
          {specOptions(offered, chosen).map(({ json, words }) => (
            <option key={json} value={json}>
              {words}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

/** What can be asked for, by the form's field. */
const PROBES = [
  {
    name: 'answers',
    label: 'Answers',
    hint: 'Share that is written exactly, on generated texts that ask and answer',
  },
  {
    name: 'agreement',
    label: 'Agreement with the model before',
    hint: 'Most likely tokens that stay the same, and the divergence from the trained model that a technique starts from',
  },
  {
    name: 'stateErrors',
    label: 'Errors of the residual stream',
    hint: 'How far it is from that of the trained model that a technique starts from, after the first and after the last layer',
  },
  {
    name: 'normCurves',
    label: 'Curves of the norms',
    hint: 'Share of the norms whose output over their input is rather a tanh than a line',
  },
  {
    name: 'pruningScores',
    label: 'Scores of pruning',
    hint: 'How LAMP scores and magnitudes of weights rank with what removing them does to the logits; on dense weights',
  },
  {
    name: 'products',
    label: 'Products with weights',
    hint: 'Multiplications for each weight, and the values that a weight can have in its group: counted, where a layer’s form says so',
  },
  {
    name: 'choices',
    label: 'Choice of continuations',
    hint: 'Which words go on from a document’s first ones? The wrong ones come from other documents',
  },
] as const;

/** What is measured beside the loss; nothing where the subject is no decoder. */
export function Probes({ catalogue }: { catalogue: FormCatalogue }) {
  const { register, control } = useFormContext<ExperimentValues>();
  const choices = useWatch({ control, name: 'choices' });
  const chosen = useWatch({ control, name: 'subject' });
  const problem = useProblem('probes');
  const subject = catalogue.subjects.find((one) => subjectKey(one) === chosen);
  if (subject && !isProbed(subject)) return null;
  return (
    <section aria-label="Measured too">
      <FormHeading>Measured too</FormHeading>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
        {PROBES.map(({ name, label, hint }) => (
          <Checkbox key={name} id={name} label={label} hint={hint} {...register(name)} />
        ))}
        {choices ? (
          <>
            <ChoiceNumber name="choiceCount" label="Choices" hint="2 to 10" />
            <ChoiceNumber name="contextWords" label="Words before them" hint="A document’s first words; 1 to 500" />
            <ChoiceNumber name="choiceWords" label="Words of a choice" hint="1 to 100" />
          </>
        ) : null}
      </div>
      <FieldError id="probes-error" message={problem} />
    </section>
  );
}

function ChoiceNumber({
  name,
  label,
  hint,
}: {
  name: 'choiceCount' | 'contextWords' | 'choiceWords';
  label: string;
  hint: string;
}) {
  const { register } = useFormContext<ExperimentValues>();
  return (
    <Field id={name} label={label} hint={hint} error={useProblem(name)}>
      {(aria) => <TextInput {...aria} inputMode="numeric" className="tabular" {...register(name)} />}
    </Field>
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
