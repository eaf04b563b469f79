// An executor for the worker's tests: does what the spec's technique parameters tell it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Failure, Outcome, RunSpec } from '@claimbench/contracts';
import type { ExecutedRun, ExecutionContext } from '../src/child/executor.ts';

class ExpectedFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ExpectedFailure) return error.failure;
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

function outcome(metrics: Record<string, number>, environment: Outcome['environment'] = {}): Outcome {
  const digest = createHash('sha256').update(JSON.stringify(metrics)).digest('hex');
  return { metrics, items: null, diverged: null, timings: {}, digest, environment };
}

/** Survives between runs only if a process serves several. */
let runsOfThisProcess = 0;

export async function executeRun(spec: RunSpec, context: ExecutionContext): Promise<ExecutedRun> {
  const command = spec.technique.parameters;
  runsOfThisProcess += 1;
  const settled: ExecutedRun = { outcome: outcome({ natsPerByte: 1.25 }), artifacts: [] };
  switch (spec.technique.id) {
    // Points one after the other until the file appears, or until `count` of them.
    case 'points': {
      const count = Number(command.count ?? Number.POSITIVE_INFINITY);
      for (let step = 0; step < count && !existsSync(String(command.until ?? '')); step += 1) {
        context.onPoints([{ series: 'trainingLoss', step, value: 1 / (step + 1) }]);
        if (step % 100 === 0) context.onLog('info', `step ${step}`);
        context.onProgress(count === Number.POSITIVE_INFINITY ? 0.5 : step / count);
        await delay(Number(command.everyMs ?? 1));
      }
      settled.outcome.metrics.runsOfThisProcess = runsOfThisProcess;
      settled.outcome.metrics.threads = context.threads;
      settled.outcome.metrics.secrets = Object.keys(process.env).filter((name) =>
        /WORKER_TOKEN|DATABASE_URL|REDIS_URL/.test(name),
      ).length;
      return settled;
    }
    case 'artifacts': {
      const bytes = new Uint8Array(Number(command.bytes)).fill(7);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      settled.artifacts.push({ name: 'checkpoint', sha256: command.lie ? 'f'.repeat(64) : sha256, bytes });
      return settled;
    }
    case 'read-base': {
      const base = context.base === null ? '' : readFileSync(context.base.path);
      settled.outcome.environment.base = createHash('sha256').update(base).digest('hex');
      return settled;
    }
    // Counts steps in the file that outlives attempts, as training saves itself; ends once the file at `until` is there.
    case 'train': {
      const { path } = context.savedTraining;
      const before = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
      let step = before;
      do {
        step += 1;
        // At once or not at all, as training saves itself: a kill between the two halves of a write would leave an empty file.
        writeFileSync(`${path}.new`, String(step));
        renameSync(`${path}.new`, path);
        context.onPoints([{ series: 'trainingLoss', step, value: 1 / step }]);
        await delay(1);
      } while (!existsSync(String(command.until)));
      settled.outcome.metrics.stepsBefore = before;
      return settled;
    }
    // Never returns to the event loop, as a computation in plain TypeScript does.
    case 'burn':
      context.onPoints([{ series: 'trainingLoss', step: 0, value: 2 }]);
      for (;;);
    case 'allocate': {
      const held: Uint8Array[] = [];
      for (;;) {
        held.push(new Uint8Array(32 * 2 ** 20).fill(1));
        await delay(Number(command.everyMs ?? 20));
      }
    }
    case 'fill-the-heap': {
      const held: number[][] = [];
      for (;;) held.push(new Array(100_000).fill(held.length).map((value, index) => value * index + 0.5));
    }
    case 'crash':
      console.error('about to go');
      context.onLog('warn', 'something is wrong');
      if (command.how === 'exit') process.exit(3);
      if (command.how === 'throw')
        setImmediate(() => {
          throw new Error('thrown where nobody listens');
        });
      else process.kill(process.pid, String(command.how) as NodeJS.Signals);
      return new Promise(() => {});
    case 'fail':
      throw new ExpectedFailure({ code: 'diverged', message: 'the loss is NaN', step: 17 });
    case 'nonsense':
      context.onPoints([{ series: 'trainingLoss', step: 0, value: Number.NaN }]);
      return settled;
    default:
      throw new Error(`the test's executor does not know ${spec.technique.id}`);
  }
}
