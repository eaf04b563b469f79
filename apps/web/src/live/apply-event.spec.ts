import type { LiveEvent, RunSummary } from '@claimbench/contracts';
import { QueryClient, type QueryKey } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyEvent, gatheredRefresh } from './apply-event.ts';
import { retryDelay } from './event-stream.ts';

const run = (id: string): RunSummary => ({
  id,
  state: 'queued',
  arm: 'none',
  label: 'baseline',
  role: 'judged',
  block: 0,
  stage: 0,
  seed: 1,
  specHash: 'a'.repeat(64),
  technique: 'none',
  parameters: {},
  metrics: {},
  progress: null,
  reused: false,
  failure: null,
  seconds: null,
});

const changed: LiveEvent = {
  type: 'run.changed',
  runId: 'r2',
  experimentIds: ['e1'],
  state: 'succeeded',
  progress: 1,
  metrics: { natsPerByte: 1.5 },
  failure: null,
};

describe('a live event', () => {
  it('changes its run in every list that shows it, and no other', () => {
    const client = new QueryClient();
    const pages = { pages: [{ items: [run('r1'), run('r2')], next: null, total: 2 }], pageParams: [null] };
    client.setQueryData(['experiment', 'e1', 'runs', {}], pages);
    client.setQueryData(['experiment', 'e2', 'runs', {}], pages);
    applyEvent(client, changed, () => {});
    const states = (id: string) =>
      client.getQueryData<typeof pages>(['experiment', id, 'runs', {}])?.pages[0]?.items.map((r) => r.state);
    expect(states('e1')).toEqual(['queued', 'succeeded']);
    expect(states('e2')).toEqual(['queued', 'queued']);
  });
  it('asks again for what only the API can compute', () => {
    const asked: QueryKey[] = [];
    applyEvent(new QueryClient(), changed, (key) => asked.push(key));
    expect(asked).toContainEqual(['experiment', 'e1', 'comparison']);
    asked.length = 0;
    applyEvent(new QueryClient(), { ...changed, state: 'running', progress: 0.2 }, (key) => asked.push(key));
    expect(asked).not.toContainEqual(['experiment', 'e1', 'comparison']);
  });
});

describe('refreshing', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  it('happens at once, then gathers', () => {
    const client = new QueryClient();
    const spy = vi.spyOn(client, 'invalidateQueries');
    const { refresh, stop } = gatheredRefresh(client, 1000);
    for (let i = 0; i < 500; i++) refresh(['experiments']);
    refresh(['claims']);
    expect(spy).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1000);
    expect(spy).toHaveBeenCalledTimes(3);
    vi.advanceTimersByTime(5000);
    expect(spy).toHaveBeenCalledTimes(3);
    stop();
  });
});

describe('the wait before the next connection', () => {
  it('doubles up to fifteen seconds', () => {
    expect([0, 1, 2, 3, 10].map(retryDelay)).toEqual([500, 1000, 2000, 4000, 15_000]);
  });
});
