import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IGNORED } from '../ignored.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { textDataSet } from './data-set.ts';
import { proseOfDocComments } from './doc-comments.ts';
import { documentsOf } from './documents.ts';
import { decodeUtf8 } from './text-encoding.ts';
import { tokenStream } from './token-stream.ts';
import { maskedBatches, trainingBatches } from './training-windows.ts';

const blankLines = { kind: 'separator', separator: '\n\n' } as const;
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('text that is not UTF-8', () => {
  test.each([
    ['a lone continuation byte', [0x61, 0x80], 1],
    ['an overlong slash', [0x61, 0x62, 0xc0, 0xaf], 2],
    ['a surrogate', [0xed, 0xa0, 0x80], 0],
    ['a value above U+10FFFF', [0x20, 0xf4, 0x90, 0x80, 0x80], 1],
    ['Latin-1', [0x66, 0xfc, 0x72], 1],
  ])('%s is refused with its offset', (_, bytes, offset) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes), 'x')).toThrow(
      expect.objectContaining({
        code: 'invalid-text-encoding',
        message: expect.stringContaining(`at byte ${offset} `),
      }),
    );
  });

  test('a character cut off at the end is named by its first byte', () => {
    const cut = bytesOf('good é').subarray(0, -1);
    expect(() => decodeUtf8(cut, 'x')).toThrow('at byte 5 ');
  });

  test('is refused exactly where the platform refuses, and only there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let valid = true;
        try {
          new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        } catch {
          valid = false;
        }
        if (valid) decodeUtf8(bytes, 'x');
        else {
          const offset = offsetIn(() => decodeUtf8(bytes, 'x'));
          decodeUtf8(bytes.subarray(0, offset), 'the part before it');
          expect(offset).toBeLessThan(bytes.length);
        }
      }),
    );
  });

  function offsetIn(body: () => unknown): number {
    try {
      body();
    } catch (error) {
      return Number(/at byte (\d+)/.exec(String(error))?.[1]);
    }
    throw new Error('nothing was refused');
  }
});

describe('documents and splits', () => {
  const text = Array.from({ length: 400 }, (_, index) => `Document number ${index}.`).join('\n\n');
  const description = { name: 'numbers', title: 'Numbers', sha256: '0'.repeat(64), documents: blankLines } as const;

  test('every document is in exactly one split, about 80, 10 and 10 % of them', () => {
    const set = textDataSet({ ...description, splits: 'by-hash' }, bytesOf(text));
    const [train, validation, test] = (['train', 'validation', 'test'] as const).map((split) => set.documents(split));
    expect([...train!, ...validation!, ...test!].sort()).toEqual(text.split('\n\n').sort());
    expect(train!.length).toBeGreaterThan(290);
    expect(validation!.length).toBeGreaterThan(20);
    expect(test!.length).toBeGreaterThan(20);
  });

  test('a document keeps its split when others come or go', () => {
    const whole = textDataSet({ ...description, splits: 'by-hash' }, bytesOf(text));
    const half = textDataSet(
      { ...description, splits: 'by-hash' },
      bytesOf(text.slice(0, text.indexOf('\n\nDocument number 200.'))),
    );
    const test = new Set(whole.documents('test'));
    expect(half.documents('test').every((document) => test.has(document))).toBe(true);
  });

  test('a held-out text is validation only, in its own order; another split says what there is', () => {
    const set = textDataSet({ ...description, splits: 'held-out' }, bytesOf(text));
    expect(set.documents('validation').slice(0, 2)).toEqual(['Document number 0.', 'Document number 1.']);
    expect(() => set.documents('train')).toThrow(
      expect.objectContaining({ code: 'empty-split', message: expect.stringContaining('it has validation') }),
    );
  });

  test('articles start at their heading', () => {
    const text = '\n = One = \n\n a\n = = Part = = \n b\n = Two = \n c\n';
    expect(documentsOf(text, { kind: 'heading', pattern: /^ = [^=].*[^=] = *$/ })).toEqual([
      '= One = \n\n a\n = = Part = = \n b',
      '= Two = \n c',
    ]);
  });

  test('stories are told apart by how they open', () => {
    const text = [
      'Once upon a time, there was a cow. The cow was sad.',
      'One day, a boy came to the farm.',
      'The cow was happy.',
      'Tom and Mia were playing. They had a ball.',
      'Tom was very sad. Mia helped.',
      'One day, a cop saw a hat.',
    ];
    const stories = documentsOf(text.join('\n\n'), { kind: 'stories' });
    expect(stories).toEqual([text.slice(0, 3).join('\n\n'), text.slice(3, 5).join('\n\n'), text[5]]);
  });
});

