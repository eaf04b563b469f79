/**
 * How often the negative control of a protocol fails, on models that were really trained: bases of a recipe from many seeds, and the control
 * on many draws of two disjoint groups of them, once with what the rule knows (items and blocks) and once from blocks alone.
 *   pnpm --filter @claimbench/experiments exec node bench/negative-control.mjs deep-llama 24 [5 blocks]
 * The draws share their bases, so the rate has the spread of few independent ones; the losses' own shape is printed with it.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolders, readSettings } from '@claimbench/contracts';
import {
  estimateFromBlocks,
  estimateFromItems,
  FIXED_LEVEL,
  findDataSet,
  findSubject,
  judge,
  mean,
  skewness,
  standardDeviation,
} from '../dist/index.js';
import { executeRun, readResources } from '../dist/node/index.js';

const DRAWS = 20_000;
const [name = 'deep-llama', count = '24', size = '5'] = process.argv.slice(2);
const blocks = Number(size);
const dataPath = dataFolders(readSettings(process.env));
const cacheFolder = process.env.CLAIMBENCH_HOME ?? join(tmpdir(), 'claimbench-protocols');
const resources = await readResources({ dataPath, cacheFolder });
const subject = findSubject({ kind: 'recipe', name }, resources);
const evaluation = { data: findDataSet('node-docs', resources), split: 'test', items: 200, windowTokens: null };

const bases = [];
for (let seed = 0; seed < Number(count); seed++) {
  const spec = { version: 1, subject, technique: { id: 'none', parameters: {} }, evaluation, seed, backend: 'native' };
  const { outcome } = await executeRun(spec, {
    dataPath,
    cacheFolder,
    base: null,
    threads: 1,
    onPoints() {},
    onLog() {},
    onProgress() {},
    signal: new AbortController().signal,
  });
  bases.push({ loss: outcome.metrics.natsPerByte, items: outcome.items?.values ?? null });
  console.log(`seed ${seed}: ${outcome.metrics.natsPerByte.toFixed(4)} nats/byte`);
}

const losses = bases.map(({ loss }) => loss);
const margin = 0.005 * mean(losses);
let state = 20_261;
const draw = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const failed = { items: 0, blocks: 0 };
const wrong = ({ verdict, reason }) => verdict === 'supported' || reason === 'opposite';
for (let i = 0; i < DRAWS; i++) {
  const order = bases.map((base) => [draw(), base]).sort((a, b) => a[0] - b[0]);
  const pairs = Array.from({ length: blocks }, (_, block) => [order[2 * block][1], order[2 * block + 1][1]]);
  const contrasts = estimateFromBlocks(pairs.map(([a, b]) => a.loss - b.loss));
  if (wrong(judge(contrasts, 'greater', margin, FIXED_LEVEL))) failed.blocks++;
  const known = estimateFromItems(pairs.map(([a, b]) => a.items.map((value, item) => value - b.items[item])));
  if (wrong(judge(known, 'greater', margin, FIXED_LEVEL))) failed.items++;
}
const percent = (hits) => `${((100 * hits) / DRAWS).toFixed(2)} %`;
console.log(
  `${bases.length} bases of ${name}: mean ${mean(losses).toFixed(4)}, sd ${standardDeviation(losses).toFixed(4)} nats/byte, skewness ${skewness(losses).toFixed(2)}`,
);
console.log(
  `negative control of ${blocks} blocks, ${DRAWS} draws: fails in ${percent(failed.items)} (blocks alone: ${percent(failed.blocks)}); at most ${200 * FIXED_LEVEL} % is stated`,
);
