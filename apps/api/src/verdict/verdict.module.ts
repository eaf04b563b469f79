import { Module } from '@nestjs/common';
import { VerdictController } from './verdict.controller.ts';
import { VerdictRepository } from './verdict.repository.ts';

@Module({ controllers: [VerdictController], providers: [VerdictRepository], exports: [VerdictRepository] })
export class VerdictModule {}
