import type {
  ClaimedRun,
  ClaimRunRequest,
  FinishRun,
  Heartbeat,
  HeartbeatAnswer,
  PointBatch,
  PointBatchAnswer,
} from '@claimbench/contracts';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { RunLife } from '../run/run.life.ts';
import { WorkerRepository } from './worker.repository.ts';
import type { WorkerHello } from './worker.schemas.ts';

/** A worker's calls: its presence here, its runs' life in RunLife. */
@Injectable()
export class WorkerService {
  constructor(
    private readonly workers: WorkerRepository,
    private readonly life: RunLife,
  ) {}

  hello(hello: WorkerHello): Promise<void> {
    return this.workers.seen(hello);
  }

  claim(runId: string, request: ClaimRunRequest): Promise<ClaimedRun> {
    return this.life.claim(runId, request);
  }

  start(runId: string, token: number): Promise<void> {
    return this.life.start(runId, token);
  }

  heartbeat(runId: string, heartbeat: Heartbeat): Promise<HeartbeatAnswer> {
    return this.life.heartbeat(runId, heartbeat);
  }

  addPoints(runId: string, batch: PointBatch): Promise<z.infer<typeof PointBatchAnswer>> {
    return this.life.addPoints(runId, batch);
  }

  release(runId: string, token: number): Promise<void> {
    return this.life.release(runId, token);
  }

  finish(runId: string, finish: FinishRun): Promise<void> {
    return this.life.finish(runId, finish);
  }
}
