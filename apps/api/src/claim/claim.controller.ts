import { ClaimId, ClaimView } from '@claimbench/contracts';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { ClaimPage, ClaimQuery } from './claim.schemas.ts';
import { ClaimService } from './claim.service.ts';

@ApiTags('claims')
@Controller('claims')
export class ClaimController {
  constructor(private readonly claims: ClaimService) {}

  @Get()
  @ApiOkResponse({ standardSchema: ClaimPage })
  @ApiProblems('invalid-request', 'invalid-cursor', 'database-unavailable')
  listClaims(@Query({ schema: ClaimQuery }) query: ClaimQuery): Promise<ClaimPage> {
    return this.claims.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: ClaimView })
  @ApiProblems('not-found', 'database-unavailable')
  getClaim(@Param('id', { schema: ClaimId }) id: string): Promise<ClaimView> {
    return this.claims.get(id);
  }
}
