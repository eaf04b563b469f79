import { Module } from '@nestjs/common';
import { RacePoints } from '../race/race-points.ts';
import { RunController } from './run.controller.ts';
import { RunLife } from './run.life.ts';
import { RunRepository } from './run.repository.ts';
import { RunService } from './run.service.ts';

@Module({
  controllers: [RunController],
  providers: [RunService, RunRepository, RunLife, RacePoints],
  exports: [RunRepository, RunLife, RacePoints],
})
export class RunModule {}
