import { RunView, SeriesBuckets } from '@claimbench/contracts';
import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { LogPage, LogQuery, RunId, SeriesName, SeriesQuery } from './run.schemas.ts';
import { RunService } from './run.service.ts';

@ApiTags('runs')
@Controller('runs')
export class RunController {
  constructor(private readonly runs: RunService) {}

  @Get(':id')
  @ApiOkResponse({ standardSchema: RunView })
  @ApiProblems('not-found', 'database-unavailable')
  getRun(@Param('id', { schema: RunId }) id: string): Promise<RunView> {
    return this.runs.get(id);
  }

  @Get(':id/series/:series')
  @ApiOkResponse({ standardSchema: SeriesBuckets })
  @ApiProblems('invalid-request', 'not-found', 'database-unavailable')
  getSeries(
    @Param('id', { schema: RunId }) id: string,
    @Param('series', { schema: SeriesName }) series: string,
    @Query({ schema: SeriesQuery }) query: SeriesQuery,
  ): Promise<SeriesBuckets> {
    return this.runs.series(id, series, query);
  }

  @Get(':id/log')
  @ApiOkResponse({ standardSchema: LogPage })
  @ApiProblems('invalid-request', 'not-found', 'database-unavailable')
  getLog(@Param('id', { schema: RunId }) id: string, @Query({ schema: LogQuery }) query: LogQuery): Promise<LogPage> {
    return this.runs.log(id, query);
  }

  /** Ends the run for every experiment that it belongs to. Cancelling a run that has ended changes nothing. */
  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: RunView })
  @ApiProblems('not-found', 'database-unavailable')
  cancelRun(@Param('id', { schema: RunId }) id: string): Promise<RunView> {
    return this.runs.cancel(id);
  }
}
