import type { ClaimSummary, ComparisonRequest, ExperimentView, Family, Protocol } from '@claimbench/contracts';
import { type APIRequestContext, expect } from '@playwright/test';

/** A comparison that takes seconds: a tiny subject, few tokens, few items. */
export function smallComparison(change: Partial<ComparisonRequest> = {}): ComparisonRequest {
  return {
    kind: 'comparison',
    title: 'Small comparison',
    claim: null,
    subject: { kind: 'recipe', name: 'tiny-gpt2' },
    training: { tokens: 100_000 },
    data: 'node-docs',
    items: 40,
    probes: [],
    techniques: [{ id: 'round-to-nearest', parameters: {}, grid: { bits: [8, 4, 2] } }],
    withBaseline: true,
    seeds: 2,
    backend: 'native',
    reuse: true,
    ...change,
  };
}

/** Submits through the API: for stories that begin with an experiment that exists. */
export async function submit(
  request: APIRequestContext,
  data: ComparisonRequest,
  headers: Record<string, string> = {},
): Promise<ExperimentView> {
  const answer = await request.post('/api/experiments', { data, headers });
  expect(answer.status(), await answer.text()).toBe(201);
  return answer.json();
}

/** Waits until the experiment has ended; fails with its counts when it does not in time. */
export async function ended(request: APIRequestContext, id: string, timeout: number): Promise<ExperimentView> {
  let last: ExperimentView | null = null;
  await expect
    .poll(
      async () => {
        last = await (await request.get(`/api/experiments/${id}`)).json();
        return last?.state;
      },
      { timeout, message: 'the experiment ends' },
    )
    .not.toBe('running');
  if (last === null) throw new Error('no answer');
  return last;
}

/** A finished experiment with its runs and its numbers: made once, then the same one for every story. */
export async function finishedExperiment(request: APIRequestContext): Promise<ExperimentView> {
  const { id } = await submit(request, smallComparison({ title: 'Finished comparison' }), {
    'idempotency-key': 'stories: finished comparison',
  });
  return ended(request, id, 120_000);
}

/** Whether a verdict comes with an interval: what is counted or exact has none, and a busy machine refuses to be timed. */
function hasInterval({ kind, parts }: Protocol): boolean {
  return kind !== 'speed' && parts.every(({ template }) => template !== 'count' && template !== 'exact');
}

/** The claim of a family whose quick protocol is expected to take the least time. */
export async function quickClaim(
  request: APIRequestContext,
  family: Family,
): Promise<{ claim: ClaimSummary; protocol: Protocol }> {
  const pages: { items: ClaimSummary[] }[] = await Promise.all(
    ['implemented', 'verdict'].map(async (status) =>
      (await request.get(`/api/claims?family=${family}&status=${status}&limit=200`)).json(),
    ),
  );
  const candidates = await Promise.all(
    pages
      .flatMap((page) => page.items)
      .filter((claim) => claim.protocolIds.some((id) => id.includes('-quick')))
      .map(async (claim) => {
        const view: { protocols: Protocol[] } = await (await request.get(`/api/claims/${claim.id}`)).json();
        const protocol = view.protocols.find((one) => one.scale === 'quick');
        return protocol && view.protocols.length === 1 && hasInterval(protocol) ? [{ claim, protocol }] : [];
      }),
  );
  const [fastest] = candidates.flat().sort((a, b) => a.protocol.expectedSeconds - b.protocol.expectedSeconds);
  if (!fastest) throw new Error(`no claim of the family ${family} has one quick protocol`);
  return fastest;
}
