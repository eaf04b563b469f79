import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface RedisServer {
  url: string;
  /** SIGTERM: Redis writes what it holds and ends. SIGKILL: it dies as it stands. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Up again on the same port with what its append-only file kept. */
  start(): Promise<void>;
}

/** A real redis-server from PATH that keeps its data in `folder`. */
export async function startRedis(folder: string): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;
  const start = async () => {
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
    child = spawn('redis-server', words, { stdio: 'ignore' });
    await once(child, 'spawn');
    await answers(url);
  };
  await start();
  return {
    url,
    start,
    stop: async (signal) => {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
  };
}

async function answers(url: string): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: 500 });
  client.on('error', () => {
    // Not up yet: it is asked again.
  });
  try {
    // A server that still reads its file answers LOADING.
    for (;;) {
      const answer = await client.ping().catch((error: Error) => error.message);
      if (answer === 'PONG') return;
      await delay(20);
    }
  } finally {
    client.disconnect();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
