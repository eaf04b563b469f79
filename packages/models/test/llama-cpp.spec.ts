import { readFileSync } from 'node:fs';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterAll, expect, test } from 'vitest';
import { readGgufModel, writeGgufModel } from '../src/checkpoints/gguf/model.ts';
import { readGguf } from '../src/checkpoints/gguf/read.ts';
import { readGgufTokenizer } from '../src/checkpoints/gguf/vocabulary.ts';
import { Decoder } from '../src/decoder/decoder.ts';
import { computeOnIntegers } from '../src/decoder/integer-block-linear.ts';
import { evaluate } from '../src/evaluation/evaluate.ts';
import { evaluationItems } from '../src/evaluation/items.ts';
import { loadCheckpoint, loadDataSet } from '../src/node/load.ts';
import { testLocations } from './data-path.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/llama-cpp/stories260K.json', import.meta.url), 'utf8'));
const locations = testLocations();
const backend = createNativeBackend({ threads: 2 });
afterAll(() => backend.close());

// The same with llama.cpp itself, and its speed: bench/llama-cpp.mjs.
test.each(['F32', 'Q8_0', 'Q4_0'])(
  'stories260K as GGUF in %s has the perplexity that llama.cpp gives it, to 1e-3 relative',
  { timeout: 120_000 },
  async (type) => {
    const { decoder, tokenizer } = await loadCheckpoint({ name: 'stories260K' }, backend, locations);
    using original = decoder;
    const parameters = await original.readParameters();
    const file = readGguf(writeGgufModel({ config: original.config, parameters }, type, tokenizer));
    const read = readGgufTokenizer(file)!;
    for (const [text, ids] of Object.entries(golden.tokenized)) expect([...read.encode(text)]).toEqual(ids);
    const model = readGgufModel(file);
    using packed = Decoder.fromValues(backend, model.config, model.parameters);
    const stories = await loadDataSet({ name: 'tinystories-validation' }, locations);
    const items = evaluationItems(stories.documents('validation'), read, { items: 20, windowTokens: 500 });
    const { natsPerToken } = await evaluate(packed, items);
    expect(Math.abs(Math.exp(natsPerToken - golden.natsPerToken[type]) - 1)).toBeLessThan(1e-3);
    if (type === 'F32') return;
    // On the integers themselves, as llama.cpp computes.
    computeOnIntegers(packed, model.integers!());
    const onIntegers = (await evaluate(packed, items)).natsPerToken;
    expect(onIntegers).not.toBe(natsPerToken);
    expect(Math.abs(Math.exp(onIntegers - golden.natsPerToken[type]) - 1)).toBeLessThan(1e-3);
  },
);
