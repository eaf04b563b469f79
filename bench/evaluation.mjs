// Evaluation of stories260K beside PyTorch, and batched decoding beside one text at a time.
//
//   pnpm --filter @claimbench/models build
//   python3 -m venv VENV && VENV/bin/pip install torch==2.13.0 numpy       (anywhere outside the repository)
//   CLAIMBENCH_DATA_PATH=DATA pnpm bench evaluation [--python VENV/bin/python] [--threads 1,2] [--stories 400] [--rounds 5] [--clock wall|cpu] [--json FILE]
//
// Evaluation: the same weights, windows, padding and batches on both sides; each gives summed nats, which must agree to 1e-5, and the tokens whose logit is
// largest. Decoding: 32 greedy texts of 32 tokens behind 8 tokens of prompt, together and one after another, and the texts must be equal. The sides take turns in
// every round; a ratio is the median of the rounds' ratios. --clock cpu compares processor time, which other work on the machine disturbs less.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createNativeBackend } from '../packages/kernels/dist/node/index.js';
import { inPasses } from '../packages/models/dist/evaluation/passes.js';
import {
  Decoder,
  documentsOf,
  evaluate,
  evaluationItems,
  generate,
  parseLlama2cTokenizer,
  readLlama2c,
} from '../packages/models/dist/index.js';
import { clockNamed } from './lib/clock.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: '1,2' },
    stories: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '5' },
    clock: { type: 'string', default: 'wall' },
    json: { type: 'string' },
  },
});
const clock = clockNamed(options.clock);
const data = (process.env.CLAIMBENCH_DATA_PATH ?? '').split(':')[0];
const dataFile = (path) => readFileSync(join(data, path));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const { config, parameters } = readLlama2c(dataFile('models/stories260K/stories260K.bin'));
const tokenizer = parseLlama2cTokenizer(dataFile('models/stories260K/tok512.bin'));
const stories = documentsOf(dataFile('text/tinystories/tinystories_val_1k.txt').toString('utf8'), { kind: 'stories' });
const items = evaluationItems(stories, tokenizer, { items: Number(options.stories), windowTokens: 512 });

class Peer {
  static async start(threads) {
    const peer = new Peer();
    peer.folder = mkdtempSync(join(tmpdir(), 'claimbench-evaluation-'));
    const raw = (name, array) => {
      const path = join(peer.folder, name);
      writeFileSync(path, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return path;
    };
    const batches = [];
    await inPasses(items, config.contextLength, {}, async ({ members, time, inputs, targets }) => {
      const id = batches.length;
      batches.push([raw(`inputs${id}`, inputs), raw(`targets${id}`, targets), [members.length, time]]);
    });
    const all = [...parameters];
    const weights = new Float32Array(all.reduce((sum, [, { data: values }]) => sum + values.length, 0));
    let at = 0;
    for (const [, { data: values }] of all) {
      weights.set(values, at);
      at += values.length;
    }
    const script = fileURLToPath(new URL('evaluation_peer.py', import.meta.url));
    const count = String(threads);
    peer.child = spawn(options.python, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count },
    });
    peer.answers = createInterface({ input: peer.child.stdout })[Symbol.asyncIterator]();
    const { hiddenSize, layers, heads, keyValueHeads, headSize, contextLength } = config;
    const { theta } = config.position;
    const { eps } = config.norms.final;
    await peer.ask({
      config: { hiddenSize, layers, heads, keyValueHeads, headSize, contextLength, theta, eps },
      weights: raw('weights', weights),
      shapes: all.map(([name, { shape }]) => [name, shape]),
      batches,
      threads,
    });
    return peer;
  }
  async ask(line) {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`the peer ended early: is torch installed for ${options.python}?`);
    return JSON.parse(value);
  }
  close() {
    this.child.stdin.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const report = [];
for (const threads of options.threads.split(',').map(Number)) {
  const backend = createNativeBackend({ threads });
  const decoder = Decoder.fromValues(backend, config, parameters);
  report.push({
    threads,
    evaluation: await compareEvaluation(decoder, threads),
    decoding: await compareDecoding(decoder),
  });
  decoder.dispose();
  backend.close();
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);

async function compareEvaluation(decoder, threads) {
  const peer = await Peer.start(threads);
  const rounds = [];
  for (let round = 0; round <= Number(options.rounds); round++) {
    const started = clock();
    const own = await evaluate(decoder, items);
    const seconds = clock() - started;
    const theirs = await peer.ask('eval');
    const nats = own.natsPerToken * own.tokens;
    if (own.tokens !== theirs.tokens || !(Math.abs(nats / theirs.nats - 1) < 1e-5)) {
      throw new Error(`the sides disagree: ${nats} nats of ${own.tokens} tokens, ${theirs.nats} of ${theirs.tokens}`);
    }
    const peerSeconds = options.clock === 'cpu' ? theirs.cpu : theirs.seconds;
    if (round > 0) rounds.push({ own: own.tokens / seconds, peer: own.tokens / peerSeconds });
  }
  peer.close();
  const result = {
    own: median(rounds.map(({ own }) => own)),
    peer: median(rounds.map((round) => round.peer)),
    ratio: median(rounds.map((round) => round.own / round.peer)),
  };
  console.log(
    `evaluation, ${threads} threads: ${result.own.toFixed(0)} tokens/s, PyTorch ${result.peer.toFixed(0)}, ratio ${result.ratio.toFixed(2)}`,
  );
  return result;
}

async function compareDecoding(decoder) {
  const prompts = items.slice(0, 32).map(({ context, tokens }) => Int32Array.of(context, ...tokens.subarray(0, 7)));
  const steps = 32;
  const rounds = [];
  for (let round = 0; round <= Number(options.rounds); round++) {
    const start = clock();
    const together = await generate(decoder, prompts, { steps });
    const between = clock();
    const alone = [];
    for (const prompt of prompts) alone.push(...(await generate(decoder, [prompt], { steps })));
    const end = clock();
    if (together.some((text, row) => text.join() !== alone[row].join())) throw new Error('the texts differ');
    const tokens = prompts.length * steps;
    if (round > 0) rounds.push({ batched: tokens / (between - start), single: tokens / (end - between) });
  }
  const result = {
    batched: median(rounds.map(({ batched }) => batched)),
    single: median(rounds.map(({ single }) => single)),
    ratio: median(rounds.map(({ batched, single }) => batched / single)),
  };
  console.log(
    `decoding 32 texts: ${result.batched.toFixed(0)} tokens/s together, ${result.single.toFixed(0)} one by one, ratio ${result.ratio.toFixed(1)}`,
  );
  return result;
}
