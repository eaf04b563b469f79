import { type Problem, readSettings } from '@claimbench/contracts';
import type { NextRequest } from 'next/server';

/**
 * One origin for the browser: everything under /api goes on to the API. Its address is read with every request, so that the
 * built dashboard can be pointed elsewhere; bodies stream both ways, server-sent events arrive one by one.
 */
export const dynamic = 'force-dynamic';

/** Headers that belong to one connection only, and those that the runtime sets itself. */
const HOP_BY_HOP = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'host',
  'keep-alive',
  'set-cookie',
  'transfer-encoding',
  'upgrade',
]);

function passedOn(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => !HOP_BY_HOP.has(name)));
}

async function proxy(request: NextRequest): Promise<Response> {
  const api = readSettings(process.env).CLAIMBENCH_API_URL;
  const headers = passedOn(request.headers);
  headers.set('x-forwarded-host', request.headers.get('host') ?? request.nextUrl.host);
  headers.set('x-forwarded-proto', request.nextUrl.protocol.slice(0, -1));
  // `duplex` is required for streamed bodies and missing in the DOM's type
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method,
    headers,
    body: request.body,
    duplex: 'half',
    redirect: 'manual',
    cache: 'no-store',
    signal: request.signal,
  };
  let answer: Response;
  try {
    answer = await fetch(new URL(request.nextUrl.pathname + request.nextUrl.search, api), init);
  } catch (cause) {
    if (request.signal.aborted) return new Response(null, { status: 499 });
    return unreachable(api, cause);
  }
  const out = passedOn(answer.headers);
  for (const cookie of answer.headers.getSetCookie()) out.append('set-cookie', cookie);
  // no-transform keeps compression, which would hold events back, away from streams
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
    out.set('cache-control', 'no-cache, no-transform');
  }
  return new Response(answer.body, { status: answer.status, headers: out });
}

function unreachable(api: string, cause: unknown): Response {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
  const problem: Problem = {
    type: 'urn:claimbench:error:internal',
    code: 'internal',
    title: 'The API does not answer',
    status: 502,
    detail: `The dashboard could not reach the API at ${api} (${reason}). It may be starting; this page tries again.`,
  };
  return Response.json(problem, { status: 502, headers: { 'content-type': 'application/problem+json' } });
}

export { proxy as DELETE, proxy as GET, proxy as HEAD, proxy as PATCH, proxy as POST, proxy as PUT };
