// Brings up the parts of Claimbench on this machine and keeps them together: PostgreSQL, API, worker, dashboard.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSettings } from '../packages/contracts/dist/index.js';
import { startPostgres } from '../packages/postgres/dist/index.js';
import { HOME, Refusal, ROOT, step, stopWith } from './prerequisites.mjs';

const settings = readSettings(process.env);
const logs = join(HOME, 'logs');
const parts = [];
let postgres;
let stopping = null;
let addresses = null;

async function main() {
  mkdirSync(logs, { recursive: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));

  let databaseUrl = settings.DATABASE_URL;
  if (!databaseUrl) {
    postgres = await step('database', () => startPostgres({ folder: join(HOME, 'postgres') }));
    databaseUrl = postgres.url;
    guardDatabase();
  }
  const apiUrl = `http://${settings.CLAIMBENCH_HOST}:${settings.CLAIMBENCH_API_PORT}`;
  const webUrl = `http://${settings.CLAIMBENCH_HOST === '127.0.0.1' ? 'localhost' : settings.CLAIMBENCH_HOST}:${settings.CLAIMBENCH_PORT}`;
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    CLAIMBENCH_HOME: HOME,
    CLAIMBENCH_DATA_PATH: absolutePaths(settings.CLAIMBENCH_DATA_PATH),
    CLAIMBENCH_API_URL: apiUrl,
    CLAIMBENCH_WORKER_TOKEN: settings.CLAIMBENCH_WORKER_TOKEN ?? workerToken(),
    NEXT_TELEMETRY_DISABLED: '1',
    NODE_ENV: 'production',
    // Scripts that start with `node` get the pinned one.
    PATH: `${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH}`,
  };
  await step('migrations', () =>
    run('migrate', [bin('apps/api', 'prisma'), 'migrate', 'deploy'], join(ROOT, 'apps/api'), env),
  );
  addresses = { url: webUrl, apiUrl };
  record();

  await step('api, worker, dashboard', async () => {
    part('api', [process.execPath, 'dist/main.js'], join(ROOT, 'apps/api'), env);
    part(
      'web',
      [
        process.execPath,
        nextEntry(),
        'start',
        '--hostname',
        settings.CLAIMBENCH_HOST,
        '--port',
        String(settings.CLAIMBENCH_PORT),
      ],
      join(ROOT, 'apps/web'),
      env,
    );
    await until('the API', `${apiUrl}/api/health`);
    part('worker', [process.execPath, 'dist/main.js'], join(ROOT, 'apps/worker'), env);
    await until('the dashboard', `${webUrl}/api/health`);
  });
  console.log(`\n  Claimbench is ready:  ${webUrl}\n  Logs in ${logs}. Ctrl-C stops everything.\n`);
}

/** Who runs here: read by a second `npm start`, which refuses, and by whoever wants to see the parts. */
function record() {
  const processes = Object.fromEntries(parts.map(({ name, child }) => [name, child?.pid ?? null]));
  writeFileSync(join(HOME, 'launcher.json'), JSON.stringify({ pid: process.pid, ...addresses, processes }));
}

/** Brings the embedded database back on the same port when it dies; the parts reconnect by themselves. */
function guardDatabase() {
  const { port } = postgres;
  const check = async () => {
    if (stopping) return;
    if (!(await postgres.alive())) {
      console.error('claimbench: the database stopped and is started again');
      postgres = await startPostgres({ folder: join(HOME, 'postgres'), port });
    }
    setTimeout(
      () =>
        check().catch((error) =>
          console.error(`claimbench: the database could not be started again: ${error.message}`),
        ),
      500,
    );
  };
  setTimeout(check, 500);
}

/** Starts one part; its output goes to its log. A part that dies is started again, unless it dies at once. */
function part(name, words, cwd, env) {
  const log = createWriteStream(join(logs, `${name}.log`), { flags: 'a' });
  const entry = { name, child: null };
  parts.push(entry);
  const start = () => {
    const born = performance.now();
    // Its own process group: Ctrl-C reaches the launcher alone, which stops the parts in order.
    const child = spawn(words[0], words.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    entry.child = child;
    record();
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('exit', (code, signal) => {
      entry.child = null;
      if (stopping) return;
      if (performance.now() - born < 3000) {
        console.error(
          `\nclaimbench: the ${name} stopped right after its start (${signal ?? `exit code ${code}`}):\n${tail(join(logs, `${name}.log`))}`,
        );
        void stop(1);
        return;
      }
      console.error(`claimbench: the ${name} stopped (${signal ?? `exit code ${code}`}) and is started again`);
      start();
    });
  };
  start();
}

async function run(name, words, cwd, env) {
  const file = join(logs, `${name}.log`);
  const log = createWriteStream(file);
  const child = spawn(words[0], words.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const code = await new Promise((done, fail) => child.once('error', fail).once('close', done));
  log.end();
  if (code !== 0) throw new Refusal(`${words.slice(1).join(' ')} failed:\n${tail(file)}`);
}

async function until(what, url) {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (stopping) await stopping;
    const ok = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (r) => r.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Refusal(`${what} did not answer at ${url} within a minute; see ${logs}.`);
}

/** Stops the parts in the order dashboard, worker, API, database, each with time to finish what it holds. */
function stop(code) {
  stopping ??= (async () => {
    for (const name of ['web', 'worker', 'api']) {
      const entry = parts.find((p) => p.name === name);
      if (!entry?.child) continue;
      const { child } = entry;
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(timer);
    }
    await postgres?.stop();
    rmSync(join(HOME, 'launcher.json'), { force: true });
    process.exit(code);
  })();
  return stopping;
}

function workerToken() {
  const file = join(HOME, 'worker-token');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** Data folders are named from where `npm start` runs; the parts run elsewhere. */
function absolutePaths(list) {
  return list
    .split(':')
    .filter(Boolean)
    .map((folder) => resolve(ROOT, folder))
    .join(':');
}

function bin(workspace, name) {
  return join(ROOT, workspace, 'node_modules', '.bin', name);
}

function nextEntry() {
  return join(ROOT, 'apps/web/node_modules/next/dist/bin/next');
}

function tail(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';
}

main().catch((error) => {
  void stop(1);
  if (error instanceof Refusal) console.error(`\nclaimbench: ${error.message}`);
  else stopWith(error);
});
