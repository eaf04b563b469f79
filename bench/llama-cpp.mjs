// Decoding beside llama.cpp on the same GGUF file, one thread each: is the perplexity the same, and how fast are prompt and generation?
//
//   pnpm --filter @claimbench/models build
//   mkdir PEER && cd PEER && npm init -y                                   (anywhere outside the repository)
//   npm i node-llama-cpp@3.22.1 --omit=optional --ignore-scripts && npm i @node-llama-cpp/linux-x64@3.22.1 --omit=optional --ignore-scripts
//   CLAIMBENCH_DATA_PATH=DATA pnpm bench llama-cpp --peer PEER [--models stories260K,15M,91M] [--types F32,Q8_0,Q4_0] [--rounds 5]
//                             [--prompt 256] [--tokens 48] [--stories 20] [--clock wall|cpu] [--json FILE]
//
// The files are written here: stories260K from the data path, the other sizes with random weights (speed does not depend on them). Perplexity is of validation
// stories: llama.cpp gives the probability of every token, and 1e-3 relative is asked (exit code 1 beyond it). The two take turns in every
// round, a ratio is the median of the rounds' ratios, above 1 where we are quicker. Measure on an idle machine, or by --clock cpu: the processor time of the process,
// JavaScript's and waiting threads' in it, which other work disturbs less.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createNativeBackend } from '../packages/kernels/dist/node/index.js';
import {
  computeOnIntegers,
  Decoder,
  decoderConfig,
  documentsOf,
  evaluate,
  evaluationItems,
  generate,
  llama2cTokenizer,
  parseLlama2cTokenizer,
  readGguf,
  readGgufModel,
  readLlama2c,
  writeGgufModel,
} from '../packages/models/dist/index.js';
import { clockNamed } from './lib/clock.mjs';

const WARM_UP_MS = 3000;

const { values: options } = parseArgs({
  options: {
    peer: { type: 'string' },
    models: { type: 'string', default: 'stories260K,15M,91M' },
    types: { type: 'string', default: 'F32,Q8_0,Q4_0' },
    rounds: { type: 'string', default: '5' },
    prompt: { type: 'string', default: '256' },
    tokens: { type: 'string', default: '48' },
    stories: { type: 'string', default: '20' },
    clock: { type: 'string', default: 'wall' },
    json: { type: 'string' },
  },
});
const seconds = clockNamed(options.clock);
/** Milliseconds. */
const clock = () => 1000 * seconds();
const BOUND = 1e-3;
const peerEntry = join(resolve(options.peer ?? '.'), 'node_modules/node-llama-cpp/dist/index.js');
if (options.peer === undefined || !existsSync(peerEntry)) {
  console.error(
    `--peer names a folder with node-llama-cpp installed (the head of this file says how): no ${peerEntry}`,
  );
  process.exit(2);
}
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(peerEntry).href);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });

const data = (process.env.CLAIMBENCH_DATA_PATH ?? '').split(':')[0];
const dataFile = (path) => readFileSync(join(data, path));
const sizes = {
  '15M': { hiddenSize: 288, layers: 6, heads: 6, feedForwardSize: 768, vocabularySize: 32_000 },
  '91M': { hiddenSize: 768, layers: 12, heads: 12, feedForwardSize: 2048, vocabularySize: 4096 },
};

function checkpointOf(name) {
  if (name === 'stories260K') {
    const checkpoint = readLlama2c(dataFile('models/stories260K/stories260K.bin'));
    return { checkpoint, tokenizer: parseLlama2cTokenizer(dataFile('models/stories260K/tok512.bin')) };
  }
  const size = sizes[name];
  if (size === undefined) throw new Error(`no model ${name}: stories260K, ${Object.keys(sizes).join(', ')}`);
  const { vocabularySize, ...shape } = size;
  const config = decoderConfig({ style: 'llama', ...shape, contextLength: 512 }, vocabularySize);
  return { initial: config, tokenizer: anyVocabulary(vocabularySize) };
}

/** llama.cpp loads no model without a vocabulary: pieces that no text has. */
function anyVocabulary(size) {
  const pieces = Array.from({ length: size }, (_, id) => [id < 259 ? '' : `${String.fromCodePoint(0x4e00 + id)}`, -id]);
  return llama2cTokenizer(pieces);
}

