import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { binaryFolder } from './binaries.ts';
import { PostgresCommands } from './command.ts';

export interface EmbeddedPostgresOptions {
  /** Keeps the cluster, its password and its log; made when missing. */
  folder: string;
  /** Port on 127.0.0.1; 0 or unset: a free one. A server that is already up in this folder keeps the port that it has. */
  port?: number;
  /** Name of the database in the returned URL; it is created when missing. */
  database?: string;
  /** Gives up durability for speed: only for clusters that are thrown away. */
  disposable?: boolean;
}

export interface EmbeddedPostgres {
  url: string;
  port: number;
  /** The URL of another database of this server. */
  urlOf(database: string): string;
  /** Process id of the postmaster. */
  pid(): Promise<number>;
  /** false when the server died; `startPostgres` with the same folder and port brings it back. */
  alive(): Promise<boolean>;
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

/**
 * Starts a real PostgreSQL from npm in `folder`, or takes over one that is still up there (its launcher was killed).
 * Only this machine can reach it, with a password that is made once and kept beside the data.
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = resolve(options.folder);
  const data = join(folder, 'data');
  const commands = new PostgresCommands(binaryFolder());
  await mkdir(folder, { recursive: true });
  commands.own(folder);
  const password = await passwordOf(folder);

  if (!existsSync(join(data, 'PG_VERSION'))) {
    // A first start that was cut off leaves a half cluster behind: it holds nothing yet.
    await rm(data, { recursive: true, force: true });
    const passwordFile = join(folder, 'password');
    const made = await commands.run('initdb', [
      '-D',
      data,
      '-U',
      'claimbench',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-instructions',
      ...(options.disposable ? ['--no-sync'] : []),
    ]);
    if (made.status !== 0) {
      await rm(data, { recursive: true, force: true });
      throw new Error(`initdb could not make a database in ${data}: ${made.output.trim()}`);
    }
  }

  let port = await runningPort(data, commands);
  if (port === null) {
    port = options.port || (await freePort());
    const settings = [
      `-p ${port}`,
      '-c listen_addresses=127.0.0.1',
      "-c unix_socket_directories=''",
      '-c max_connections=200',
      ...(options.disposable ? ['-c fsync=off', '-c synchronous_commit=off', '-c full_page_writes=off'] : []),
    ];
    const log = join(folder, 'postgres.log');
    const started = await commands.run('pg_ctl', [
      '-D',
      data,
      '-w',
      '-t',
      '60',
      '-l',
      log,
      '-o',
      settings.join(' '),
      'start',
    ]);
    if (started.status !== 0) {
      const tail = existsSync(log)
        ? (await readFile(log, 'utf8')).trim().split('\n').slice(-4).join('\n')
        : started.output;
      throw new Error(`PostgreSQL did not start on port ${port}: ${tail}`);
    }
  }

  const urlOf = (database: string) => `postgresql://claimbench:${password}@127.0.0.1:${port}/${database}`;
  const database = options.database ?? 'claimbench';
  await createDatabase(urlOf('postgres'), database);
  return {
    url: urlOf(database),
    port,
    urlOf,
    pid: async () => (await postmaster(data))?.pid ?? Promise.reject(new Error(`no PostgreSQL runs in ${data}`)),
    alive: async () => {
      const known = await postmaster(data);
      return known !== null && isAlive(known.pid);
    },
    stop: async (mode = 'fast') => {
      const stopped = await commands.run('pg_ctl', ['-D', data, '-m', mode, '-w', '-t', '60', 'stop']);
      if (stopped.status !== 0 && (await runningPort(data, commands)) !== null)
        throw new Error(`PostgreSQL did not stop: ${stopped.output.trim()}`);
    },
  };
}

/** Creates a database on a server if it is not there. */
export async function createDatabase(adminUrl: string, name: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** A TCP port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolvePort, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolvePort(address.port) : reject(new Error('no port')),
      );
    });
  });
}

async function passwordOf(folder: string): Promise<string> {
  const file = join(folder, 'password');
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim();
  const password = randomBytes(18).toString('hex');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return password;
}

/** First lines of postmaster.pid: process id, data folder, start time, port. */
async function postmaster(data: string): Promise<{ pid: number; port: number } | null> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const lines = (await readFile(file, 'utf8')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && port > 0 ? { pid, port } : null;
}

async function runningPort(data: string, commands: PostgresCommands): Promise<number | null> {
  const known = await postmaster(data);
  if (known && isZombie(known.pid)) {
    // A killed server whose parent never collects it still counts as alive for PostgreSQL's own check.
    await rm(join(data, 'postmaster.pid'), { force: true });
    return null;
  }
  const { status } = await commands.run('pg_ctl', ['-D', data, 'status']);
  return status === 0 ? (known?.port ?? null) : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return false;
  const text = readFileSync(stat, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).startsWith('Z');
}
