import { Paper } from '@claimbench/contracts';
import { bibtex } from '@claimbench/corpus';
import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
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

  /** The paper as a BibTeX entry, with what the corpus knows of it. */
  @Get(':number/bibtex')
  @Header('content-type', 'application/x-bibtex; charset=utf-8')
  @ApiProduces('application/x-bibtex')
  @ApiOkResponse({ content: { 'application/x-bibtex': { schema: { type: 'string' } } } })
  @ApiProblems('not-found')
  getBibtex(@Param('number', { schema: PaperNumber }) number: number): string {
    return bibtex(this.papers.get(number));
  }
}
