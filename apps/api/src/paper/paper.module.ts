import { Module } from '@nestjs/common';
import { VerdictModule } from '../verdict/verdict.module.ts';
import { PaperController } from './paper.controller.ts';
import { PaperService } from './paper.service.ts';

@Module({ imports: [VerdictModule], controllers: [PaperController], providers: [PaperService] })
export class PaperModule {}
