import { ExperimentPlan, ExperimentRequest, ExperimentView } from '@claimbench/contracts';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { check } from '../problem/check.ts';
import { ApiProblems } from '../problem/problem.decorator.ts';
import {
  Comparison,
  Curves,
  CurvesQuery,
  ExperimentId,
  ExperimentPage,
  ExperimentQuery,
  ExperimentRunQuery,
  IdempotencyKey,
  RunPage,
} from './experiment.schemas.ts';
import { ExperimentService } from './experiment.service.ts';

const BAD_REQUESTS = [
  'invalid-request',
  'unknown-technique',
  'unknown-subject',
  'unknown-data-set',
  'unknown-protocol',
  'invalid-parameters',
  'technique-does-not-fit',
  'too-many-runs',
  'backend-unavailable',
] as const;

@ApiTags('experiments')
@Controller('experiments')
export class ExperimentController {
  constructor(private readonly experiments: ExperimentService) {}

  /** What submitting would start: how many runs, how long. Writes nothing. */
  @Post('plan')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: ExperimentPlan })
  @ApiProblems(...BAD_REQUESTS, 'database-unavailable')
  planExperiment(@Body({ schema: ExperimentRequest }) request: ExperimentRequest): Promise<ExperimentPlan> {
    return this.experiments.plan(request);
  }

  @Post()
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string', minLength: 1, maxLength: 200 } })
  @ApiCreatedResponse({ standardSchema: ExperimentView })
  @ApiProblems(...BAD_REQUESTS, 'database-unavailable', 'queue-unavailable')
  submitExperiment(
    @Body({ schema: ExperimentRequest }) request: ExperimentRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
  ): Promise<ExperimentView> {
    return this.experiments.submit(request, check(IdempotencyKey, idempotencyKey, 'Idempotency-Key') ?? null);
  }

  @Get()
  @ApiOkResponse({ standardSchema: ExperimentPage })
  @ApiProblems('invalid-request', 'invalid-cursor', 'database-unavailable')
  listExperiments(@Query({ schema: ExperimentQuery }) query: ExperimentQuery): Promise<ExperimentPage> {
    return this.experiments.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: ExperimentView })
  @ApiProblems('not-found', 'database-unavailable')
  getExperiment(@Param('id', { schema: ExperimentId }) id: string): Promise<ExperimentView> {
    return this.experiments.get(id);
  }

  @Get(':id/runs')
  @ApiOkResponse({ standardSchema: RunPage })
  @ApiProblems('invalid-request', 'invalid-cursor', 'not-found', 'database-unavailable')
  listExperimentRuns(
    @Param('id', { schema: ExperimentId }) id: string,
    @Query({ schema: ExperimentRunQuery }) query: ExperimentRunQuery,
  ): Promise<RunPage> {
    return this.experiments.runs(id, query);
  }

  @Get(':id/comparison')
  @ApiOkResponse({ standardSchema: Comparison })
  @ApiProblems('not-found', 'database-unavailable')
  getComparison(@Param('id', { schema: ExperimentId }) id: string): Promise<Comparison> {
    return this.experiments.comparison(id);
  }

  @Get(':id/curves')
  @ApiOkResponse({ standardSchema: Curves })
  @ApiProblems('invalid-request', 'not-found', 'database-unavailable')
  getCurves(
    @Param('id', { schema: ExperimentId }) id: string,
    @Query({ schema: CurvesQuery }) query: CurvesQuery,
  ): Promise<Curves> {
    return this.experiments.curves(id, query);
  }

  /** Cancels every run that no other experiment needs. Cancelling an experiment that has ended changes nothing. */
  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: ExperimentView })
  @ApiProblems('not-found', 'database-unavailable')
  cancelExperiment(@Param('id', { schema: ExperimentId }) id: string): Promise<ExperimentView> {
    return this.experiments.cancel(id);
  }
}
