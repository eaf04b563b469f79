'use client';
import type { TechniqueDescriptor } from '@claimbench/contracts';
import { Button, cn, Field, FieldError, Select, Tag, TextArea, TextInput } from '@claimbench/ui';
import { X } from 'lucide-react';
import { useFormContext, useWatch } from 'react-hook-form';
import { techniqueFamily } from '../wording/verdicts.ts';
import type { ExperimentValues } from './experiment-form.ts';
import { fieldId, useProblem } from './form-parts.tsx';
import { choiceLabel, expected, type ParameterField, parameterFields, printValue } from './parameter-fields.ts';

/** One technique of the comparison, its parameters made from its own schema; each can be varied over a grid. */
export function TechniqueCard({
  index,
  technique,
  onRemove,
}: {
  index: number;
  technique: TechniqueDescriptor;
  onRemove: () => void;
}) {
  const fields = parameterFields(technique);
  const problem = useProblem(`techniques.${index}.technique`);
  return (
    <fieldset data-technique={technique.id} className="min-w-0 rounded-lg border border-line bg-surface p-4">
      <legend className="sr-only">{technique.title}</legend>
      <div className="flex items-start justify-between gap-3">
        <div>
          <div className="flex flex-wrap items-center gap-2">
            <h3 className="text-base font-semibold text-ink">{technique.title}</h3>
            <Tag>{techniqueFamily(technique)}</Tag>
          </div>
          <p className="mt-1 max-w-[44rem] text-sm text-ink-soft">{technique.summary}</p>
        </div>
        <Button variant="quiet" size="icon" aria-label={`Remove ${technique.title}`} onClick={onRemove}>
          <X aria-hidden="true" size={15} />
        </Button>
      </div>
      <FieldError id={`technique-${index}-error`} message={problem} />
      {fields.length === 0 ? (
        <p className="mt-3 text-sm text-ink-faint">It has no parameters.</p>
      ) : (
        <div className="mt-4 grid gap-x-6 gap-y-4 sm:grid-cols-2">
          {fields.map((field) => (
            <ParameterControl key={field.name} index={index} field={field} />
          ))}
        </div>
      )}
    </fieldset>
  );
}

function ParameterControl({ index, field }: { index: number; field: ParameterField }) {
  const { register, getValues, setValue, control } = useFormContext<ExperimentValues>();
  const path = `techniques.${index}.settings.${field.name}` as const;
  const vary = useWatch({ control, name: `${path}.vary` });
  const problem = useProblem(path);
  const id = fieldId(path);
  const choiceGrid = vary && field.kind === 'choice';
  return (
    <Field
      id={id}
      label={
        <>
          {field.title}
          {field.name.toLowerCase() === field.title.toLowerCase() ? null : (
            <code className="ml-1.5 font-mono text-2xs font-normal text-ink-faint">{field.name}</code>
          )}
        </>
      }
      hint={
        <>
          {field.description}
          {field.kind === 'number' ? (
            <span className="tabular">
              {field.description ? ', ' : ''}
              {expected(field)}
            </span>
          ) : null}
        </>
      }
      error={problem}
      aside={
        <label className="inline-flex items-baseline gap-1.5 text-xs text-ink-soft">
          <input
            type="checkbox"
            className="size-3.5 self-center accent-[var(--accent)]"
            {...register(`${path}.vary`, {
              onChange: () => {
                const { values, chosen, value } = getValues(path);
                // a grid begins with the single value where the technique proposes none
                if (values === '') setValue(`${path}.values`, value);
                if (chosen.length === 0) setValue(`${path}.chosen`, [value]);
              },
            })}
            aria-label={`Vary ${field.title}`}
          />
          vary
        </label>
      }
      className={cn(choiceGrid && field.options.length > 4 && 'sm:col-span-2')}
    >
      {(aria) => {
        if (choiceGrid)
          return <ChoiceGrid index={index} field={field} id={id} describedBy={aria['aria-describedby']} />;
        if (vary && field.kind === 'number') {
          return (
            <TextInput
              {...aria}
              inputMode="text"
              className="tabular"
              {...register(`${path}.values`)}
              placeholder="values, apart by commas"
            />
          );
        }
        if (vary)
          return <TextArea {...aria} rows={3} {...register(`${path}.values`)} placeholder="one setting a line" />;
        if (field.kind === 'choice') {
          return (
            <Select {...aria} {...register(`${path}.value`)}>
              {field.options.map((option) => (
                <option key={printValue(field, option)} value={printValue(field, option)}>
                  {choiceLabel(option)}
                </option>
              ))}
            </Select>
          );
        }
        if (field.kind === 'json') return <TextArea {...aria} rows={2} {...register(`${path}.value`)} />;
        return (
          <TextInput
            {...aria}
            inputMode={field.kind === 'number' ? 'decimal' : 'text'}
            className="tabular"
            placeholder={field.nullable ? 'none' : field.kind === 'list' ? 'numbers, apart by commas' : undefined}
            {...register(`${path}.value`)}
            onKeyDown={(event) => {
              // arrows step whole numbers without the quirks of a number input
              if (field.kind !== 'number' || !field.integer || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown'))
                return;
              const current = Number(event.currentTarget.value);
              if (!Number.isInteger(current) || event.currentTarget.value.trim() === '') return;
              event.preventDefault();
              const next = current + (event.key === 'ArrowUp' ? 1 : -1);
              if (next < (field.minimum ?? next) || next > (field.maximum ?? next)) return;
              setValue(`${path}.value`, String(next));
            }}
          />
        );
      }}
    </Field>
  );
}

/** The values of a choice that a grid runs over. */
function ChoiceGrid({
  index,
  field,
  id,
  describedBy,
}: {
  index: number;
  field: ParameterField;
  id: string;
  describedBy: string | undefined;
}) {
  const { register } = useFormContext<ExperimentValues>();
  return (
    <fieldset
      id={id}
      aria-label={field.title}
      aria-describedby={describedBy}
      className="flex min-h-8 flex-wrap gap-x-4 gap-y-1 pt-1"
    >
      {field.options.map((option) => {
        const text = printValue(field, option);
        return (
          <label key={text} className="inline-flex items-center gap-1.5 text-sm text-ink">
            <input
              type="checkbox"
              value={text}
              className="size-4 accent-[var(--accent)]"
              {...register(`techniques.${index}.settings.${field.name}.chosen`)}
            />
            {choiceLabel(option)}
          </label>
        );
      })}
    </fieldset>
  );
}
