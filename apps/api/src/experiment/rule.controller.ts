import { Flip, RuleChange } from '@claimbench/contracts';
import { Controller, Get, HttpCode, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { WorkerGuard } from '../worker/worker.guard.ts';
import { ExperimentReevaluation } from './experiment.reevaluation.ts';

const ReevaluateQuery = z.object({ dryRun: z.stringbool().default(false) });

/** The rules that verdicts are reached by, and what their changes have turned around. */
@ApiTags('verdicts')
@Controller('rules')
export class RuleController {
  constructor(private readonly reevaluation: ExperimentReevaluation) {}

  @Get('flips')
  @ApiOkResponse({ standardSchema: z.array(Flip) })
  @ApiProblems('database-unavailable')
  listFlips(): Promise<Flip[]> {
    return this.reevaluation.flips();
  }

  /** Judges every verdict of older rules again. For the platform's operator: it needs the workers' token. */
  @Post('re-evaluate')
  @HttpCode(200)
  @ApiBearerAuth('worker')
  @UseGuards(WorkerGuard)
  @ApiOkResponse({ standardSchema: RuleChange })
  @ApiProblems('invalid-request', 'unauthorized', 'database-unavailable')
  reevaluate(@Query({ schema: ReevaluateQuery }) query: z.infer<typeof ReevaluateQuery>): Promise<RuleChange> {
    return this.reevaluation.reevaluate(query);
  }
}
