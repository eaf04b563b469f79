// What must be true of a machine before anything is installed. Plain JavaScript for any Node, because it runs first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const HOME = resolve(ROOT, process.env.CLAIMBENCH_HOME || '.claimbench');

/** A sentence for the person in front of the machine; no stack trace. */
export class Refusal extends Error {}

/** Prints a refusal as one sentence and anything else as the defect that it is. */
export function stopWith(error) {
  if (error instanceof Refusal) console.error(`\nclaimbench: ${error.message}`);
  else console.error(error);
  process.exit(1);
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11)) {
    throw new Refusal(
      `Node ${process.versions.node} is too old: Claimbench needs Node 20.11 or newer (https://nodejs.org).`,
    );
  }
}

export function requireCompiler() {
  const tried = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  if (tried.some((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)) return;
  throw new Refusal(
    `No C++ compiler found (looked for ${tried.join(', ')}): install one (Debian, Ubuntu: apt-get install -y g++; macOS: xcode-select --install) or name it in CXX, then start again.`,
  );
}

export function requireWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    // Root passes every access check, also on a read-only file system: only a written file proves it.
    writeFileSync(join(folder, '.writable'), '');
  } catch (cause) {
    throw new Refusal(
      `Cannot write to ${folder} (${cause.code ?? cause.message}): make it writable or point CLAIMBENCH_HOME to a folder that is.`,
    );
  }
}

/** Refuses a port that somebody listens on, and names the setting that moves it. */
export async function requireFreePort(port, host, setting) {
  await new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const why =
        error.code === 'EADDRINUSE' ? `Port ${port} is taken` : `Cannot listen on ${host}:${port} (${error.code})`;
      fail(new Refusal(`${why}: stop what listens there, or set ${setting} to another port.`));
    });
    probe.listen(port, host, () => probe.close(done));
  });
}

function packageManager() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).packageManager;
}

/** Runs pnpm at the pinned version through npx, so that nothing has to be installed beforehand. */
export function pnpm(words, options = {}) {
  return spawnSync('npx', ['-y', packageManager(), ...words], {
    cwd: ROOT,
    stdio: options.quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      NEXT_TELEMETRY_DISABLED: '1',
      TURBO_TELEMETRY_DISABLED: '1',
      KERNELS_NATIVE: 'required',
      ...options.env,
    },
  });
}

/** Runs pnpm quietly; when it fails, its last words are shown. */
export function pnpmOrRefuse(what, words, options = {}) {
  const { status, stdout, stderr } = pnpm(words, { quiet: true, ...options });
  if (status === 0) return;
  const tail = `${stdout ?? ''}${stderr ?? ''}`.trimEnd().split('\n').slice(-40).join('\n');
  throw new Refusal(`${what} failed.\n${tail}`);
}

/** Installs from the lockfile, unless exactly that lockfile is installed already. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'pnpm-lock.yaml')))
    .digest('hex');
  const stamp = join(ROOT, 'node_modules', '.claimbench-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return false;
  pnpmOrRefuse('Installing the packages', ['install', '--frozen-lockfile']);
  writeFileSync(stamp, lock);
  return true;
}

export function build(filter = []) {
  pnpmOrRefuse('Building', [
    'exec',
    'turbo',
    'run',
    'build',
    '--output-logs=errors-only',
    '--log-order=grouped',
    ...filter,
  ]);
}

/** Prints what is done and how long it took. */
export async function step(title, work) {
  const start = performance.now();
  process.stdout.write(`  ${title} … `);
  const result = await work();
  console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
