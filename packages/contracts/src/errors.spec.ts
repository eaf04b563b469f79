import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError, ERROR_STATUS, invalid, Problem } from './errors.ts';

describe('errors', () => {
  it('carry their status by their code and become problem details', () => {
    const error = new AppError('too-many-runs', 'The grid has 10000 runs; at most 2000 are allowed.');
    expect(error.status).toBe(ERROR_STATUS['too-many-runs']);
    expect(Problem.parse(error.toProblem())).toMatchObject({
      code: 'too-many-runs',
      status: 400,
      detail: error.message,
    });
  });

  it('name the field of a bad request', () => {
    const { error } = z.object({ seeds: z.number().max(64) }).safeParse({ seeds: 65 });
    const problem = invalid('invalid-request', 'The experiment is not valid', error as z.ZodError).toProblem();
    expect(problem.errors?.[0]?.path).toBe('seeds');
    expect(problem.detail).toMatch(/seeds.*64/);
  });
});
