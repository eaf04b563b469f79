/**
 * Processor seconds that the recipes take on one thread, for the figures in src/plan/run-spec.ts.
 *   pnpm --filter @claimbench/experiments exec node bench/plan-speed.mjs [--backend native|webgpu|reference] [recipe ...]
 * Trains a tenth of each recipe; needs `pnpm --filter @claimbench/experiments... build`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { estimateSeconds, recipeSubjects } from '../dist/index.js';
import { executeRun } from '../dist/node/index.js';

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { backend: { type: 'string', default: 'native' } },
});
const cacheFolder = await mkdtemp(join(tmpdir(), 'claimbench-plan-speed-'));
const execute = (spec) =>
  executeRun(spec, {
    dataPath: [],
    cacheFolder,
    base: null,
    threads: 1,
    onPoints() {},
    onLog() {},
    onProgress() {},
    signal: new AbortController().signal,
  });
const processorSeconds = async (spec) => {
  const before = process.cpuUsage();
  await execute(spec);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

try {
  for (const { name, spec: subject, parameters } of recipeSubjects()) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const specOf = (tokens, items) => ({
      version: 1,
      subject: { ...subject, training: { ...subject.training, tokens: Math.ceil(tokens) } },
      technique: { id: 'none', parameters: {} },
      evaluation: { data: subject.data, split: 'validation', items, windowTokens: null },
      seed: 1,
      backend: values.backend,
    });
    const { tokens } = subject.training;
    await processorSeconds(specOf(1, 10)); // tokenizer into the cache, code warm
    const little = await processorSeconds(specOf(tokens / 30, 10));
    const more = await processorSeconds(specOf(tokens / 10, 10));
    const evaluated = await processorSeconds(specOf(tokens / 30, 210));
    const rate = (tokens * (1 / 10 - 1 / 30)) / (more - little);
    const items = (evaluated - little) / 200;
    const full = specOf(tokens, 400);
    const predicted = estimateSeconds(full);
    const whole = little + (tokens * (1 - 1 / 30)) / rate + 390 * items;
    console.log(
      `${name.padEnd(16)} ${String(parameters).padStart(7)} parameters, ${rate.toFixed(0).padStart(6)} tokens/s of one thread, ` +
        `parameters x tokens/s ${(rate * parameters).toExponential(2)}, ${(1000 * items).toFixed(1)} ms an item; ` +
        `whole run ${whole.toFixed(1)} s, planned ${predicted.toFixed(1)} s`,
    );
  }
} finally {
  await rm(cacheFolder, { recursive: true, force: true });
}
