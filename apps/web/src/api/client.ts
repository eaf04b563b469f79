import { problemError } from './problem.ts';
import type { paths } from './schema.generated.ts';

/*
 * The API behind this page's own origin (app/api), typed by the OpenAPI document: a path that does not exist, a missing
 * parameter or a wrong body do not compile.
 */
type Method = 'get' | 'post';
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: object }> ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Parameters<O> = O extends { parameters: infer Given } ? Given : never;
type Part<O, Name extends string> =
  Parameters<O> extends Record<Name, infer Required extends object>
    ? Record<Name, Required>
    : Parameters<O> extends Partial<Record<Name, infer Optional>>
      ? { [K in Name]?: Exclude<Optional, undefined> }
      : object;
type Body<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : object;
type Request<O> = Part<O, 'path'> & Part<O, 'query'> & Part<O, 'header'> & Body<O> & { signal?: AbortSignal };
type Json<R> = R extends { content: { 'application/json': infer T } } ? T : never;
/** The JSON of a good answer. */
type Answer<O> = O extends { responses: infer R }
  ? Json<R extends { 200: infer A } ? A : R extends { 201: infer A } ? A : never>
  : never;

/** Reads from the API; throws ProblemError for every answer but a good one. */
export function get<P extends PathsWith<'get'>>(
  path: P,
  request: Request<Operation<P, 'get'>>,
): Promise<Answer<Operation<P, 'get'>>> {
  return send('GET', path, request);
}

/** Sends to the API; throws ProblemError for every answer but a good one. */
export function post<P extends PathsWith<'post'>>(
  path: P,
  request: Request<Operation<P, 'post'>>,
): Promise<Answer<Operation<P, 'post'>>> {
  return send('POST', path, request);
}

/** The same request without its types, as it is sent. */
interface Loose {
  path?: unknown;
  query?: unknown;
  header?: unknown;
  body?: unknown;
  signal?: AbortSignal;
}

function given(part: unknown): [name: string, value: unknown][] {
  return Object.entries(part ?? {}).filter(([, value]) => value !== undefined);
}

/** The address of a path with its parameters filled in and its query in the order given; undefined ones are left out. */
export function address(path: string, request: Pick<Loose, 'path' | 'query'>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = new Map(given(request.path)).get(name);
    if (value === undefined) throw new TypeError(`${path} needs the parameter ${name}`);
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  for (const [name, value] of given(request.query)) query.append(name, String(value));
  return query.size === 0 ? filled : `${filled}?${query}`;
}

async function send<T>(method: string, path: string, request: Loose): Promise<T> {
  const headers = new Headers({ accept: 'application/json' });
  for (const [name, value] of given(request.header)) headers.set(name, String(value));
  if (request.body !== undefined) headers.set('content-type', 'application/json');
  const response = await fetch(address(path, request), {
    method,
    headers,
    body: request.body === undefined ? null : JSON.stringify(request.body),
    signal: request.signal ?? null,
  });
  if (!response.ok) throw problemError(response.status, await readBody(response));
  // the OpenAPI document is generated from the schemas by which the API checks what it answers
  return (await response.json()) as T;
}

/** JSON where it is JSON, else the text. */
async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
