import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type ClaimedRun, type Failure, type FinishRun } from '@claimbench/contracts';
import type { Logger } from 'pino';
import { type Unreachable, untilAnswered } from '../api/retry.ts';
import type { WorkerApi } from '../api/worker-api.ts';
import type { ArtifactCache } from '../artifact-cache/artifact-cache.ts';
import type { ChildPool } from '../child/child-pool.ts';
import type { ChildMessage, WrittenArtifact } from '../child/messages.ts';
import type { RunChild } from '../child/run-child.ts';
import { failureOfExit, failureOfPreparation, failureOfUpload } from '../report/failures.ts';
import { renewLease } from '../report/heartbeats.ts';
import { PointStream } from '../report/point-stream.ts';
import { uploadArtifact } from '../report/upload-artifact.ts';
import type { MachineTurns } from './machine-turns.ts';

export interface AttemptContext {
  api: WorkerApi;
  pool: ChildPool;
  cache: ArtifactCache;
  turns: MachineTurns;
  worker: string;
  threads: number;
  dataPath: readonly string[];
  cacheFolder: string;
  /** Attempts keep their files in a folder each below this one. */
  workFolder: string;
  /** Holds a file for each run whose training was cut, for the next attempt of whichever worker of this machine. */
  trainingFolder: string;
  logger: Logger;
  /** Aborted when the worker was asked to stop: a run that computes is given back. */
  stopping: AbortSignal;
  /** Aborted when the worker ends now, whatever is still to say. */
  leaving: AbortSignal;
}

/** How an attempt ends; the first one that is decided counts. */
type Ending =
  | { kind: 'result'; result: FinishRun['result']; artifacts: WrittenArtifact[] }
  /** The run is someone else's by now: nothing more is said of it. */
  | { kind: 'lost' }
  | { kind: 'given-back' };

/** Lines of a child's own output that go into the run's log; a loop that prints must not fill the database. */
const MOST_OUTPUT_LINES = 2000;

/** One claimed run from its base's download to the answer to its finish. */
export class Attempt {
  readonly #run: ClaimedRun;
  readonly #context: AttemptContext;
  readonly #logger: Logger;
  readonly #folder: string;
  readonly #savedTraining: string;
  readonly #ending = Promise.withResolvers<Ending>();
  #ended = false;
  readonly #lost = new AbortController();
  /** Every call about this run ends when it is lost or the worker leaves. */
  readonly #signal: AbortSignal;
  /** Ends a download, or the wait for a turn, that nobody waits for any more. */
  readonly #preparing = new AbortController();
  readonly #stream: PointStream;
  #child: RunChild | null = null;
  #endTurn: (() => void) | null = null;
  #started: Promise<void> | null = null;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #progress: number | null = null;
  #residentBytes = 0;
  #peakBytes = 0;
  #outputLines = 0;
  /** Set when points could not be handed over: then no result stands. */
  #refusal: Failure | null = null;

