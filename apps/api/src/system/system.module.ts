import { Module } from '@nestjs/common';
import { SeedModule } from '../seed/seed.module.ts';
import { WorkerModule } from '../worker/worker.module.ts';
import { SystemController } from './system.controller.ts';
import { SystemService } from './system.service.ts';

@Module({ imports: [WorkerModule, SeedModule], controllers: [SystemController], providers: [SystemService] })
export class SystemModule {}
