/**
 * How far a short training gets from first weights of different deviations, for three norm variants. Prints nats/token.
 *   pnpm --filter @claimbench/experiments exec node bench/initial-weights.mjs [--recipe tiny-llama] [--rate 0.008] [--seed 7]
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBackend } from '@claimbench/kernels/node';
import { Decoder, NODE_DOCS, parseDecoderConfig, tokenStream, train } from '@claimbench/models';
import { loadDataSet, loadTokenizer } from '@claimbench/models/node';
import { resolveTechnique } from '@claimbench/techniques';
import { decoderOf } from '../dist/plan/technique.js';
import { RECIPES } from '../dist/subjects/recipes.js';

const { values: options } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'tiny-llama' },
    rate: { type: 'string', default: '0.008' },
    seed: { type: 'string', default: '7' },
  },
});
const recipe = RECIPES.find(({ name }) => name === options.recipe);
if (!recipe) throw new Error(`unknown recipe ${options.recipe}; known: ${RECIPES.map(({ name }) => name).join(', ')}`);
const seed = Number(options.seed);
const data = { name: NODE_DOCS.name, sha256: NODE_DOCS.sha256 };
const locations = { dataPath: [], cacheFolder: join(tmpdir(), 'claimbench-initial-weights'), download: true };
const dataSet = await loadDataSet(data, locations, {});
const stream = tokenStream(dataSet.documents('train'), await loadTokenizer(recipe.tokenizer, dataSet, locations));
const backend = await createBackend('native', { threads: 1 });
const plain = decoderOf({ kind: 'recipe', ...recipe, data });
const byWidth = plain.initialisation.standardDeviation;

console.log(`${recipe.name}, learning rate ${options.rate}; unigram entropy ${stream.unigramEntropy.toFixed(3)}`);
for (const technique of ['rms-norm', 'dynamic-tanh', 'no-norm']) {
  const losses = [];
  for (const standardDeviation of [0.02, byWidth, 2 * byWidth]) {
    const changed = resolveTechnique({ id: technique, parameters: {} }).changeConfig(plain);
    const initialisation = { ...changed.initialisation, standardDeviation };
    const decoder = Decoder.initialise(backend, parseDecoderConfig({ ...changed, initialisation }), seed);
    const { finalLoss } = await train(
      decoder,
      stream,
      { ...recipe.training, learningRate: Number(options.rate) },
      { seed, pointEvery: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal },
    );
    losses.push(`${standardDeviation.toFixed(3)}: ${finalLoss.toFixed(3)}`);
    decoder.dispose();
  }
  console.log(`  ${technique.padEnd(14)} ${losses.join('   ')}`);
}
backend.close();
