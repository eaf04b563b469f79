'use client';
import type { ReactNode } from 'react';
import { get, useFormState } from 'react-hook-form';
import type { ExperimentValues } from './experiment-form.ts';

/** The message at a path: what the form itself found, else what the API answered. */
export function useProblem(path: string, refused: ReadonlyMap<string, string>): string | undefined {
  const { errors } = useFormState<ExperimentValues>();
  const found: { message?: unknown } | undefined = get(errors, path);
  return typeof found?.message === 'string' ? found.message : refused.get(path);
}

export function FormHeading({ children }: { children: ReactNode }) {
  return <h2 className="mb-3 border-t border-line pt-4 text-base font-semibold text-ink">{children}</h2>;
}
