import type { ClaimView, Paper } from '@claimbench/contracts';
import { corpus } from '@claimbench/corpus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../test/platform.ts';
import type { PaperPage } from '../paper/paper.schemas.ts';
import type { ClaimPage } from './claim.schemas.ts';

describe('the corpus', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.close());

  async function all<Page extends { items: unknown[]; next: string | null; total: number | null }>(path: string) {
    const items: Page['items'][number][] = [];
    let cursor: string | null = null;
    let total: number | null = null;
    do {
      const { body }: { body: Page } = await platform.get<Page>(`${path}${cursor ? `&cursor=${cursor}` : ''}`);
      items.push(...body.items);
      total = body.total;
      cursor = body.next;
    } while (cursor);
    return { items, total };
  }

  it('lists every claim once, in the order of its papers', async () => {
    const { items, total } = await all<ClaimPage>('/api/claims?limit=200');
    const ids = corpus.papers.flatMap((paper) => paper.claims.map((claim) => claim.id));
    expect((items as ClaimPage['items']).map((claim) => claim.id)).toEqual(ids);
    expect(total).toBe(ids.length);
  });

  it('finds claims by family, scale, status and words', async () => {
    const pruning = await all<ClaimPage>('/api/claims?limit=200&family=pruning&testable=quick');
    expect(pruning.total).toBeGreaterThan(0);
    for (const claim of pruning.items as ClaimPage['items'])
      expect(claim).toMatchObject({ paper: { family: 'pruning' }, testability: { at: 'quick' } });
    const searched = await all<ClaimPage>('/api/claims?limit=3&q=layer%20normalization');
    const ids = (searched.items as ClaimPage['items']).map((claim) => claim.id);
    expect(new Set(ids).size).toBe(searched.total);
    expect((await all<ClaimPage>('/api/claims?limit=200&verdict=supported')).items).toEqual([]);
    expect((await all<ClaimPage>('/api/claims?limit=200&status=verdict')).total).toBe(0);
    expect((await all<ClaimPage>('/api/claims?limit=200&q=nosuchword')).total).toBe(0);
  });

  it('shows a claim with its paper and its protocols', async () => {
    const [protocol] = corpus.protocols;
    const id = protocol?.claim ?? corpus.papers[0]?.claims[0]?.id ?? '';
    const { body } = await platform.get<ClaimView>(`/api/claims/${id}`);
    expect(body.claim.id).toBe(id);
    expect(body.protocols.map((p) => p.id)).toEqual(corpus.protocolsOf(id).map((p) => p.id));
    expect(body).toMatchObject({ history: [], experiments: [], paper: { number: Number(id.split('.')[0]) } });
  });

  it('shows and lists papers', async () => {
    const { items, total } = await all<PaperPage>('/api/papers?limit=100');
    expect((items as PaperPage['items']).map((paper) => paper.number)).toEqual(
      corpus.papers.map((paper) => paper.number),
    );
    expect(total).toBe(corpus.papers.length);
    const [first] = corpus.papers;
    expect((await platform.get<Paper>(`/api/papers/${first?.number}`)).body).toEqual(first);
  });

  it('gives every claim a status with its reason', async () => {
    const { items } = await all<ClaimPage>('/api/claims?limit=200&status=outside');
    for (const claim of items as ClaimPage['items']) expect(claim.statusReason).toContain('not about norms');
    const { body } = await platform.get<ClaimView>('/api/claims/229.0');
    expect(body.claim).toMatchObject({
      status: 'not-testable-here',
      statusReason: 'size of the released suite',
    });
  });

  it('exports a paper as BibTeX', async () => {
    const answer = await fetch(`${platform.url}/api/papers/52/bibtex`);
    expect(answer.headers.get('content-type')).toBe('application/x-bibtex; charset=utf-8');
    expect(await answer.text()).toMatch(/^@misc\{dlp-52,\n {2}title = \{\{DLP: /);
    expect(await platform.get('/api/papers/9999/bibtex')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it.each(['/api/claims/9999.0', '/api/claims/one', '/api/papers/9999', '/api/papers/one'])(
    'has no %s',
    async (path) => {
      expect(await platform.get(path)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    },
  );
});
