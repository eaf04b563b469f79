import type { SystemStatus } from '@claimbench/contracts';
import { RULE_VERSION } from '@claimbench/experiments';
import { Injectable } from '@nestjs/common';
import { PrismaService } from '../prisma/prisma.service.ts';
import { QueueService } from '../queue/queue.service.ts';
import { SeedService } from '../seed/seed.service.ts';
import { WorkerRepository } from '../worker/worker.repository.ts';
import type { Health } from './system.schemas.ts';
import { VERSION } from './version.ts';

@Injectable()
export class SystemService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly queue: QueueService,
    private readonly workers: WorkerRepository,
    private readonly seeds: SeedService,
  ) {}

  async health(): Promise<Health> {
    const [database, queue] = await Promise.all([upOrDown(this.prisma.ping()), upOrDown(this.queue.ping())]);
    return { status: database === 'up' && queue === 'up' ? 'up' : 'down', database, queue };
  }

  async status(): Promise<SystemStatus> {
    const [{ database, queue }, workers, nextCommitment] = await Promise.all([
      this.health(),
      this.workers.present(),
      this.seeds.nextCommitment(),
    ]);
    return {
      version: VERSION,
      ruleVersion: RULE_VERSION,
      database,
      queue,
      queueBackend: this.queue.backend,
      workers,
      nextCommitment,
    };
  }
}

function upOrDown(ping: Promise<void>): Promise<'up' | 'down'> {
  return ping.then(
    () => 'up' as const,
    () => 'down' as const,
  );
}
