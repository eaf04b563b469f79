import { Module } from '@nestjs/common';
import { ArtifactModule } from '../artifact/artifact.module.ts';
import { CatalogueModule } from '../catalogue/catalogue.module.ts';
import { RunModule } from '../run/run.module.ts';
import { SeedModule } from '../seed/seed.module.ts';
import { WorkerModule } from '../worker/worker.module.ts';
import { ExperimentAdvancer } from './experiment.advancer.ts';
import { ExperimentController } from './experiment.controller.ts';
import { ExperimentPlanning } from './experiment.planning.ts';
import { ExperimentReevaluation } from './experiment.reevaluation.ts';
import { ExperimentRepository } from './experiment.repository.ts';
import { ExperimentService } from './experiment.service.ts';
import { RuleController } from './rule.controller.ts';

@Module({
  imports: [RunModule, WorkerModule, SeedModule, CatalogueModule, ArtifactModule],
  controllers: [ExperimentController, RuleController],
  providers: [ExperimentService, ExperimentRepository, ExperimentPlanning, ExperimentAdvancer, ExperimentReevaluation],
  exports: [ExperimentRepository, ExperimentPlanning, ExperimentAdvancer],
})
export class ExperimentModule {}
