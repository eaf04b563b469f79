import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../test/platform.ts';

describe('an error', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.close());

  async function post(body: Uint8Array | string, contentType = 'application/json') {
    const response = await fetch(`${platform.url}/api/experiments`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
  }

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'invalid-text-encoding'],
    ['a NUL character', '{"title":"a\\u0000b"}', 'invalid-text-encoding'],
    ['no JSON', '{"title":', 'invalid-request'],
    ['nothing', '', 'invalid-request'],
    ['a key that would be a prototype', '{"__proto__":{"kind":"comparison"}}', 'invalid-request'],
    ['a list', '[]', 'invalid-request'],
    ['more than 16 MiB', `"${'a'.repeat(17 << 20)}"`, 'invalid-request'],
  ])('names a body that is %s', async (_what, body, code) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: { code, type: `urn:claimbench:error:${code}`, status: 400 } });
    expect(answer.type).toContain('application/problem+json');
  });

  it('lets an escaped backslash before u0000 pass: it is text', async () => {
    const answer = await post('{"title":"a\\\\u0000b"}');
    expect(answer.body).toMatchObject({ code: 'invalid-request', errors: [{ path: 'kind' }] });
  });

  it('names a content type that is not read', async () => {
    expect(await post('title=x', 'application/x-www-form-urlencoded')).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
  });

  it('names an address of nothing', async () => {
    expect(await platform.get('/api/nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await platform.call('DELETE', '/api/health')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it.each([
    ['/api/claims?limit=0', 'limit'],
    ['/api/claims?limit=many', 'limit'],
    ['/api/claims?family=furniture', 'family'],
    ['/api/claims?verdict=maybe', 'verdict'],
    ['/api/claims?status=lost', 'status'],
    ['/api/claims?testable=never', 'testable'],
    ['/api/papers?limit=201', 'limit'],
    ['/api/experiments?state=done', 'state'],
    ['/api/experiments?claim=one', 'claim'],
    ['/api/events?run=one', 'run'],
  ])('names the field of the query %s', async (path, field) => {
    expect(await platform.get(path)).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', errors: [{ path: field }] },
    });
  });
});
