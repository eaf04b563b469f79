import { describe, expect, it } from 'vitest';
import { address } from './client.ts';
import { explain, ProblemError, problemError } from './problem.ts';

describe('an address', () => {
  it('has its parameters filled in and encoded', () => {
    expect(address('/api/runs/{id}/series/{series}', { path: { id: 'a b', series: 'x/y' } })).toBe(
      '/api/runs/a%20b/series/x%2Fy',
    );
  });
  it('leaves out what is not given', () => {
    expect(address('/api/claims', { query: { family: 'norm', q: undefined, limit: 50 } })).toBe(
      '/api/claims?family=norm&limit=50',
    );
    expect(address('/api/claims', { query: {} })).toBe('/api/claims');
  });
  it('is refused when a parameter is missing', () => {
    expect(() => address('/api/runs/{id}', { path: {} })).toThrow('needs the parameter id');
  });
});

describe('an answer that is not a good one', () => {
  it('keeps the code and the fields of a problem document', () => {
    const error = problemError(400, {
      type: 'urn:claimbench:error:too-many-runs',
      code: 'too-many-runs',
      title: 'too many runs',
      status: 400,
      detail: '10000 runs; at most 2000',
      errors: [{ path: 'techniques.0.grid.bits', message: 'too many values' }],
    });
    expect(error).toMatchObject({ status: 400, code: 'too-many-runs', message: '10000 runs; at most 2000' });
    expect(error.fields).toEqual([{ path: 'techniques.0.grid.bits', message: 'too many values' }]);
    expect(explain(error)).toEqual({
      title: 'Too many runs',
      detail: '10000 runs; at most 2000',
      code: 'too-many-runs',
    });
  });
  it('is still told when it is no problem document', () => {
    const error = problemError(502, '<html>Bad gateway</html>');
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.code).toBeNull();
    expect(error.message).toContain('Bad gateway');
    expect(problemError(504, '').message).toBe('The server answered 504.');
  });
  it('is told apart from no answer at all', () => {
    expect(explain(new TypeError('fetch failed')).title).toBe('No connection');
  });
});
