import { Module } from '@nestjs/common';
import { RacePoints } from '../race/race-points.ts';
import { RunController } from './run.controller.ts';
import { RunEnding } from './run.ending.ts';
import { RunLife } from './run.life.ts';
import { RunRepository } from './run.repository.ts';
import { RunService } from './run.service.ts';
import { RunUpkeep } from './run.upkeep.ts';

@Module({
  controllers: [RunController],
  providers: [RunService, RunRepository, RunLife, RunEnding, RunUpkeep, RacePoints],
  exports: [RunRepository, RunLife, RunEnding, RunUpkeep, RacePoints],
})
export class RunModule {}
