import { Module } from '@nestjs/common';
import { SeedService } from './seed.service.ts';

@Module({ providers: [SeedService], exports: [SeedService] })
export class SeedModule {}
