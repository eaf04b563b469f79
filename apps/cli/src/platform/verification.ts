import {
  AppError,
  ClaimView,
  type Outcome,
  page,
  type RunSpec,
  RunSummary,
  RunView,
  sha256Hex,
} from '@claimbench/contracts';
import { baseOf, specHashOf } from '@claimbench/experiments';
import { everyItem, type Reader } from './api-client.ts';
import { byNumber } from './claim-order.ts';
import { allClaims } from './reproduction.ts';

/** What came of a run's spec, computed once more. */
export interface Repetition {
  readonly specHash: string;
  /** Digest that the platform holds. */
  readonly stored: string;
  /** Digest of the repetition; null where it ended without one. */
  readonly repeated: string | null;
  readonly failure: string | null;
  /** What may explain a difference: another instruction set or other kernels than those of the stored run. */
  readonly otherEnvironment: string | null;
}

export interface VerifiedClaim {
  readonly claim: string;
  readonly protocol: string;
  readonly verdict: string;
  readonly repetitions: readonly Repetition[];
  /** Runs behind the verdict that have no digest, because they failed. */
  readonly withoutDigest: number;
}

/** A run computed on this machine from nothing but its spec. */
export interface Computed {
  readonly digest: string;
  readonly environment: Outcome['environment'];
  /** The trained model, where other runs start from it. */
  readonly checkpoint: Uint8Array | null;
}

export interface VerificationOptions {
  /** Claims to draw; ignored where they are named. */
  readonly count: number;
  /** Decides which claims are drawn. */
  readonly seed: string;
  readonly claims: readonly string[] | null;
  readonly execute: (spec: RunSpec, base: Uint8Array | null) => Promise<Computed>;
  readonly onProgress: (line: string) => void;
}

const RunPage = page(RunSummary, 'RunPage');

/**
 * Computes the runs behind verdicts once more, from their specs alone: bases are trained anew, nothing of the platform's is used
 * but what each run says of itself. Every spec is computed once, however many claims stand on it.
 */
export async function verify(api: Reader, options: VerificationOptions): Promise<VerifiedClaim[]> {
  const { onProgress } = options;
  const computer = new Computer(options.execute);
  const chosen = await chooseClaims(api, options);
  const verified: VerifiedClaim[] = [];
  for (const id of chosen) {
    const { history } = await api.get(`/api/claims/${id}`, ClaimView);
    if (history.length === 0) throw new AppError('not-found', `claim ${id} has no verdict: nothing to compute again`);
    const record = history.reduce((newest, one) => (one.at > newest.at ? one : newest));
    const runs = await runsOf(api, record.experimentId);
    onProgress(`${id}: ${runs.length} runs behind ${record.verdict.protocolId} (${record.verdict.verdict})`);
    const repetitions: Repetition[] = [];
    for (const { spec, specHash, outcome } of runs) {
      if (outcome === null) continue;
      const { computed, failure } = await computer.compute(spec);
      repetitions.push({
        specHash,
        stored: outcome.digest,
        repeated: computed?.digest ?? null,
        failure,
        otherEnvironment: computed ? otherEnvironment(outcome.environment, computed.environment) : null,
      });
    }
    const differing = repetitions.filter(({ stored, repeated }) => stored !== repeated).length;
    onProgress(`${id}: ${repetitions.length - differing} of ${repetitions.length} digests the same`);
    verified.push({
      claim: id,
      protocol: record.verdict.protocolId,
      verdict: record.verdict.verdict,
      repetitions,
      withoutDigest: runs.length - repetitions.length,
    });
  }
  return verified;
}

/** Claims with a verdict: those named, or as many as asked for, in an order that the seed decides. */
async function chooseClaims(api: Reader, { claims, count, seed }: VerificationOptions): Promise<string[]> {
  if (claims !== null) return [...claims];
  const judged = (await allClaims(api)).filter(({ status }) => status === 'verdict').map(({ id }) => id);
  const lots = await Promise.all(
    judged.map(async (id) => ({ id, lot: await sha256Hex(new TextEncoder().encode(`${seed}:${id}`)) })),
  );
  return lots
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id)
    .sort(byNumber);
}

async function runsOf(api: Reader, experiment: string): Promise<RunView[]> {
  const runs = new Map<string, RunView>();
  for (const { id, specHash } of await everyItem(api, `/api/experiments/${experiment}/runs`, RunPage)) {
    if (!runs.has(specHash)) runs.set(specHash, await api.get(`/api/runs/${id}`, RunView));
  }
  return [...runs.values()];
}

interface Answer {
  readonly computed: Computed | null;
  readonly failure: string | null;
}

/** Computes specs, their bases first, each once. */
class Computer {
  readonly #execute: VerificationOptions['execute'];
  readonly #known = new Map<string, Promise<Answer>>();

  constructor(execute: VerificationOptions['execute']) {
    this.#execute = execute;
  }

  async compute(spec: RunSpec): Promise<Answer> {
    const hash = await specHashOf(spec);
    const known = this.#known.get(hash) ?? this.#anew(spec);
    this.#known.set(hash, known);
    return known;
  }

  async #anew(spec: RunSpec): Promise<Answer> {
    const base = baseOf(spec);
    const start = base ? await this.compute(base) : null;
    if (start && !start.computed?.checkpoint) {
      return { computed: null, failure: `its base: ${start.failure ?? 'left no trained model'}` };
    }
    try {
      return { computed: await this.#execute(spec, start?.computed?.checkpoint ?? null), failure: null };
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      return { computed: null, failure: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** Digests are equal for the same code and instruction set only: what differs is named. */
function otherEnvironment(stored: Outcome['environment'], now: Outcome['environment']): string | null {
  const differing = ['backend', 'instructionSet', 'build', 'gitCommit'].filter((name) => stored[name] !== now[name]);
  return differing.length === 0
    ? null
    : differing.map((name) => `${name} ${now[name]}, stored with ${stored[name]}`).join('; ');
}
