import { Problem } from '@claimbench/contracts';

/** An answer of the API that is not what was asked for: problem details, with the fields of a bad request by path. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  /** null where the answer was no problem document, e.g. from a proxy in between. */
  readonly code: string | null;
  readonly title: string;
  readonly fields: readonly { path: string; message: string }[];

  constructor(problem: {
    status: number;
    code: string | null;
    title: string;
    detail: string;
    fields: readonly { path: string; message: string }[];
  }) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.fields = problem.fields;
  }
}

/** Reads problem details out of an answer's body; anything else becomes a ProblemError without a code. */
export function problemError(status: number, body: unknown): ProblemError {
  const parsed = Problem.safeParse(body);
  if (parsed.success) {
    const { code, title, detail, errors } = parsed.data;
    return new ProblemError({ status, code, title, detail, fields: errors ?? [] });
  }
  const detail = typeof body === 'string' && body.trim() !== '' ? body.slice(0, 300) : `The server answered ${status}.`;
  return new ProblemError({ status, code: null, title: 'Unexpected answer', detail, fields: [] });
}

/** What to tell a person about anything that was thrown. */
export function explain(error: unknown): { title: string; detail: string; code: string | null } {
  if (error instanceof ProblemError) {
    return { title: sentenceCase(error.title), detail: error.message, code: error.code };
  }
  if (error instanceof TypeError) {
    // fetch rejects with a TypeError when no answer came at all
    return {
      title: 'No connection',
      detail: 'The dashboard’s server does not answer. Is it still running?',
      code: null,
    };
  }
  return { title: 'Something failed', detail: error instanceof Error ? error.message : String(error), code: null };
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
