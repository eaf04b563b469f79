import { Module } from '@nestjs/common';
import { RunModule } from '../run/run.module.ts';
import { WorkerController } from './worker.controller.ts';
import { WorkerRepository } from './worker.repository.ts';
import { WorkerService } from './worker.service.ts';

@Module({
  imports: [RunModule],
  controllers: [WorkerController],
  providers: [WorkerService, WorkerRepository],
  exports: [WorkerRepository],
})
export class WorkerModule {}
