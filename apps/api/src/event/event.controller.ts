import { LiveEvent } from '@claimbench/contracts';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { EventQuery } from './event.schemas.ts';
import { EventService } from './event.service.ts';
import { streamEvents } from './event.stream.ts';

@ApiTags('events')
@Controller('events')
export class EventController {
  constructor(private readonly events: EventService) {}

  /**
   * Server-sent events; `data` is a LiveEvent. A client that comes back with the id of the last event it saw gets every later
   * one, in order and once; a new client gets what happens from now on. The first event is named `position`: its data, and id,
   * is where the stream begins.
   */
  @Get()
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, schema: { type: 'string' } })
  @ApiOkResponse({ standardSchema: LiveEvent })
  @ApiProblems('invalid-request', 'database-unavailable')
  async streamEvents(
    @Query({ schema: EventQuery }) query: EventQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = await this.events.resumePoint(lastEventId || query.lastEventId || null);
    streamEvents(this.events, { after, filter: query }, reply);
  }
}
