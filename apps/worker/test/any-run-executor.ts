// An executor that takes any run that the API plans and executes it in no time: some points, an outcome that follows from the
// spec alone, and a checkpoint where a real run leaves one. CLAIMBENCH_TEST_HOLD names a file that keeps runs going while it is
// there.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Failure, RunSpec } from '@claimbench/contracts';
import type { ExecutedRun, ExecutionContext } from '../src/child/executor.ts';

export const POINTS = 40;

export function failureOf(error: unknown): Failure {
  return { code: 'internal', message: String(error) };
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export async function executeRun(spec: RunSpec, context: ExecutionContext): Promise<ExecutedRun> {
  for (let step = 0; step < POINTS; step += 1) {
    context.onPoints([{ series: 'trainingLoss', step, value: 3 - step / POINTS }]);
    context.onProgress(step / POINTS);
    await delay(2);
  }
  while (existsSync(process.env.CLAIMBENCH_TEST_HOLD ?? '')) await delay(10);
  const base = context.base === null ? 'none' : sha256(readFileSync(context.base.path));
  const digest = sha256(`${JSON.stringify(spec)} ${base}`);
  const bytes = new TextEncoder().encode(`checkpoint of ${digest}`);
  return {
    outcome: {
      metrics: { natsPerByte: 1 + Number.parseInt(digest.slice(0, 8), 16) / 2 ** 32 },
      items: null,
      diverged: null,
      timings: { seconds: 0.1 },
      digest,
      environment: { base },
    },
    artifacts: spec.technique.id === 'none' ? [{ name: 'checkpoint', sha256: sha256(bytes), bytes }] : [],
  };
}
