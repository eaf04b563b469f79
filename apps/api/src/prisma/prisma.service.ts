import { AppError, type Settings } from '@claimbench/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { SETTINGS } from '../settings/settings.module.ts';
import { PrismaClient } from './generated/client.ts';

/** Connections of one API process; each is held for the milliseconds of one transaction. */
const CONNECTIONS = 16;

/** The one way to PostgreSQL. Connects at the first query, and again by itself after the database was away. */
@Injectable()
export class PrismaService extends PrismaClient implements OnModuleDestroy {
  constructor(@Inject(SETTINGS) settings: Settings) {
    if (!settings.DATABASE_URL)
      throw new AppError('database-unavailable', 'DATABASE_URL is not set; `npm start` sets it.');
    super({
      adapter: new PrismaPg({
        connectionString: settings.DATABASE_URL,
        max: CONNECTIONS,
        connectionTimeoutMillis: 3000,
        keepAlive: true,
        application_name: 'claimbench-api',
      }),
      errorFormat: 'minimal',
      // Submitting the largest experiment writes thousands of rows on a machine that is busy with kernels.
      transactionOptions: { maxWait: 5000, timeout: 60_000 },
    });
  }

  /** Rejects unless the database answers. */
  async ping(): Promise<void> {
    await this.$queryRaw`select 1`;
  }

  async onModuleDestroy(): Promise<void> {
    await this.$disconnect();
  }
}
