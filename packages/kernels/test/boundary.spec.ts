import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadAddon } from '../src/node/addon.ts';
import { createNativeBackend } from '../src/node/index.ts';
import { casesOfOps } from './all_cases.ts';
import { fuzzCalls, fuzzCommands, recordCommands } from './boundary_fuzz.ts';

// The long form: pnpm --filter @claimbench/kernels test:fuzz
const long = process.env.CLAIMBENCH_FUZZ_ROUNDS;
const rounds = Number(long ?? 1000);
const seed = Number(process.env.CLAIMBENCH_FUZZ_SEED ?? 1);
const patience = 60_000 + 10 * rounds;

test('calls with any arguments work or throw a typed error', { timeout: patience }, async () => {
  const report = await fuzzCalls(seed, rounds);
  expect(report.ran, 'some calls work').toBeGreaterThan(rounds / 10);
  expect([...report.codes].sort()).toEqual(
    expect.arrayContaining([
      'backend-closed',
      'backend-unavailable',
      'invalid-argument',
      'invalid-buffer',
      'size-mismatch',
    ]),
  );
});

test('commands with changed scalars, buffers and counts compute or are refused with a typed error', {
  timeout: patience,
}, async () => {
  const corpus = await recordCommands(casesOfOps, long === undefined ? 5 : 1000);
  expect(new Set(corpus.map(({ kernel }) => kernel)).size, 'kernels in the corpus').toBeGreaterThan(50);
  const report = await fuzzCommands(corpus, seed, rounds);
  expect(report.ran, 'some commands compute').toBeGreaterThan(rounds / 20);
  expect(report.refused, 'some commands are refused').toBeGreaterThan(rounds / 20);
});

test('a backend that is closed while its own read is being answered ends cleanly', async () => {
  const native = createNativeBackend({ threads: 2 });
  const id = native.allocate(1 << 20);
  native.encode('fill.forward', [id], [1 << 18, 1]);
  const answers: string[] = [];
  const noted = (promise: Promise<void>) =>
    promise.then(
      () => answers.push('read'),
      (error: { code: string }) => answers.push(error.code),
    );
  const first = noted(native.read(id, new Float32Array(1 << 18))).then(() => native.close());
  const later = Array.from({ length: 20 }, () => noted(native.read(id, new Float32Array(1 << 18))));
  await Promise.all([first, ...later]);
  expect(answers).toHaveLength(21);
  expect(answers[0]).toBe('read');
  for (const answer of answers) expect(['read', 'backend-closed']).toContain(answer);
});

test('a worker that is ended in the middle of its work takes nothing with it', async () => {
  const path = new URL(
    `../build/${process.platform}-${process.arch}${process.env.CLAIMBENCH_KERNELS_SANITIZE === '1' ? '-sanitize' : ''}/kernels.node`,
    import.meta.url,
  ).pathname;
  for (let round = 0; round < 8; round++) {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const addon = require(workerData.path);
       const session = addon.open(addon.describe().instructionSets[0], 2);
       const id = addon.allocate(session, 1 << 22);
       const fill = addon.describe().kernels.indexOf('fill.forward');
       const work = () => {
         for (let i = 0; i < 200; i++) addon.submit(session, Float64Array.of(fill, 1, 2, id, 1 << 20, i), 6);
         addon.read(session, id, new Float32Array(1 << 20), 0).then(work);
       };
       work();
       parentPort.postMessage('at work');`,
      { eval: true, workerData: { path } },
    );
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
  }
  const addon = loadAddon();
  const session = addon.open(addon.describe().instructionSets[0]!, 2);
  const id = addon.allocate(session, 16);
  const fill = addon.describe().kernels.indexOf('fill.forward');
  addon.submit(session, Float64Array.of(fill, 1, 2, id, 4, 7), 6);
  const found = new Float32Array(4);
  await addon.read(session, id, found, 0);
  expect([...found]).toEqual([7, 7, 7, 7]);
  addon.close(session);
});
