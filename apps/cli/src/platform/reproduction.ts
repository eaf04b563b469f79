import {
  AppError,
  ClaimSummary,
  ClaimView,
  ExperimentView,
  type Protocol,
  page,
  type Scale,
  SystemStatus,
  type VerdictRecord,
} from '@claimbench/contracts';
import { type ApiClient, everyItem, type Reader } from './api-client.ts';

/** One protocol and what has come of it. */
export interface Entry {
  readonly claim: ClaimSummary;
  readonly protocol: Protocol;
  /** The newest verdict from this protocol, in its present version and under the present rule. */
  readonly record: VerdictRecord | null;
  /** Wall time of the experiment behind the verdict; null without one. */
  readonly seconds: number | null;
  /** Why there is no verdict, where its experiment has ended without one. */
  readonly failure: string | null;
}

export interface ReproductionOptions {
  readonly scale: Scale;
  /** Only these claims; null: all. */
  readonly claims: readonly string[] | null;
  /** Experiments at once: one alone leaves workers idle at the end of each of its stages. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

const ClaimPage = page(ClaimSummary, 'ClaimPage');
const ExperimentPage = page(ExperimentView.pick({ id: true, state: true }), 'ExperimentPage');
const POLL_MS = 1000;

/**
 * Brings every protocol of a scale to its verdict: registers what was never registered, waits for what runs already, and leaves
 * alone what has its verdict. All state is the platform's, so a call that was killed is resumed by the next one.
 */
export async function reproduce(api: ApiClient, options: ReproductionOptions): Promise<Entry[]> {
  const { signal, onProgress, parallel } = options;
  const entries = await readEntries(api, options);
  const running = await runningProtocols(api);
  const queue = entries.flatMap((entry, index) => (entry.record === null ? [{ entry, index }] : []));
  onProgress(
    `${entries.length} protocols of scale ${options.scale}: ${entries.length - queue.length} have their verdict`,
  );
  let done = entries.length - queue.length;
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { entry, index } = next;
      const { id } = entry.protocol;
      const known = running.get(id);
      const experiment =
        known ?? (await api.post('/api/experiments', { kind: 'protocol', protocolId: id }, ExperimentView)).id;
      onProgress(`${id}: ${known ? 'already running' : 'registered'}, ${entry.protocol.title}`);
      const ended = await untilEnded(api, experiment, signal);
      entries[index] = await entryAfter(api, entry, ended);
      onProgress(`[${++done} of ${entries.length}] ${summaryOf(entries[index]!)}`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, lane));
  return entries;
}

/** Every protocol of the scale, in the order of the claims' numbers, with what has come of it. */
export async function readEntries(
  api: Reader,
  { scale, claims }: Pick<ReproductionOptions, 'scale' | 'claims'>,
): Promise<Entry[]> {
  const { ruleVersion } = await api.get('/api/system', SystemStatus);
  const entries: Entry[] = [];
  for (const { id, protocolIds } of await allClaims(api)) {
    if (protocolIds.length === 0 || (claims !== null && !claims.includes(id))) continue;
    const view = await api.get(`/api/claims/${id}`, ClaimView);
    for (const protocol of view.protocols) {
      if (protocol.scale !== scale) continue;
      const { record, seconds } = await newest(api, view, protocol, ruleVersion);
      entries.push({ claim: view.claim, protocol, record, seconds, failure: null });
    }
  }
  const without = (claims ?? []).filter((id) => !entries.some(({ claim }) => claim.id === id));
  if (without.length > 0) {
    throw new AppError(
      'unknown-protocol',
      `no protocol of scale ${scale} for ${without.join(', ')}; see --dry-run for those that there are`,
    );
  }
  return entries.sort((a, b) => byNumber(a.claim.id, b.claim.id) || (a.protocol.id < b.protocol.id ? -1 : 1));
}

/** Every claim of the platform. */
export function allClaims(api: Reader): Promise<ClaimSummary[]> {
  return everyItem(api, '/api/claims', ClaimPage);
}

/** A verdict from an earlier version of the protocol answers another question: it does not count. */
async function newest(
  api: Reader,
  view: ClaimView,
  protocol: Protocol,
  ruleVersion: number,
): Promise<Pick<Entry, 'record' | 'seconds'>> {
  const records = view.history
    .filter(({ verdict }) => verdict.protocolId === protocol.id && verdict.ruleVersion === ruleVersion)
    .sort((a, b) => (a.at > b.at ? -1 : 1));
  for (const record of records) {
    const experiment = await api.get(`/api/experiments/${record.experimentId}`, ExperimentView);
    if (experiment.registration?.registered.protocol.version !== protocol.version) continue;
    return { record, seconds: secondsOf(experiment) };
  }
  return { record: null, seconds: null };
}

/** Protocol -> its experiment that runs now. */
async function runningProtocols(api: ApiClient): Promise<Map<string, string>> {
  const { items } = await api.get('/api/experiments?limit=200', ExperimentPage);
  const running = new Map<string, string>();
  for (const { id, state } of items) {
    if (state !== 'running') continue;
    const { request } = await api.get(`/api/experiments/${id}`, ExperimentView);
    if (request.kind === 'protocol') running.set(request.protocolId, id);
  }
  return running;
}

async function untilEnded(api: ApiClient, id: string, signal: AbortSignal): Promise<ExperimentView> {
  for (;;) {
    const view = await api.get(`/api/experiments/${id}`, ExperimentView);
    if (view.finishedAt !== null) return view;
    await new Promise<void>((again, stop) => {
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        again();
      }, POLL_MS);
      const abort = () => {
        clearTimeout(timer);
        stop(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

async function entryAfter(api: ApiClient, entry: Entry, ended: ExperimentView): Promise<Entry> {
  const { claim, history } = await api.get(`/api/claims/${entry.claim.id}`, ClaimView);
  const record = history.find(({ experimentId }) => experimentId === ended.id) ?? null;
  const failure = record ? null : `${ended.state}: ${ended.reason ?? 'no reason given'}`;
  return { ...entry, claim, record, failure, seconds: secondsOf(ended) };
}

function secondsOf({ createdAt, finishedAt }: ExperimentView): number | null {
  return finishedAt === null ? null : (Date.parse(finishedAt) - Date.parse(createdAt)) / 1000;
}

function summaryOf({ protocol, record, failure, seconds }: Entry): string {
  const outcome = record ? `${record.verdict.verdict} (${record.verdict.reason})` : `no verdict, ${failure}`;
  return `${protocol.id}: ${outcome}, ${seconds?.toFixed(0) ?? '?'} s`;
}

/** "16.10" comes after "16.9". */
export function byNumber(a: string, b: string): number {
  const [paperA = 0, claimA = 0] = a.split('.').map(Number);
  const [paperB = 0, claimB = 0] = b.split('.').map(Number);
  return paperA - paperB || claimA - claimB;
}
