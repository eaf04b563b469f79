import { Paper } from '@claimbench/contracts';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { PaperNumber, PaperPage, PaperQuery } from './paper.schemas.ts';
import { PaperService } from './paper.service.ts';

@ApiTags('papers')
@Controller('papers')
export class PaperController {
  constructor(private readonly papers: PaperService) {}

  @Get()
  @ApiOkResponse({ standardSchema: PaperPage })
  @ApiProblems('invalid-request', 'invalid-cursor', 'database-unavailable')
  listPapers(@Query({ schema: PaperQuery }) query: PaperQuery): Promise<PaperPage> {
    return this.papers.list(query);
  }

  @Get(':number')
  @ApiOkResponse({ standardSchema: Paper })
  @ApiProblems('not-found')
  getPaper(@Param('number', { schema: PaperNumber }) number: number): Paper {
    return this.papers.get(number);
  }
}
