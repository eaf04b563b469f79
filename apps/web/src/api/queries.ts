import type {
  BackendOption,
  ClaimView,
  DataSetOption,
  ExperimentPlan,
  ExperimentRequest,
  ExperimentView,
  Paper,
  RunView,
  SeriesBuckets,
  SubjectOption,
  SystemStatus,
  TechniqueDescriptor,
} from '@claimbench/contracts';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';
import type { paths } from './schema.generated.ts';

type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } }
  ? NonNullable<Q>
  : never;
export type ClaimFilters = Omit<QueryOf<'/api/claims'>, 'cursor' | 'limit'>;
export type PaperFilters = Omit<QueryOf<'/api/papers'>, 'cursor' | 'limit'>;
export type ExperimentFilters = Omit<QueryOf<'/api/experiments'>, 'cursor' | 'limit'>;
export type RunFilters = Omit<QueryOf<'/api/experiments/{id}/runs'>, 'cursor' | 'limit'>;

const PAGE_SIZE = 50;
/** Where a list begins: without a cursor. */
const FIRST: string | null = null;

/** What changes only with a new build or restart of the API. */
const CATALOGUE = { staleTime: 5 * 60_000 } as const;

/*
 * Keys begin with the noun; everything below one experiment or run starts with its id, so that a live event
 * invalidates exactly what it concerns.
 */
export const claimsPages = (filters: ClaimFilters) =>
  infiniteQueryOptions({
    queryKey: ['claims', 'pages', filters],
    initialPageParam: FIRST as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      get('/api/claims', {
        query: { ...filters, cursor: pageParam ?? undefined, limit: PAGE_SIZE },
        signal,
      }),
    getNextPageParam: (page) => page.next,
  });

/** The first `limit` claims of a filter, with the total of all. */
export const claimsTop = (filters: ClaimFilters, limit: number) =>
  queryOptions({
    queryKey: ['claims', 'top', filters, limit],
    queryFn: ({ signal }) => get('/api/claims', { query: { ...filters, limit }, signal }),
  });

export const claimView = (id: string) =>
  queryOptions({
    queryKey: ['claims', 'view', id],
    queryFn: ({ signal }): Promise<ClaimView> => get('/api/claims/{id}', { path: { id }, signal }),
  });

export const papersPages = (filters: PaperFilters) =>
  infiniteQueryOptions({
    queryKey: ['papers', 'pages', filters],
    initialPageParam: FIRST as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      get('/api/papers', {
        query: { ...filters, cursor: pageParam ?? undefined, limit: PAGE_SIZE },
        signal,
      }),
    getNextPageParam: (page) => page.next,
  });

export const papersTop = (filters: PaperFilters, limit: number) =>
  queryOptions({
    queryKey: ['papers', 'top', filters, limit],
    queryFn: ({ signal }) => get('/api/papers', { query: { ...filters, limit }, signal }),
  });

export const paperView = (number: number) =>
  queryOptions({
    queryKey: ['papers', 'view', number],
    queryFn: ({ signal }): Promise<Paper> => get('/api/papers/{number}', { path: { number }, signal }),
  });

export const techniqueList = queryOptions({
  queryKey: ['techniques'],
  ...CATALOGUE,
  queryFn: ({ signal }): Promise<TechniqueDescriptor[]> => get('/api/techniques', { signal }),
});

export const techniqueView = (id: string) =>
  queryOptions({
    queryKey: ['techniques', id],
    ...CATALOGUE,
    queryFn: ({ signal }): Promise<TechniqueDescriptor> => get('/api/techniques/{id}', { path: { id }, signal }),
  });

export const subjectList = queryOptions({
  queryKey: ['subjects'],
  ...CATALOGUE,
  queryFn: ({ signal }): Promise<SubjectOption[]> => get('/api/subjects', { signal }),
});

export const dataSetList = queryOptions({
  queryKey: ['data-sets'],
  ...CATALOGUE,
  queryFn: ({ signal }): Promise<DataSetOption[]> => get('/api/data-sets', { signal }),
});