const folder = mkdtempSync(join(tmpdir(), 'claimbench-llama-cpp-'));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const lines = [];
let violations = 0;
try {
  for (const name of options.models.split(',')) await compareModel(name);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(lines, null, 2)}\n`);
process.exit(violations === 0 ? 0 : 1);

async function compareModel(name) {
  const { checkpoint, initial, tokenizer } = checkpointOf(name);
  const backend = createNativeBackend({ threads: 1 });
  let source = checkpoint;
  if (source === undefined) {
    const random = Decoder.initialise(backend, initial, 1);
    source = { config: random.config, parameters: await random.readParameters() };
    random.dispose();
  }
  for (const type of options.types.split(',')) {
    const path = join(folder, `${name}.${type}.gguf`);
    const bytes = writeGgufModel(source, type, tokenizer);
    writeFileSync(path, bytes);
    const { config, parameters, integers } = readGgufModel(readGguf(bytes));
    const decoder = Decoder.fromValues(backend, config, parameters);
    if (type === 'Q8_0' || type === 'Q4_0') computeOnIntegers(decoder, integers());
    const model = await llama.loadModel({ modelPath: path });
    const context = await model.createContext({ contextSize: 512, batchSize: 512, threads: 1, flashAttention: false });
    const sequence = context.getSequence();
    const line = { model: name, type, isa: backend.description.instructionSet };
    if (checkpoint !== undefined) Object.assign(line, await perplexities(decoder, sequence, tokenizer));
    Object.assign(line, await speeds(decoder, sequence));
    print(line);
    lines.push(line);
    await context.dispose();
    await model.dispose();
    decoder.dispose();
  }
  backend.close();
}

async function perplexities(decoder, sequence, tokenizer) {
  const text = dataFile('text/tinystories/tinystories_val_1k.txt').toString('utf8');
  const items = evaluationItems(documentsOf(text, { kind: 'stories' }), tokenizer, {
    items: Number(options.stories),
    windowTokens: 500,
  });
  const { natsPerToken, tokens } = await evaluate(decoder, items);
  let nats = 0;
  for (const { context, tokens: wanted } of items) {
    await sequence.clearHistory();
    const inputs = [context, ...wanted.subarray(0, -1)];
    const all = await sequence.controlledEvaluate(inputs.map((id) => [id, { generateNext: { probabilities: true } }]));
    wanted.forEach((token, at) => {
      nats -= Math.log(all[at].next.probabilities.get(token));
    });
  }
  await sequence.clearHistory();
  const relative = Math.exp(natsPerToken - nats / tokens) - 1;
  if (!(Math.abs(relative) <= BOUND)) violations += 1;
  return { tokens, perplexity: Math.exp(natsPerToken), peerPerplexity: Math.exp(nats / tokens), relative };
}

async function speeds(decoder, sequence) {
  const prompt = Int32Array.from({ length: Number(options.prompt) }, (_, at) => 259 + ((at * 37) % 200));
  const tokens = Number(options.tokens);
  const round = async () => ({
    own: { prompt: await ownPrompt(decoder, prompt), generation: await ownGeneration(decoder, prompt, tokens) },
    peer: {
      prompt: await peerPrompt(sequence, prompt),
      generation: await peerGeneration(sequence, prompt, tokens),
    },
  });
  // A small model writes a round's text before its code has been compiled.
  for (const warm = performance.now() + WARM_UP_MS; performance.now() < warm; ) await round();
  const rounds = [];
  while (rounds.length < Number(options.rounds)) rounds.push(await round());
  const of = (what) => ({
    own: median(rounds.map(({ own }) => own[what])),
    peer: median(rounds.map(({ peer }) => peer[what])),
    ratio: median(rounds.map(({ own, peer }) => own[what] / peer[what])),
  });
  return { prompt: of('prompt'), generation: of('generation') };
}

/** Tokens a second of reading the prompt, up to the logits after its last token. */
async function ownPrompt(decoder, prompt) {
  const started = clock();
  await generate(decoder, [prompt], { steps: 1 });
  return (1000 * prompt.length) / (clock() - started);
}

async function peerPrompt(sequence, prompt) {
  await sequence.clearHistory();
  const started = clock();
  for await (const _ of sequence.evaluate([...prompt], { temperature: 0, yieldEogToken: true })) break;
  return (1000 * prompt.length) / (clock() - started);
}

/** Tokens a second of greedy text behind 16 tokens of prompt, from the first token to the last. */
async function ownGeneration(decoder, prompt, tokens) {
  const times = [];
  await generate(decoder, [prompt.subarray(0, 16)], { steps: tokens, onToken: () => times.push(clock()) });
  return (1000 * (tokens - 1)) / (times.at(-1) - times[0]);
}

async function peerGeneration(sequence, prompt, tokens) {
  await sequence.clearHistory();
  const times = [];
  for await (const _ of sequence.evaluate([...prompt.subarray(0, 16)], { temperature: 0, yieldEogToken: true })) {
    if (times.push(clock()) === tokens) break;
  }
  return (1000 * (tokens - 1)) / (times.at(-1) - times[0]);
}

function print({ model, type, relative, prompt, generation }) {
  const column = (value, width = 9) => value.padStart(width);
  const speed = ({ own, peer, ratio }) =>
    `${column(own.toFixed(0))} ${column(peer.toFixed(0))} ${column(ratio.toFixed(2), 6)}`;
  if (lines.length === 0) {
    console.log('model        type  perplexity-1    prompt tokens/s: ours, llama.cpp, ratio; generation: the same');
  }
  const agreement = relative === undefined ? '' : relative.toExponential(1);
  console.log(`${model.padEnd(12)} ${type.padEnd(5)} ${column(agreement, 12)} ${speed(prompt)} ${speed(generation)}`);
}
