// Training speed of a small decoder on our native backend beside PyTorch, in one run, interleaved.
//
//   pnpm --filter @claimbench/kernels build
//   python3 -m venv VENV && VENV/bin/pip install torch==2.13.0      (anywhere outside the repository)
//   node bench/train-step.mjs --python VENV/bin/python [--sizes 0.14M,0.94M,3.45M] [--threads 1,2] [--norms layerNorm] [--rounds 9]
//        [--peers parts,sdpa,compile] [--json FILE] [--clock cpu] [--busy]
//
// --clock cpu compares the CPU time of the processes: on one thread it hardly depends on what else runs on the machine.
// --busy measures on a machine that is not quiet: a trial of the script, not a result (the report says so).
// A round runs every side once, some steps each; a round in which other processes took a noticeable part of the cores is thrown away. A side's speed is the
// median over the rounds of its median step; the ratio is the median over the rounds of our speed by that of the quickest peer.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createNativeBackend } from '../packages/kernels/dist/node/index.js';
import { buildDecoder, decoderSizes } from './decoder.mjs';
import { clockNamed } from './lib/clock.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    sizes: { type: 'string', default: '0.14M,3.45M' },
    threads: { type: 'string', default: '1,2' },
    norms: { type: 'string', default: 'layerNorm' },
    rounds: { type: 'string', default: '9' },
    peers: { type: 'string', default: 'parts,sdpa,compile' },
    json: { type: 'string' },
    clock: { type: 'string', default: 'wall' },
    busy: { type: 'boolean', default: false },
  },
});
const list = (text) => text.split(',').filter((part) => part !== '');

const clock = clockNamed(options.clock);

/** Share of the cores that other processes may take in a round. */
const tolerated = options.busy ? 1 : 0.04;

class OurSide {
  name = 'claimbench native';
  constructor(spec) {
    this.backend = createNativeBackend({ threads: spec.threads });
    this.decoder = buildDecoder(this.backend, spec);
  }
  pid = process.pid;
  async warm() {
    await this.run(5);
    return { parameters: this.decoder.parameterCount };
  }
  async run(steps) {
    const seconds = [];
    let loss = Number.NaN;
    for (let i = 0; i < steps; i++) {
      const start = clock();
      loss = await this.decoder.step();
      seconds.push(clock() - start);
    }
    return { seconds, loss };
  }
  close() {
    this.decoder.dispose();
    const left = this.backend.liveBuffers;
    this.backend.close();
    if (left !== 0) throw new Error(`${left} buffers leaked`);
  }
}

class TorchSide {
  constructor(spec, variant) {
    this.name = `torch ${variant}`;
    this.spec = { ...spec, variant, clock: options.clock };
    this.child = spawn(options.python, [fileURLToPath(new URL('train_step_peer.py', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, OMP_NUM_THREADS: String(spec.threads) },
    });
    this.pid = this.child.pid;
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }
  async ask(request) {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended early: is torch==2.13.0 installed for ${options.python}?`);
    return JSON.parse(value);
  }
  warm() {
    return this.ask({ open: this.spec });
  }
  run(steps) {
    return this.ask({ steps });
  }
  close() {
    this.child.stdin.end();
  }
}

const results = [];
for (const size of list(options.sizes)) {
  for (const norm of list(options.norms)) {
    for (const threads of list(options.threads).map(Number)) {
      results.push(await compare(size, { ...decoderSizes[size], norm, threads }));
    }
  }
}
const report = {
  command: `node bench/train-step.mjs ${process.argv.slice(2).join(' ')}`,
  when: new Date().toISOString(),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  quiet: !options.busy,
  clock: options.clock,
  machine: { cpu: cpus()[0].model.trim(), cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30) },
  results,
};
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report));

async function compare(size, spec) {
  const tokens = spec.batchSize * spec.contextLength;
  const ours = new OurSide(spec);
  const peers = list(options.peers).map((variant) => new TorchSide(spec, variant));
  const sides = [ours, ...peers];
  const speeds = new Map(sides.map((side) => [side, []]));
  let steps = 0;
  let parameters = 0;
  let rejected = 0;
  let torch = 'none';
  try {
    for (const side of sides) {
      const opened = await side.warm();
      parameters = opened.parameters;
      torch = opened.torch ?? torch;
    }
    // About half a second a side.
    steps = Math.max(3, Math.ceil(0.5 / median((await ours.run(5)).seconds)));
    for (let round = 0; round < Number(options.rounds); ) {
      await quiet();
      const before = cpuTimes(sides);
      const found = [];
      for (const side of sides) found.push(tokens / median((await side.run(steps)).seconds));
      if (foreignShare(before, cpuTimes(sides)) > tolerated && rejected < 5 * Number(options.rounds)) {
        rejected += 1;
        continue;
      }
      for (const [index, side] of sides.entries()) speeds.get(side).push(found[index]);
      sides.push(sides.shift());
      round += 1;
    }
  } finally {
    for (const side of [ours, ...peers]) side.close();
  }
  const speed = (side) => median(speeds.get(side));
  const best = peers.toSorted((a, b) => speed(b) - speed(a))[0];
  const ratios = best === undefined ? [] : speeds.get(ours).map((own, round) => own / speeds.get(best)[round]);
  const result = {
    size,
    norm: spec.norm,
    threads: spec.threads,
    parameters,
    stepsPerRound: steps,
    rounds: Number(options.rounds),
    rejectedRounds: rejected,
    torch,
    tokensPerSecond: Object.fromEntries([ours, ...peers].map((side) => [side.name, Math.round(speed(side))])),
    ratioToBestPeer: best === undefined ? null : Number(median(ratios).toFixed(3)),
    ratioRange: best === undefined ? null : [Math.min(...ratios), Math.max(...ratios)].map((r) => Number(r.toFixed(3))),
  };
  const columns = [ours, ...peers].map((side) => `${side.name} ${Math.round(speed(side)).toLocaleString('en')}`);
  console.log(
    `${size} ${spec.norm}, ${spec.threads} thread${spec.threads > 1 ? 's' : ''}: ${columns.join('  ')} tokens/s; ` +
      `ratio to the best peer ${result.ratioToBestPeer} (${result.ratioRange?.join(' to ')}), ${rejected} rounds rejected`,
  );
  return result;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Busy and total ticks of all cores, and the ticks of our and the peers' processes. Linux only: elsewhere nothing is rejected. */
function cpuTimes(sides) {
  try {
    const ticks = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
    const total = ticks.slice(0, 8).reduce((a, b) => a + b, 0);
    const busy = total - ticks[3] - ticks[4];
    const own = [...new Set(sides.map(({ pid }) => pid))].reduce((sum, pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return sum + Number(fields[11]) + Number(fields[12]);
    }, 0);
    return { total, busy, own };
  } catch {
    return { total: 0, busy: 0, own: 0 };
  }
}

function foreignShare(before, after) {
  const total = after.total - before.total;
  return total === 0 ? 0 : (after.busy - before.busy - (after.own - before.own)) / total;
}

/** Waits until the machine has been idle for a moment, at most two minutes. */
async function quiet() {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; ) {
    const before = cpuTimes([]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (foreignShare(before, cpuTimes([])) <= tolerated) return;
  }
}
