import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { huggingFaceTokenizer } from '../src/tokenizers/huggingface-tokenizer.ts';
import { tokenizerFromJson } from '../src/tokenizers/tokenizer-json.ts';

const folder = new URL('../golden/tokenizers/', import.meta.url);

interface Examples {
  readonly examples: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly ids_without_special: readonly number[];
    readonly decoded_skip_special: string;
  }[];
  readonly decode_only: readonly { readonly ids: readonly number[]; readonly decoded: string }[];
}

function read(name: string) {
  const json = (file: string): unknown => JSON.parse(readFileSync(new URL(`${name}/${file}`, folder), 'utf8'));
  return { file: json('tokenizer.json'), ...(json('examples.json') as Examples) };
}

describe.each(readdirSync(folder))('the tokenizer.json of form %s', (name) => {
  const { file, examples, decode_only: cut } = read(name);
  const tokenizer = huggingFaceTokenizer(file);

  test('encodes as the library of origin does', () => {
    expect(examples.length).toBeGreaterThan(40);
    for (const { text, ids_without_special: ids } of examples) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
    }
  });

  test('decodes as it, whole texts and characters that are cut', () => {
    for (const { ids, decoded_skip_special: decoded } of examples) expect(tokenizer.decode(ids)).toBe(decoded);
    // How many signs of replacement a cut character leaves is each library's own choice.
    const once = (text: string) => text.replaceAll(/\ufffd+/g, '\ufffd');
    for (const { ids, decoded } of cut) expect(once(tokenizer.decode(ids))).toBe(once(decoded));
  });

  test('its tokens hold the bytes of the text, after what is put before it', () => {
    for (const { text } of examples) {
      if (text === '' || /<[|/]?\w+\|?>/.test(text)) continue; // special tokens written out have no bytes
      const bytes = Array.from(tokenizer.encode(text)).flatMap((token) => Array.from(tokenizer.bytesOf(token)));
      const want = new TextEncoder().encode(kept(name, text));
      expect(bytes.slice(tokenizer.prefixBytes), JSON.stringify(text)).toEqual([...want]);
    }
  });

  test('begins documents with the token of its template', () => {
    const whole = examples.find(({ text }) => text === 'a') ?? examples[1]!;
    if (whole.ids.length > whole.ids_without_special.length) expect(tokenizer.beginToken).toBe(whole.ids[0]);
    else expect(tokenizer.bytesOf(tokenizer.beginToken)).toHaveLength(0);
  });

  test('comes back from its own JSON', () => {
    const again = tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer.toJson())));
    const { text } = examples.find((example) => example.text.length > 10)!;
    expect(again.encode(text)).toEqual(tokenizer.encode(text));
  });
});

test('the begin token can be named; a wrong name, a WordPiece and what is no tokenizer.json are refused', () => {
  const { file } = read('byte-fallback');
  expect(huggingFaceTokenizer(file, '</s>').beginToken).toBe(2);
  expect(() => huggingFaceTokenizer(file, '<none>')).toThrow("'<none>' is not in the vocabulary");
  expect(() => huggingFaceTokenizer({ ...(file as object), decoder: { type: 'WordPiece' } })).toThrow(
    'found WordPiece',
  );
  for (const wrong of [null, {}, { model: 3 }]) {
    expect(() => huggingFaceTokenizer(wrong)).toThrow(expect.objectContaining({ code: 'bad-tokenizer' }));
  }
});

/** What a form loses of a text: one normalises to NFC, another writes spaces as the sign that then cannot be told from them. */
function kept(name: string, text: string): string {
  if (name === 'split-regex') return text.normalize('NFC');
  return name === 'byte-fallback' ? text.replaceAll('▁', ' ') : text;
}
