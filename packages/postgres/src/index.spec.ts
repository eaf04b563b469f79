import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type EmbeddedPostgres, startPostgres } from './index.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('embedded PostgreSQL', { timeout: 60_000 }, () => {
  let folder: string;
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claimbench-postgres-'));
    server = await startPostgres({ folder });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('answers on a real server', async () => {
    const rows = await query(server.url, 'show server_version_num');
    expect(Number((rows[0] as { server_version_num: string }).server_version_num)).toBeGreaterThanOrEqual(180_000);
  });

  it('refuses whoever does not know its password', async () => {
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it('is taken over, not started twice, when its launcher died', async () => {
    const again = await startPostgres({ folder });
    expect(again.port).toBe(server.port);
    expect(await again.pid()).toBe(await server.pid());
  });

  it('keeps what was committed when it is killed', async () => {
    await query(server.url, "create table kept (word text); insert into kept values ('here')");
    const pid = await server.pid();
    expect(await server.alive()).toBe(true);
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(
        () =>
          query(server.url, 'select 1').then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 10_000 },
      )
      .toBe('down');
    // A killed process closes its sockets a moment before it is gone.
    await expect.poll(() => server.alive(), { timeout: 10_000 }).toBe(false);
    server = await startPostgres({ folder });
    expect(await server.pid()).not.toBe(pid);
    expect(await query(server.url, 'select word from kept')).toEqual([{ word: 'here' }]);
  });

  it('creates a database once', async () => {
    await createDatabase(server.urlOf('postgres'), 'another "one"');
    await createDatabase(server.urlOf('postgres'), 'another "one"');
    expect(
      await query(server.url, `select count(*)::int as n from pg_database where datname = 'another "one"'`),
    ).toEqual([{ n: 1 }]);
  });
});
