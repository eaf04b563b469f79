import { SystemStatus } from '@claimbench/contracts';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { Health } from './system.schemas.ts';
import { SystemService } from './system.service.ts';

@ApiTags('system')
@Controller()
export class SystemController {
  constructor(private readonly system: SystemService) {}

  /** 200 when runs can be submitted and stored, else 503 with what is down. */
  @Get('health')
  @ApiOkResponse({ standardSchema: Health })
  @ApiResponse({ status: 503, standardSchema: Health })
  async getHealth(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const health = await this.system.health();
    reply.status(health.status === 'up' ? 200 : 503);
    return health;
  }

  @Get('system')
  @ApiOkResponse({ standardSchema: SystemStatus })
  @ApiProblems('database-unavailable')
  getSystem(): Promise<SystemStatus> {
    return this.system.status();
  }
}
