import type { z } from 'zod';
import type { CorpusFile, CorpusIssue } from './corpus-file.ts';

export type Checked<T> = { value: T; issues: [] } | { value: null; issues: CorpusIssue[] };

/** Parses a file by its schema; a field that the schema does not know is an error too, since a misspelt field would vanish. */
export function checkShape<T>(file: CorpusFile, schema: z.ZodType<T>): Checked<T> {
  const result = schema.safeParse(file.content);
  if (!result.success) {
    const issues = result.error.issues.map((issue) => ({
      file: file.path,
      field: issue.path.join('.'),
      message: issue.message,
    }));
    return { value: null, issues };
  }
  const unknown = fieldsThatVanished(file.content, result.data, []);
  if (unknown.length > 0) {
    const issues = unknown.map((field) => ({ file: file.path, field, message: 'is not a field of the schema' }));
    return { value: null, issues };
  }
  return { value: result.data, issues: [] };
}

/** Paths that are in `before` and that parsing dropped. */
function fieldsThatVanished(before: unknown, after: unknown, path: string[]): string[] {
  if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null) return [];
  const kept = new Map<string, unknown>(Object.entries(after));
  return Object.entries(before).flatMap(([key, value]) =>
    kept.has(key) ? fieldsThatVanished(value, kept.get(key), [...path, key]) : [[...path, key].join('.')],
  );
}
