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
import { byProtocol } from './claim-order.ts';
import type { KeptVerdict } from './records.ts';

/** One protocol and what has come of it. */
export interface Entry {
  readonly claim: ClaimSummary;
  readonly protocol: Protocol;
  /** The newest verdict from this protocol, in its present version and under the present rule. */
  readonly record: VerdictRecord | null;
  /** Wall time of the experiment behind the verdict; null without one. */
  readonly seconds: number | null;
  /** What the verdict comes from: "2 cores, AMD EPYC". */
  readonly machine: string;
  /** Why there is no verdict, where its experiment has ended without one. */
  readonly failure: string | null;
}

export interface ReproductionOptions {
  readonly scale: Scale;
  /** Only these claims; null: all. */
  readonly claims: readonly string[] | null;
  /** Experiments at once: one alone leaves workers idle at the end of each of its stages. */
  readonly parallel: number;
  /** Verdicts that were reached elsewhere and count: their protocols are left alone, in the same version and under the same rule. */
  readonly kept: readonly KeptVerdict[];
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  /** Told of the table whenever a protocol has ended. */
  readonly onEntries?: (entries: readonly Entry[]) => Promise<void>;
}

const ClaimPage = page(ClaimSummary, 'ClaimPage');
const ExperimentPage = page(ExperimentView.pick({ id: true, state: true }), 'ExperimentPage');
const POLL_MS = 1000;

/**
 * Brings every protocol of a scale to its verdict: registers what was never registered, waits for what runs already, and leaves
 * alone what has its verdict. All state is the platform's, so a call that was killed is resumed by the next one.
 */
export async function reproduce(api: ApiClient, options: ReproductionOptions): Promise<Entry[]> {
  const { signal, onProgress, onEntries, parallel } = options;
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
      await onEntries?.(entries);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, lane));
  return entries;
}

/** Every protocol of the scale, in the order of the claims' numbers, with what has come of it. */
export async function readEntries(
  api: Reader,
  { scale, claims, kept }: Pick<ReproductionOptions, 'scale' | 'claims' | 'kept'>,
): Promise<Entry[]> {
  const status = await api.get('/api/system', SystemStatus);
  const { ruleVersion } = status;
  const machine = machineOf(status);
  const entries: Entry[] = [];
  for (const { id, protocolIds } of await allClaims(api)) {
    if (protocolIds.length === 0 || (claims !== null && !claims.includes(id))) continue;
    const view = await api.get(`/api/claims/${id}`, ClaimView);
    for (const protocol of view.protocols) {
      if (protocol.scale !== scale) continue;
      const own = await newest(api, view, protocol, ruleVersion);
      const found = own.record === null ? keptOf(protocol, ruleVersion, kept) : undefined;
      entries.push({ claim: view.claim, protocol, failure: null, machine, ...own, ...found });
    }
  }
  const without = (claims ?? []).filter((id) => !entries.some(({ claim }) => claim.id === id));
  if (without.length > 0) {
    throw new AppError(
      'unknown-protocol',
      `no protocol of scale ${scale} for ${without.join(', ')}; see --dry-run for those that there are`,
    );
  }
  const nameOf = ({ claim, protocol }: Entry) => ({ claim: claim.id, protocolId: protocol.id });
  return entries.sort((a, b) => byProtocol(nameOf(a), nameOf(b)));
}

/** Every claim of the platform. */
export function allClaims(api: Reader): Promise<ClaimSummary[]> {
  return everyItem(api, '/api/claims', ClaimPage);
}

function machineOf({ workers: [worker] }: SystemStatus): string {
  return worker ? `${worker.machine.cores ?? '?'} cores, ${worker.machine.processor ?? '?'}` : 'no worker';
}

/** The newest of the kept verdicts that answers this protocol under this rule. */
function keptOf(
  { id, version }: Protocol,
  ruleVersion: number,
  kept: readonly KeptVerdict[],
): Pick<Entry, 'record' | 'seconds' | 'machine'> | undefined {
  const [newest] = kept
    .filter(
      ({ protocolVersion, record: { verdict } }) =>
        verdict.protocolId === id && protocolVersion === version && verdict.ruleVersion === ruleVersion,
    )
    .sort((a, b) => (a.record.at > b.record.at ? -1 : 1));
  return newest && { record: newest.record, seconds: newest.seconds, machine: newest.machine };
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
