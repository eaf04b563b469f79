import { VerdictRecord } from '@claimbench/contracts';
import { citationCff, corpus } from '@claimbench/corpus';
import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { VERSION } from '../system/version.ts';
import { VerdictRepository } from './verdict.repository.ts';

const VerdictId = z.uuid();

@ApiTags('verdicts')
@Controller('verdicts')
export class VerdictController {
  constructor(private readonly verdicts: VerdictRepository) {}

  @Get(':id')
  @ApiOkResponse({ standardSchema: VerdictRecord })
  @ApiProblems('not-found', 'database-unavailable')
  getVerdict(@Param('id', { schema: VerdictId }) id: string): Promise<VerdictRecord> {
    return this.verdicts.byId(id);
  }

  /** The verdict as a CITATION.cff file. */
  @Get(':id/citation')
  @Header('content-type', 'application/yaml; charset=utf-8')
  @Header('content-disposition', 'attachment; filename="CITATION.cff"')
  @ApiProduces('application/yaml')
  @ApiOkResponse({ content: { 'application/yaml': { schema: { type: 'string' } } } })
  @ApiProblems('not-found', 'database-unavailable')
  async getCitation(@Param('id', { schema: VerdictId }) id: string): Promise<string> {
    const record = await this.verdicts.byId(id);
    // The corpus only grows; a verdict's claim is in it as long as the history is that of this corpus.
    const found = corpus.claimById(record.verdict.claim);
    if (!found) throw new Error(`the corpus has no claim ${record.verdict.claim}, which a verdict is about`);
    return citationCff({ record, ...found, softwareVersion: VERSION, url: null });
  }
}