export const backendList = queryOptions({
  queryKey: ['backends'],
  ...CATALOGUE,
  queryFn: ({ signal }): Promise<BackendOption[]> => get('/api/backends', { signal }),
});

export const experimentPlan = (request: ExperimentRequest | null) =>
  queryOptions({
    queryKey: ['plan', request],
    enabled: request !== null,
    staleTime: 10_000,
    queryFn: ({ signal }): Promise<ExperimentPlan> => {
      if (request === null) throw new Error('a plan needs a request');
      return post('/api/experiments/plan', { body: request, signal });
    },
  });

export const experimentsPages = (filters: ExperimentFilters) =>
  infiniteQueryOptions({
    queryKey: ['experiments', 'pages', filters],
    initialPageParam: FIRST as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      get('/api/experiments', {
        query: { ...filters, cursor: pageParam ?? undefined, limit: PAGE_SIZE },
        signal,
      }),
    getNextPageParam: (page) => page.next,
  });

export const experimentsTop = (filters: ExperimentFilters, limit: number) =>
  queryOptions({
    queryKey: ['experiments', 'top', filters, limit],
    queryFn: ({ signal }) => get('/api/experiments', { query: { ...filters, limit }, signal }),
  });

export const experimentView = (id: string) =>
  queryOptions({
    queryKey: ['experiment', id, 'view'],
    queryFn: ({ signal }): Promise<ExperimentView> => get('/api/experiments/{id}', { path: { id }, signal }),
  });

export const experimentRuns = (id: string, filters: RunFilters, limit = 100) =>
  infiniteQueryOptions({
    queryKey: ['experiment', id, 'runs', filters, limit],
    initialPageParam: FIRST as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      get('/api/experiments/{id}/runs', {
        path: { id },
        query: { ...filters, cursor: pageParam ?? undefined, limit },
        signal,
      }),
    getNextPageParam: (page) => page.next,
  });

export const experimentComparison = (id: string) =>
  queryOptions({
    queryKey: ['experiment', id, 'comparison'],
    queryFn: ({ signal }) => get('/api/experiments/{id}/comparison', { path: { id }, signal }),
  });

export const experimentCurves = (id: string, series: string) =>
  queryOptions({
    queryKey: ['experiment', id, 'curves', series],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      get('/api/experiments/{id}/curves', {
        path: { id },
        query: { series, buckets: 120 },
        signal,
      }),
  });

export const runView = (id: string) =>
  queryOptions({
    queryKey: ['run', id, 'view'],
    queryFn: ({ signal }): Promise<RunView> => get('/api/runs/{id}', { path: { id }, signal }),
  });

export const runSeries = (id: string, series: string) =>
  queryOptions({
    queryKey: ['run', id, 'series', series],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }): Promise<SeriesBuckets> =>
      get('/api/runs/{id}/series/{series}', {
        path: { id, series },
        query: { buckets: 240 },
        signal,
      }),
  });

export const runLog = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['run', id, 'log'],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      get('/api/runs/{id}/log', { path: { id }, query: { after: pageParam, limit: 500 }, signal }),
    getNextPageParam: (page) => page.next,
  });

export const systemStatus = queryOptions({
  queryKey: ['system'],
  refetchInterval: 5000,
  queryFn: ({ signal }): Promise<SystemStatus> => get('/api/system', { signal }),
});

/** Submits an experiment; the same `idempotencyKey` with the same request never makes a second one. */
export function submitExperiment(request: ExperimentRequest, idempotencyKey: string): Promise<ExperimentView> {
  return post('/api/experiments', {
    body: request,
    header: { 'Idempotency-Key': idempotencyKey },
  });
}

export function cancelExperiment(id: string): Promise<ExperimentView> {
  return post('/api/experiments/{id}/cancel', { path: { id } });
}

export function cancelRun(id: string): Promise<RunView> {
  return post('/api/runs/{id}/cancel', { path: { id } });
}
