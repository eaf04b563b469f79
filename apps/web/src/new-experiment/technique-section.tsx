'use client';
import type { TechniqueDescriptor } from '@claimbench/contracts';
import { FieldError, Select } from '@claimbench/ui';
import { useFieldArray } from 'react-hook-form';
import { SEAM_WORDS, techniqueFamily } from '../wording/verdicts.ts';
import { type ExperimentValues, type FormCatalogue, newTechnique } from './experiment-form.ts';
import { FormHeading, useProblem } from './form-parts.tsx';
import { TechniqueCard } from './technique-card.tsx';

/** Which techniques are compared; the first is chosen from all of them, further ones from a list. */
export function TechniqueSection({ catalogue }: { catalogue: FormCatalogue }) {
  const { fields, append, remove } = useFieldArray<ExperimentValues, 'techniques'>({ name: 'techniques' });
  const problem = useProblem('techniques');
  const add = (id: string) => {
    const technique = catalogue.techniques.find((one) => one.id === id);
    if (technique) append(newTechnique(technique), { shouldFocus: false });
  };
  // the subject unchanged is the baseline arm, which has its own switch
  const offered = catalogue.techniques.filter((technique) => technique.family !== 'none');
  const families = [...Map.groupBy(offered, techniqueFamily)];
  return (
    <section aria-label="Techniques">
      <FormHeading>Techniques</FormHeading>
      <div className="space-y-4">
        {fields.map((field, index) => {
          const technique = catalogue.techniques.find((one) => one.id === field.technique);
          return technique ? (
            <TechniqueCard key={field.id} index={index} technique={technique} onRemove={() => remove(index)} />
          ) : null;
        })}
      </div>
      {fields.length === 0 ? (
        <TechniqueChoice families={families} onChoose={add} />
      ) : (
        <Select
          aria-label="Add another technique"
          value=""
          onChange={(event) => add(event.target.value)}
          className="mt-4 max-w-72"
        >
          <option value="">Add another technique…</option>
          {families.map(([family, members]) => (
            <optgroup key={family} label={family}>
              {members.map((technique) => (
                <option key={technique.id} value={technique.id}>
                  {technique.title}
                </option>
              ))}
            </optgroup>
          ))}
        </Select>
      )}
      <FieldError id="techniques-error" message={problem} />
    </section>
  );
}

function TechniqueChoice({
  families,
  onChoose,
}: {
  families: readonly (readonly [family: string, members: TechniqueDescriptor[]])[];
  onChoose: (id: string) => void;
}) {
  return (
    <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
      {families.map(([family, members]) => (
        <div key={family}>
          <h3 className="mb-1 text-xs font-medium text-ink-faint">{family}</h3>
          <ul className="m-0 list-none p-0">
            {members.map((technique) => (
              <li key={technique.id}>
                <button
                  type="button"
                  onClick={() => onChoose(technique.id)}
                  className="-mx-2 block w-[calc(100%+1rem)] rounded-md px-2 py-1.5 text-left hover:bg-accent-soft"
                >
                  <span className="text-sm font-medium text-ink">{technique.title}</span>
                  <span className="block text-xs text-ink-faint">acts on {SEAM_WORDS[technique.seam]}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}
