import { SystemStatus } from '@claimbench/contracts';
import { Injectable } from '@nestjs/common';
import { PrismaService } from '../prisma/prisma.service.ts';
import type { WorkerHello } from './worker.schemas.ts';

/** A worker that said nothing for this long is not counted. */
const PRESENT_SECONDS = 30;

@Injectable()
export class WorkerRepository {
  constructor(private readonly prisma: PrismaService) {}

  async seen({ worker, machine, running }: WorkerHello): Promise<void> {
    await this.prisma.$executeRaw`
      insert into worker (name, machine, running, last_seen)
      values (${worker}, ${JSON.stringify(machine)}::jsonb, ${running}::int, now())
      on conflict (name) do update
         set machine = excluded.machine, running = excluded.running, last_seen = excluded.last_seen`;
  }

  async present(): Promise<SystemStatus['workers']> {
    const rows = await this.prisma.$queryRaw<{ name: string; machine: unknown; running: number; last_seen: Date }[]>`
      select name, machine, running, last_seen from worker
       where last_seen > now() - make_interval(secs => ${PRESENT_SECONDS}) order by name`;
    return SystemStatus.shape.workers.parse(rows.map((row) => ({ ...row, lastSeen: row.last_seen.toISOString() })));
  }

  /** Forgets workers that have not been seen for some days: every start of a worker has a name of its own. */
  async prune(keepDays: number): Promise<void> {
    await this.prisma.$executeRaw`
      delete from worker where last_seen < now() - make_interval(days => ${keepDays}::int)`;
  }

  /** Runs that the present workers can do at once; at least one, so that a plan has a time also before a worker comes. */
  async slots(): Promise<number> {
    const workers = await this.present();
    const slots = workers.map(({ machine }) => (typeof machine.slots === 'number' ? Math.floor(machine.slots) : 1));
    return Math.max(
      1,
      slots.reduce((a, b) => a + b, 0),
    );
  }
}
