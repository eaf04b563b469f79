// Time from an experiment's submission to the first heartbeat of its run, on the whole product as `npm start` runs it.
//   node bench/submit-latency.mjs [--redis] [--rounds 40]
// Both instants are the database's clock: the experiment's row and the attempt's start. Prints p50 and p95 in milliseconds.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../packages/postgres/dist/index.js';

const redis = process.argv.includes('--redis');
const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 40;
const home = mkdtempSync(join(tmpdir(), 'claimbench-latency-'));
const [web, api, redisPort] = [await freePort(), await freePort(), await freePort()];
const url = `http://127.0.0.1:${api}`;
const children = [];

function start(command, words, env, ready) {
  const child = spawn(command, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  children.push(child);
  return new Promise((done, fail) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes(ready)) done(child);
    });
    child.once('exit', () => fail(new Error(`${command} stopped:\n${text}`)));
  });
}

async function json(path, body) {
  const response = await fetch(
    url + path,
    body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {},
  );
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function finished(id) {
  for (;;) {
    const { items } = await json(`/api/experiments/${id}/runs`);
    if (items.length > 0 && items.every((run) => ['succeeded', 'failed', 'timed-out', 'cancelled'].includes(run.state)))
      return items;
    await new Promise((again) => setTimeout(again, 25));
  }
}

try {
  if (redis)
    await start(
      'redis-server',
      ['--port', String(redisPort), '--save', '', '--dir', home],
      {},
      'Ready to accept connections',
    );
  await start(
    process.execPath,
    ['scripts/launch.mjs'],
    {
      CLAIMBENCH_HOME: home,
      CLAIMBENCH_PORT: String(web),
      CLAIMBENCH_API_PORT: String(api),
      ...(redis ? { REDIS_URL: `redis://127.0.0.1:${redisPort}` } : {}),
    },
    'Claimbench is ready',
  );
  const times = [];
  for (let round = 0; round < rounds + 3; round++) {
    const { id } = await json('/api/experiments', {
      kind: 'comparison',
      title: `latency ${round}`,
      subject: { kind: 'recipe', name: 'tiny-gpt2' },
      data: 'node-docs',
      training: { tokens: 2048 },
      items: 10,
      techniques: [{ id: 'layer-norm', parameters: {} }],
      withBaseline: false,
      seeds: 1,
      reuse: false,
    });
    const [run] = await finished(id);
    const view = await json(`/api/runs/${run.id}`);
    if (view.state !== 'succeeded') throw new Error(`run ${run.id}: ${view.state} ${JSON.stringify(view.failure)}`);
    if (round >= 3) times.push(Date.parse(view.attempts[0].startedAt) - Date.parse(view.createdAt));
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  console.log(
    `${redis ? 'Redis' : 'PostgreSQL'} queue, ${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`,
  );
  console.log(`submit to first heartbeat, ${times.length} runs: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
} finally {
  for (const child of children.reverse()) {
    child.removeAllListeners('exit');
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
  }
  rmSync(home, { recursive: true, force: true });
}
