import { Module } from '@nestjs/common';
import { ArtifactController } from './artifact.controller.ts';
import { ArtifactFiles } from './artifact.files.ts';
import { ArtifactService } from './artifact.service.ts';

@Module({
  controllers: [ArtifactController],
  providers: [ArtifactService, ArtifactFiles],
  exports: [ArtifactService],
})
export class ArtifactModule {}
