// How long a newcomer waits: `npm start` in a fresh clone with empty package caches, and once more.
//   node bench/start-time.mjs
// Clones the committed state of this repository; prints seconds from the command to a page that answers.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'claimbench-fresh-'));
const clone = join(folder, 'claimbench');
const [web, api] = [await freePort(), await freePort()];
// Nothing of this user's package caches is seen: npm's, pnpm's store, the tools' own.
const env = {
  ...process.env,
  npm_config_cache: join(folder, 'npm'),
  XDG_DATA_HOME: join(folder, 'data'),
  XDG_CACHE_HOME: join(folder, 'cache'),
  XDG_STATE_HOME: join(folder, 'state'),
  CLAIMBENCH_PORT: String(web),
  CLAIMBENCH_API_PORT: String(api),
};

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

async function start() {
  const begin = performance.now();
  const child = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const gone = new Promise((done) => child.once('exit', done));
  while (!text.includes('Claimbench is ready')) {
    if (child.exitCode !== null) throw new Error(`npm start stopped:\n${text}`);
    await new Promise((again) => setTimeout(again, 50));
  }
  const page = await fetch(`http://localhost:${web}/claims`);
  if (!page.ok) throw new Error(`the page answers ${page.status}`);
  const seconds = (performance.now() - begin) / 1000;
  process.kill(-child.pid, 'SIGINT');
  await gone;
  return { seconds, text };
}

try {
  const { status } = spawnSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('git clone failed');
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`);
  for (const title of ['fresh clone, empty caches', 'second start']) {
    const { seconds, text } = await start();
    console.log(`${title}: ${seconds.toFixed(1)} s\n${text.replace(/^(?!\s*\w.* … ).*\n/gm, '')}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
