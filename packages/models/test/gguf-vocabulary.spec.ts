import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GgufFile, readGguf } from '../src/checkpoints/gguf/read.ts';
import type { GgufValue } from '../src/checkpoints/gguf/values.ts';
import { ggufVocabulary, readGgufTokenizer } from '../src/checkpoints/gguf/vocabulary.ts';
import { writeGguf } from '../src/checkpoints/gguf/write.ts';
import { byteTokenizer } from '../src/tokenizers/byte-tokenizer.ts';
import { parseLlama2cTokenizer } from '../src/tokenizers/llama2c-tokenizer.ts';
import { testLocations } from './data-path.ts';

function fileWith(metadata: ReadonlyMap<string, GgufValue>): GgufFile {
  return readGguf(writeGguf(metadata, new Map()));
}

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../golden/tokenizers/${name}`, import.meta.url), 'utf8'));

/** A tokenizer.json as llama.cpp's converter writes it into a GGUF file. */
function byteLevelVocabulary(name: string, pre: string, begin: string): Map<string, GgufValue> {
  const { model, added_tokens: added } = golden(`${name}/tokenizer.json`);
  const tokens: string[] = [];
  for (const [token, id] of Object.entries<number>(model.vocab)) tokens[id] = token;
  const types = tokens.map(() => 1);
  for (const { id, content } of added) [tokens[id], types[id]] = [content, 3];
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: pre }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: types }],
    [
      'tokenizer.ggml.merges',
      { type: 'array', of: 'string', value: model.merges.map((pair: string[]) => pair.join(' ')) },
    ],
    ['tokenizer.ggml.bos_token_id', { type: 'uint32', value: tokens.indexOf(begin) }],
  ]);
}

describe('byte-level merges in a GGUF file', () => {
  test.each([
    ['byte-level', 'gpt-2', '<|endoftext|>'],
    ['split-regex', 'llama-bpe', '<|begin|>'],
  ])('encode as the tokenizer %s that they were made from', (name, pre, begin) => {
    const tokenizer = readGgufTokenizer(fileWith(byteLevelVocabulary(name, pre, begin)))!;
    const { examples } = golden(`${name}/examples.json`);
    let compared = 0;
    for (const { text, ids_without_special: ids } of examples) {
      if (text !== text.normalize('NFC')) continue; // the golden tokenizer composes, Llama 3's does not
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(40);
    expect(tokenizer.bytesOf(tokenizer.beginToken)).toHaveLength(0);
  });

  test('of Qwen 2 compose the text and take digits one by one', () => {
    const llama = readGgufTokenizer(fileWith(byteLevelVocabulary('split-regex', 'llama-bpe', '<|begin|>')))!;
    const qwen = readGgufTokenizer(fileWith(byteLevelVocabulary('split-regex', 'qwen2', '<|begin|>')))!;
    expect(qwen.encode('e\u0301')).toEqual(qwen.encode('\u00e9'));
    expect(llama.encode('e\u0301')).not.toEqual(llama.encode('\u00e9'));
    expect(qwen.encode('12')).toEqual(Int32Array.of(...qwen.encode('1'), ...qwen.encode('2')));
  });

  test('of a splitting that is not known are refused by its name', () => {
    const file = fileWith(byteLevelVocabulary('byte-level', 'viking', '<|endoftext|>'));
    expect(() => readGgufTokenizer(file)).toThrow("split as 'viking'; known: gpt-2, llama-bpe, qwen2");
  });
});

describe('the pieces of Llama 2 in a GGUF file', () => {
  const path = join(testLocations().dataPath[0]!, 'models/stories260K/tok512.bin');
  const original = parseLlama2cTokenizer(readFileSync(path));

  test('encode as the tokenizer that they were written from', () => {
    const read = readGgufTokenizer(fileWith(ggufVocabulary(original)))!;
    expect(read.vocabularySize).toBe(512);
    expect(read.beginToken).toBe(1);
    for (const text of ['Once upon a time', ' two  spaces ', 'naïve 漢字 🙂', '\n\tx', '']) {
      expect(read.encode(text)).toEqual(original.encode(text));
      expect(read.decode(read.encode(text))).toBe(text);
    }
  });

  test('in another order, with scores missing, or without the space are refused', () => {
    const changed = (key: string, change: (value: GgufValue) => GgufValue) => {
      const metadata = new Map(ggufVocabulary(original));
      metadata.set(key, change(metadata.get(key)!));
      return () => readGgufTokenizer(fileWith(metadata));
    };
    const list = (value: GgufValue) => value as Extract<GgufValue, { type: 'array' }>;
    const swapped = (value: GgufValue) => ({ ...list(value), value: list(value).value.toReversed() });
    expect(changed('tokenizer.ggml.tokens', swapped)).toThrow("Llama 2's order expected");
    const shorter = (value: GgufValue) => ({ ...list(value), value: list(value).value.slice(1) });
    expect(changed('tokenizer.ggml.scores', shorter)).toThrow('512 tokens and 511 scores');
    expect(changed('tokenizer.ggml.add_space_prefix', () => ({ type: 'bool', value: false }))).toThrow('no space');
    expect(changed('tokenizer.ggml.model', () => ({ type: 'string', value: 'bert' }))).toThrow("'bert'; known: llama");
    expect(() => ggufVocabulary(byteTokenizer())).toThrow('this one is byte');
  });

  test('are none where the file has none', () => {
    expect(readGgufTokenizer(fileWith(new Map()))).toBeUndefined();
  });
});
