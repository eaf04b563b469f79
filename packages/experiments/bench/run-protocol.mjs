/**
 * Runs protocols of the corpus to their verdicts without API and queue: for trying a protocol and for timing it.
 *   pnpm --filter @claimbench/experiments exec node bench/run-protocol.mjs 229.4-quick [more ids] [--slots 2]
 * Every slot is a process of its own with one thread. Seeds come from a secret drawn here: nothing of it is evidence.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFolders, readSettings } from '@claimbench/contracts';
import { corpus } from '@claimbench/corpus';
import { advanceProtocol, previewProtocol, registerProtocol } from '../dist/index.js';
import { executeRun, failureOf, readResources } from '../dist/node/index.js';

const dataPath = dataFolders(readSettings(process.env));
const cacheFolder = process.env.CLAIMBENCH_HOME ?? join(tmpdir(), 'claimbench-protocols');

async function child() {
  process.on('message', async ({ spec, base, artifact }) => {
    try {
      const { outcome, artifacts } = await executeRun(spec, {
        dataPath,
        cacheFolder,
        base: base && { path: base },
        threads: 1,
        onPoints() {},
        onLog(level, message) {
          if (level !== 'info') console.error(message);
        },
        onProgress() {},
        signal: new AbortController().signal,
      });
      if (artifacts[0]) await writeFile(artifact, artifacts[0].bytes);
      process.send({ outcome });
    } catch (error) {
      process.send({ failure: failureOf(error) });
    }
  });
}

/** Runs the list on the slots, a run only after its base, equal specs once. */
async function execute(runs, slots, folder, known) {
  const pending = [...runs];
  const finished = [];
  const done = (run, answer) =>
    finished.push({
      ...run,
      state: answer.outcome ? 'succeeded' : 'failed',
      outcome: answer.outcome ?? null,
      failure: answer.failure ?? null,
    });
  const running = new Set();
  await Promise.all(
    slots.map(async (slot) => {
      for (;;) {
        const ready = pending.findIndex(
          (run) => (run.base === null || known.has(run.base)) && (run.fresh || !running.has(run.specHash)),
        );
        if (ready < 0) {
          if (pending.length === 0) return;
          await new Promise((resolve) => setTimeout(resolve, 20));
          continue;
        }
        const [run] = pending.splice(ready, 1);
        const earlier = run.fresh ? undefined : known.get(run.specHash);
        if (earlier) {
          done(run, earlier);
          continue;
        }
        running.add(run.specHash);
        const answer = await new Promise((resolve) => {
          slot.once('message', resolve);
          slot.send({
            spec: run.spec,
            base: run.base && join(folder, run.base),
            artifact: join(folder, run.specHash),
          });
        });
        running.delete(run.specHash);
        if (!run.fresh) known.set(run.specHash, answer);
        done(run, answer);
      }
    }),
  );
  return finished;
}

function lineOf({ id, verdict, reason, effect, interval, margin, mde }) {
  const ends = interval.map((end) => end?.toPrecision(3)).join(', ');
  const detectable = mde === null ? '' : `, detectable ${mde.toPrecision(2)}`;
  return `${id}: ${verdict} ${reason} ${effect.toPrecision(3)} [${ends}] margin ${margin.toPrecision(3)}${detectable}`;
}

async function runProtocol(id, slots) {
  const protocol = corpus.protocolById(id);
  if (!protocol) throw new Error(`no protocol ${id}; known: ${corpus.protocols.map((one) => one.id).join(', ')}`);
  const resources = await readResources({ dataPath, cacheFolder });
  const preview = previewProtocol(protocol, resources, { slots: slots.length });
  console.log(
    `\n${id}: ${preview.runs} runs, planned ${preview.wallSeconds.toFixed(0)} s, declared ${protocol.expectedSeconds} s`,
  );
  const { registered, protocolHash } = await registerProtocol(protocol, resources);
  const secret = randomBytes(32).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-bases-'));
  const known = new Map();
  const finished = [];
  const started = performance.now();
  try {
    for (;;) {
      const advance = await advanceProtocol({ registered, protocolHash, secret, finished });
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (advance.kind === 'verdict') {
        const { verdict } = advance;
        console.log(
          `${seconds} s: ${verdict.verdict} (${verdict.reason}), look ${verdict.look}, labels ${verdict.labels}`,
        );
        console.log(verdict.words);
        for (const part of [...verdict.premises, ...verdict.parts]) console.log(`  ${lineOf(part)}`);
        for (const part of verdict.secondSize?.parts ?? []) console.log(`  second size, ${lineOf(part)}`);
        for (const control of verdict.controls) console.log(`  ${control.id}: ${control.passed} ${control.finding}`);
        for (const { arm, trials, best } of verdict.tuning) {
          console.log(
            `  tuned ${arm}: ${best} of ${trials.map(({ value, loss }) => `${value}: ${loss.toFixed(4)}`).join(', ')}`,
          );
        }
        return;
      }
      console.log(`${seconds} s: stage ${advance.stage}, ${advance.runs.length} runs`);
      finished.push(...(await execute(advance.runs, slots, folder, known)));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.send) await child();
else {
  const arguments_ = process.argv.slice(2);
  const at = arguments_.indexOf('--slots');
  const count = at < 0 ? 2 : Number(arguments_.splice(at, 2)[1]);
  const slots = Array.from({ length: count }, () => fork(fileURLToPath(import.meta.url)));
  try {
    for (const id of arguments_) await runProtocol(id, slots);
  } finally {
    for (const slot of slots) slot.disconnect();
  }
}
