import { Module } from '@nestjs/common';
import { VerdictRepository } from './verdict.repository.ts';

@Module({ providers: [VerdictRepository], exports: [VerdictRepository] })
export class VerdictModule {}