  constructor(run: ClaimedRun, context: AttemptContext) {
    this.#run = run;
    this.#context = context;
    this.#logger = context.logger.child({ runId: run.runId, token: run.token });
    this.#folder = join(context.workFolder, `${run.runId}.${run.token}`);
    this.#savedTraining = join(context.trainingFolder, `${run.runId}.safetensors`);
    this.#signal = AbortSignal.any([this.#lost.signal, context.leaving]);
    this.#stream = new PointStream({
      send: async (batch) => {
        await this.#answered('points', (signal) =>
          context.api.points(run.runId, { token: run.token, ...batch }, signal),
        );
      },
      onRefused: (error) => this.#refused('points', error),
    });
  }

  /** Resolves when nothing is left to do for this run. */
  async execute(): Promise<void> {
    const { stopping } = this.#context;
    const giveBack = () => this.#end({ kind: 'given-back' });
    stopping.addEventListener('abort', giveBack, { once: true });
    if (stopping.aborted) giveBack();
    const beating = new AbortController();
    const heartbeats = this.#renewLease(AbortSignal.any([beating.signal, this.#signal])).catch((error: unknown) =>
      this.#fail({ code: 'internal', message: `the lease could not be renewed: ${String(error)}` }),
    );
    try {
      this.#compute().catch((error: unknown) => this.#fail(failureOfPreparation(error)));
      await this.#report(await this.#ending.promise);
    } finally {
      stopping.removeEventListener('abort', giveBack);
      this.#endTurn?.();
      beating.abort();
      await heartbeats;
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  async #compute(): Promise<void> {
    const { runId, base, spec, limits } = this.#run;
    const { pool, turns, worker, threads, dataPath, cacheFolder } = this.#context;
    const basePath = base === null ? null : await this.#fetch(base.checkpoint.sha256);
    if (this.#ended) return;
    const alone = spec.timing !== undefined;
    const endTurn = await turns.take(alone, this.#preparing.signal);
    if (this.#ended) return endTurn();
    this.#endTurn = endTurn;
    const child = await pool.take({ alone });
    if (this.#ended) return child.kill();
    this.#child = child;
    await mkdir(this.#folder, { recursive: true });
    if (this.#ended) return;
    this.#stream.log('info', `attempt ${this.#run.token} on ${worker}: process ${child.pid}, ${threads} thread(s)`);
    child.exited.then((exit) => this.#fail(failureOfExit(exit)));
    child.assign(
      { spec, dataPath, cacheFolder, workFolder: this.#folder, basePath, threads, savedTraining: this.#savedTraining },
      {
        onMessage: (message) => this.#heard(message),
        onNonsense: (reason) =>
          this.#fail({ code: 'internal', message: `the executor reported something that does not fit: ${reason}` }),
        onOutput: (stream, line) => this.#output(stream, line),
        onMemory: (bytes) => this.#watchMemory(bytes),
      },
    );
    this.#startedAt = performance.now();
    this.#timer = setTimeout(
      () => this.#timeOut(),
      // setTimeout would take a longer time for "at once".
      Math.min(1000 * limits.seconds, 2 ** 31 - 1),
    );
    this.#logger.debug({ pid: child.pid, runId }, 'assigned');
  }

  #fetch(sha256: string): Promise<string> {
    const patience = this.#patience('base');
    const signal = AbortSignal.any([patience.signal, this.#preparing.signal]);
    return untilAnswered((once) => this.#context.cache.fetch(sha256, once), { ...patience, signal });
  }

  #heard(message: ChildMessage): void {
    if (this.#ended) return;
    switch (message.type) {
      case 'started':
        this.#started = this.#start();
        return;
      case 'points':
        this.#stream.push(message.points);
        return;
      case 'log':
        this.#stream.log(message.level, message.message);
        return;
      case 'progress':
        this.#progress = Math.min(1, Math.max(0, message.share));
        return;
      case 'failed':
        this.#fail(message.failure);
        return;
      case 'succeeded': {
        const peak = Math.max(this.#peakBytes, message.peakBytes) / 2 ** 20;
        const outcome = {
          ...message.outcome,
          timings: { ...message.outcome.timings, peakResidentMiB: Math.round(peak * 10) / 10 },
        };
        this.#end({
          kind: 'result',
          result: { state: 'succeeded', outcome, artifacts: [] },
          artifacts: message.artifacts,
        });
      }
    }
  }

  async #start(): Promise<void> {
    try {
      await this.#answered('start', (signal) => this.#context.api.start(this.#run.runId, this.#run.token, signal));
      this.#stream.open();
    } catch (error) {
      this.#refused('start', error);
    }
  }

  #output(stream: 'stdout' | 'stderr', line: string): void {
    if (this.#outputLines > MOST_OUTPUT_LINES || line === '') return;
    this.#outputLines += 1;
    if (this.#outputLines > MOST_OUTPUT_LINES)
      this.#stream.log('warn', `the process printed more than ${MOST_OUTPUT_LINES} lines; the rest is left out`);
    else this.#stream.log(stream === 'stderr' ? 'error' : 'info', line);
  }

  #watchMemory(bytes: number): void {
    this.#residentBytes = bytes;
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    const { memoryMiB } = this.#run.limits;
    if (bytes <= memoryMiB * 2 ** 20) return;
    const held = Math.ceil(bytes / 2 ** 20);
    this.#fail({
      code: 'memory-limit',
      message: `the run's process held ${held} MiB and its limit is ${memoryMiB} MiB`,
    });
  }

  #timeOut(): void {
    const { seconds } = this.#run.limits;
    const failure: Failure = { code: 'time-limit', message: `the run took longer than its limit of ${seconds} s` };
    this.#end({ kind: 'result', result: { state: 'timed-out', failure }, artifacts: [] });
  }

  #fail(failure: Failure): void {
    this.#end({ kind: 'result', result: { state: 'failed', failure }, artifacts: [] });
  }

  /** The first ending counts; the child has no more to do whichever it is. */
  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#preparing.abort();
    this.#child?.kill();
    this.#ending.resolve(ending);
  }

  /** The API will not hear of this run from us again. Stops whatever of it is under way, also the report of its result. */
  #loseRun(what: string, error: AppError): void {
    const level = error.code === 'lease-lost' ? 'warn' : 'error';
    this.#logger[level]({ code: error.code, call: what }, `the run is lost: ${error.message}`);
    this.#lost.abort(error);
    this.#end({ kind: 'lost' });
  }

  /** The API said no to the start or to points: the run is lost, or it has failed, because its numbers would be incomplete. */
  #refused(what: string, error: unknown): void {
    if (this.#signal.aborted) return;
    if (error instanceof AppError && error.code !== 'invalid-request') {
      this.#loseRun(what, error);
      return;
    }
    this.#refusal = { code: 'internal', message: `the API refused the run's ${what}: ${String(error)}` };
    this.#fail(this.#refusal);
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    const { runId, token, leaseSeconds } = this.#run;
    await renewLease({
      leaseSeconds,
      signal,
      beat: async (beatSignal) => {
        if (this.#startedAt > 0 && this.#residentBytes > 0 && !this.#ended) this.#notePresentMemory();
        return this.#context.api.heartbeat(runId, { token, progress: this.#progress }, beatSignal);
      },
      onCancel: () => this.#end({ kind: 'result', result: { state: 'cancelled' }, artifacts: [] }),
      onLost: (error) => this.#loseRun('heartbeat', error),
      onUnreachable: (reason) => this.#logger.warn({ reason }, 'a heartbeat was not answered'),
    });
  }

  #notePresentMemory(): void {
    const step = Math.round((performance.now() - this.#startedAt) / 1000);
    this.#stream.push([{ series: 'residentMiB', step, value: this.#residentBytes / 2 ** 20 }]);
  }

  async #report(ending: Ending): Promise<void> {
    await this.#child?.exited;
    try {
      if (ending.kind === 'given-back') await this.#giveBack();
      if (ending.kind === 'result') await this.#finish(ending);
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
    if (ending.kind !== 'lost' && this.#context.leaving.aborted && !this.#lost.signal.aborted)
      this.#logger.warn('the worker left before the API answered: the lease will run out');
  }

  async #giveBack(): Promise<void> {
    try {
      await this.#answered('release', (signal) => this.#context.api.release(this.#run.runId, this.#run.token, signal));
      this.#logger.info('given back');
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#logger.warn({ code: error.code }, `not given back, the lease will run out: ${error.message}`);
    }
  }

  async #finish(ending: Extract<Ending, { kind: 'result' }>): Promise<void> {
    await this.#started;
    await this.#stream.drain();
    let { result } = ending;
    if (this.#refusal !== null) result = { state: 'failed', failure: this.#refusal };
    if (result.state === 'succeeded') result = await this.#withArtifacts(result, ending.artifacts);
    try {
      await this.#sendFinish(result);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'lease-lost' || error.code === 'not-found' || error.code === 'unauthorized')
        return this.#loseRun('finish', error);
      // The API cannot take this result; the run still ends, with the reason.
      const message = `the API refused the run's result: ${error.message}`;
      this.#logger.error({ code: error.code, state: result.state }, message);
      await this.#sendFinish({ state: 'failed', failure: { code: 'internal', message } });
    }
    // The API has the run's end: nobody will go on with it.
    await rm(this.#savedTraining, { force: true });
    const failure = 'failure' in result ? { code: result.failure.code, reason: result.failure.message } : {};
    this.#logger.info({ state: result.state, peakMiB: Math.round(this.#peakBytes / 2 ** 20), ...failure }, 'finished');
  }

  async #sendFinish(result: FinishRun['result']): Promise<void> {
    const { runId, token } = this.#run;
    await this.#answered('finish', (signal) => this.#context.api.finish(runId, { token, result }, signal));
  }

  /** Stores the artifacts, so that a run that is `succeeded` has them; a run whose artifacts cannot be stored has failed. */
  async #withArtifacts(
    result: Extract<FinishRun['result'], { state: 'succeeded' }>,
    written: readonly WrittenArtifact[],
  ): Promise<FinishRun['result']> {
    try {
      for (const artifact of written) await uploadArtifact(this.#context.api, artifact, this.#patience('artifact'));
    } catch (error) {
      if (this.#signal.aborted) throw error;
      return { state: 'failed', failure: failureOfUpload(error) };
    }
    return { ...result, artifacts: written.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })) };
  }

  #answered<T>(what: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return untilAnswered(call, this.#patience(what));
  }

  #patience(what: string) {
    return {
      signal: this.#signal,
      onRetry: (error: Unreachable, waitMs: number) =>
        this.#logger.warn({ call: what, waitMs: Math.round(waitMs), reason: error.message }, 'the API does not answer'),
    };
  }
}
