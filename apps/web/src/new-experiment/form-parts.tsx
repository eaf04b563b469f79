'use client';
import { createContext, type ReactNode, useContext } from 'react';

/** What is wrong with the form now, by the field's path: found by the form itself or answered by the API. */
const Problems = createContext<ReadonlyMap<string, string>>(new Map());
export const ProblemsProvider = Problems.Provider;

/** The message at a field's path. */
export function useProblem(path: string): string | undefined {
  return useContext(Problems).get(path);
}

/** The DOM id of the control at a path. */
export function fieldId(path: string): string {
  return path.replaceAll('.', '-');
}

export function FormHeading({ children }: { children: ReactNode }) {
  return <h2 className="mb-3 border-t border-line pt-4 text-base font-semibold text-ink">{children}</h2>;
}
