import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@claimbench/postgres';
import type { QueueSettings } from '../server.ts';
import { startRedis } from './redis-server.ts';

/** A real server that the queue lives on. */
export interface QueueServer {
  settings: QueueSettings;
  /** As in an orderly restart, or as in a crash. */
  stop(how: 'orderly' | 'killed'): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function postgresServer(): Promise<QueueServer> {
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-queue-postgres-'));
  let server = await startPostgres({ folder });
  const { port, url } = server;
  let up = true;
  const stop: QueueServer['stop'] = async (how) => {
    up = false;
    if (how === 'orderly') return server.stop('fast');
    process.kill(await server.pid(), 'SIGKILL');
    while (await server.alive()) await new Promise((again) => setTimeout(again, 20));
  };
  return {
    settings: { DATABASE_URL: url },
    stop,
    start: async () => {
      server = await startPostgres({ folder, port });
      up = true;
    },
    remove: async () => {
      if (up) await stop('orderly');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function redisServer(): Promise<QueueServer> {
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-queue-redis-'));
  const server = await startRedis(folder);
  let up = true;
  const stop: QueueServer['stop'] = async (how) => {
    up = false;
    await server.stop(how === 'orderly' ? 'SIGTERM' : 'SIGKILL');
  };
  return {
    settings: { REDIS_URL: server.url },
    stop,
    start: async () => {
      await server.start();
      up = true;
    },
    remove: async () => {
      if (up) await stop('orderly');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
