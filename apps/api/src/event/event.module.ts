import { Global, Module } from '@nestjs/common';
import { EventController } from './event.controller.ts';
import { EventLog } from './event.log.ts';
import { EventService } from './event.service.ts';

@Global()
@Module({ controllers: [EventController], providers: [EventLog, EventService], exports: [EventLog] })
export class EventModule {}
