import {
  ClaimedRun,
  ClaimRunRequest,
  FinishRun,
  Heartbeat,
  HeartbeatAnswer,
  PointBatch,
  PointBatchAnswer,
} from '@claimbench/contracts';
import { Body, Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { RunId } from '../run/run.schemas.ts';
import { WorkerGuard } from './worker.guard.ts';
import { ReleaseRun, StartRun, WorkerHello } from './worker.schemas.ts';
import { WorkerService } from './worker.service.ts';

/** What workers say. Every call but `hello` and `claim` carries the fencing token that `claim` gave. */
@ApiTags('worker')
@ApiBearerAuth('worker')
@UseGuards(WorkerGuard)
@ApiProblems('unauthorized', 'invalid-request', 'database-unavailable')
@Controller('worker')
export class WorkerController {
  constructor(private readonly worker: WorkerService) {}

  @Post('hello')
  @HttpCode(204)
  @ApiNoContentResponse()
  hello(@Body({ schema: WorkerHello }) hello: WorkerHello): Promise<void> {
    return this.worker.hello(hello);
  }

  @Post('runs/:id/claim')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: ClaimedRun })
  @ApiProblems('not-found', 'run-not-claimable')
  claimRun(
    @Param('id', { schema: RunId }) id: string,
    @Body({ schema: ClaimRunRequest }) request: ClaimRunRequest,
  ): Promise<ClaimedRun> {
    return this.worker.claim(id, request);
  }

  @Post('runs/:id/start')
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiProblems('not-found', 'lease-lost')
  startRun(@Param('id', { schema: RunId }) id: string, @Body({ schema: StartRun }) { token }: StartRun): Promise<void> {
    return this.worker.start(id, token);
  }

  @Post('runs/:id/heartbeat')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: HeartbeatAnswer })
  @ApiProblems('not-found', 'lease-lost')
  heartbeat(
    @Param('id', { schema: RunId }) id: string,
    @Body({ schema: Heartbeat }) heartbeat: Heartbeat,
  ): Promise<HeartbeatAnswer> {
    return this.worker.heartbeat(id, heartbeat);
  }

  @Post('runs/:id/points')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: PointBatchAnswer })
  @ApiProblems('not-found', 'lease-lost')
  addPoints(
    @Param('id', { schema: RunId }) id: string,
    @Body({ schema: PointBatch }) batch: PointBatch,
  ): Promise<z.infer<typeof PointBatchAnswer>> {
    return this.worker.addPoints(id, batch);
  }

  /** Gives a run back that the worker will not finish, because it stops; it is queued again at once. */
  @Post('runs/:id/release')
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiProblems('not-found', 'lease-lost')
  releaseRun(
    @Param('id', { schema: RunId }) id: string,
    @Body({ schema: ReleaseRun }) { token }: ReleaseRun,
  ): Promise<void> {
    return this.worker.release(id, token);
  }

  @Post('runs/:id/finish')
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiProblems('not-found', 'lease-lost')
  finishRun(@Param('id', { schema: RunId }) id: string, @Body({ schema: FinishRun }) finish: FinishRun): Promise<void> {
    return this.worker.finish(id, finish);
  }
}
