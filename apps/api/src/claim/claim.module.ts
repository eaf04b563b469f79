import { Module } from '@nestjs/common';
import { ExperimentModule } from '../experiment/experiment.module.ts';
import { VerdictModule } from '../verdict/verdict.module.ts';
import { ClaimController } from './claim.controller.ts';
import { ClaimService } from './claim.service.ts';

@Module({ imports: [ExperimentModule, VerdictModule], controllers: [ClaimController], providers: [ClaimService] })
export class ClaimModule {}