describe('prose of documentation comments', () => {
  test('keeps sentences and leaves code, tags and marks', () => {
    const source = [
      '/** The `fs` module is *here*, see [the manual](https://example.org/x) and {@link open}. */',
      'declare const x: number;',
      '/**',
      ' * Opens a file. Some text goes on',
      ' * on the next line.',
      ' *',
      ' * ```js',
      " * open('/** not this one');",
      ' * ```',
      ' *',
      ' * - First item of a list,',
      ' *   continued.',
      ' * - **Second** item.',
      ' * @since v1.0.0',
      ' * @param {string} [path] - Path of the file.',
      ' * @see nothing',
      ' * that matters',
      ' * @returns The number.',
      ' */',
      '/** Short. */',
    ].join('\n');
    expect(proseOfDocComments(source)).toEqual([
      'The `fs` module is *here*, see the manual and open.',
      'Opens a file. Some text goes on on the next line.\nFirst item of a list, continued.\nSecond item.\nPath of the file.\nThe number.',
    ]);
  });

  test('does not depend on the line ends', () => {
    const source = '/**\n * A sentence that is long enough to count,\n * on two lines.\n */\n';
    expect(proseOfDocComments(source.replaceAll('\n', '\r\n'))).toEqual(proseOfDocComments(source));
  });
});

describe('training windows', () => {
  const stream = tokenStream(['abcdefghij'.repeat(20), 'xyz'], byteTokenizer());

  test('documents begin with the begin token, and the unigram entropy is that of the tokens', () => {
    expect(stream.tokens[0]).toBe(256);
    expect(stream.tokens[201]).toBe(256);
    expect(stream.tokens).toHaveLength(205);
    const flat = tokenStream(['aaab'], byteTokenizer());
    const entropy = -(3 / 5) * Math.log(3 / 5) - 2 * (1 / 5) * Math.log(1 / 5);
    expect(flat.unigramEntropy).toBeCloseTo(entropy, 12);
  });

  test('targets are the inputs one token later, the same for the same seed and others for another', () => {
    const draw = (seed: number) => {
      const batches = trainingBatches(stream, { seed, batchSize: 3, time: 8 });
      return Array.from({ length: 4 }, () => {
        const { inputs, targets } = batches.next();
        return { inputs: [...inputs], targets: [...targets] };
      });
    };
    for (const { inputs, targets } of draw(7)) {
      for (let row = 0; row < 3; row++)
        expect(targets.slice(row * 8, row * 8 + 7)).toEqual(inputs.slice(row * 8 + 1, row * 8 + 8));
    }
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8)).not.toEqual(draw(7));
  });

  test('an encoder is to fill in the masked tokens of a window alone, and goes on from any position', () => {
    const mask = 258;
    const plan = { seed: 7, batchSize: 3, time: 20 };
    const batches = maskedBatches(stream, plan, mask);
    const drawn = Array.from({ length: 4 }, () => {
      const { position } = batches;
      const { inputs, targets } = batches.next();
      return { position, inputs: [...inputs], targets: [...targets] };
    });
    const text = stream.tokens.join();
    for (const { inputs, targets } of drawn) {
      for (let row = 0; row < 3; row++) {
        const [read, asked] = [inputs, targets].map((all) => all.slice(row * 20, row * 20 + 20)) as [
          number[],
          number[],
        ];
        expect(asked.filter((target) => target !== IGNORED)).toHaveLength(3);
        expect(text).toContain(read.map((token, place) => (asked[place] === IGNORED ? token : asked[place])).join());
      }
    }
    const again = maskedBatches(stream, plan, mask);
    again.position = drawn[2]!.position;
    const { inputs, targets } = again.next();
    expect({ position: drawn[2]!.position, inputs: [...inputs], targets: [...targets] }).toEqual(drawn[2]);
    expect(() => maskedBatches(stream, { ...plan, time: 206 }, mask)).toThrow('need 206 tokens of text, found 205');
  });

  test('a text shorter than a window is refused with both lengths', () => {
    expect(() => trainingBatches(stream, { seed: 1, batchSize: 1, time: 205 })).toThrow(
      'need 206 tokens of text, found 205',
    );
  });
});
