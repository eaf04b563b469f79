import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytePairTokenizer } from './byte-pair.ts';
import { trainBytePair } from './byte-pair-trainer.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { llama2cTokenizer, parseLlama2cTokenizer } from './llama2c-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';
import { tokenizerFromJson } from './tokenizer-json.ts';

const text = 'the cat sat on the mat, the cat ate the rat; 42 cats, 142 rats. Größe \u{1f642}\n\n  the end';

/** `<unk>`, `<s>`, `</s>`, 256 bytes, then pieces from best to worst. */
function llamaPieces(...pieces: string[]): [string, number][] {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  return [
    ...['<unk>', '<s>', '</s>', ...bytes].map((piece): [string, number] => [piece, 0]),
    ...pieces.map((piece, rank): [string, number] => [piece, -rank]),
  ];
}

const tokenizers: readonly [string, Tokenizer][] = [
  ['byte', byteTokenizer()],
  ['byte-pair', trainBytePair([text, text], 300)],
  ['llama2c', llama2cTokenizer(llamaPieces(' t', 'he', ' the', 'at', ' c', ' cat', ' ', 't', 'h', 'e', 'a', 'c', 's'))],
];

describe.each(tokenizers)('the %s tokenizer', (_, tokenizer) => {
  test('gives back any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (sample) => {
        expect(tokenizer.decode(tokenizer.encode(sample))).toBe(sample.toWellFormed());
      }),
    );
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  test('counts the bytes of the text by its tokens', () => {
    const tokens = tokenizer.encode(text);
    const bytes = [...tokens].reduce((sum, token) => sum + tokenizer.bytesOf(token).length, 0);
    expect(bytes - tokenizer.prefixBytes).toBe(new TextEncoder().encode(text).length);
  });

  test('never makes the begin token of text, and stays below its size', () => {
    const tokens = tokenizer.encode(text);
    expect(tokens).not.toContain(tokenizer.beginToken);
    expect(Math.max(...tokens)).toBeLessThan(tokenizer.vocabularySize);
    expect(tokenizer.bytesOf(tokenizer.beginToken)).toHaveLength(0);
  });

  test('is the same after being written as JSON', () => {
    const again = tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer.toJson())));
    expect(again.encode(text)).toEqual(tokenizer.encode(text));
    expect(again.vocabularySize).toBe(tokenizer.vocabularySize);
  });
});

function mergesOf(tokenizer: Tokenizer) {
  const json = tokenizer.toJson();
  if (json.kind !== 'byte-pair') throw new Error(`a ${json.kind} tokenizer has no merges`);
  return json.merges;
}

describe('byte-pair training', () => {
  test('joins the most frequent pair first, of equals the one with the lowest tokens', () => {
    const merges = mergesOf(trainBytePair(['abab abab cdcd'], 259));
    expect(merges[0]).toEqual([97, 98]);
    expect(merges[1]).toEqual([99, 100]);
  });

  test('depends on the text alone', () => {
    const shuffled = ['b c b c', 'a b a b'];
    expect(trainBytePair(shuffled, 265).toJson()).toEqual(trainBytePair(shuffled.toReversed(), 265).toJson());
  });

  test('a word falls into the pieces of the naive algorithm', () => {
    const tokenizer = trainBytePair([text], 290);
    const merges = mergesOf(tokenizer);
    let naive = [...new TextEncoder().encode(' the')].map(Number);
    merges.forEach(([left, right], index) => {
      const joined: number[] = [];
      for (let at = 0; at < naive.length; at++) {
        if (naive[at] === left && naive[at + 1] === right) {
          joined.push(257 + index);
          at += 1;
        } else joined.push(naive[at]!);
      }
      naive = joined;
    });
    expect([...tokenizer.encode(' the')]).toEqual(naive);
  });

  test('stops when nothing repeats, and refuses a vocabulary without room', () => {
    expect(trainBytePair(['abc'], 1000).vocabularySize).toBe(257);
    expect(() => trainBytePair(['abc'], 256)).toThrow(expect.objectContaining({ code: 'bad-tokenizer' }));
  });

  test('merges of unknown tokens are refused', () => {
    expect(() => bytePairTokenizer([[97, 300]])).toThrow('token 300 cannot be joined');
    expect(() => tokenizerFromJson({ kind: 'byte-pair', merges: [[1]] })).toThrow(
      expect.objectContaining({ code: 'bad-tokenizer' }),
    );
  });
});

describe('llama2.c tokenizer files', () => {
  const pieces = llamaPieces(' t', 'he');
  function file(): Uint8Array {
    const encoder = new TextEncoder();
    const parts = pieces.map(([piece, score]) => {
      const bytes = encoder.encode(piece);
      const part = new DataView(new ArrayBuffer(8 + bytes.length));
      part.setFloat32(0, score, true);
      part.setInt32(4, bytes.length, true);
      new Uint8Array(part.buffer).set(bytes, 8);
      return [...new Uint8Array(part.buffer)];
    });
    return Uint8Array.from([7, 0, 0, 0, ...parts.flat()]);
  }

  test('give the tokenizer of their pieces', () => {
    expect(parseLlama2cTokenizer(file()).toJson()).toEqual({ kind: 'llama2c', pieces });
  });

  test('are refused when cut, or with a piece of absurd length', () => {
    expect(() => parseLlama2cTokenizer(file().subarray(0, -1))).toThrow('the file ends inside a piece');
    const absurd = file();
    new DataView(absurd.buffer).setInt32(8, 1 << 30, true);
    expect(() => parseLlama2cTokenizer(absurd)).toThrow('a piece of 1073741824 bytes at byte 4');
    expect(() => parseLlama2cTokenizer(file().subarray(0, 40))).toThrow(
      expect.objectContaining({ code: 'bad-tokenizer' }),
    );
  });
});
