import { RandomStream } from '@claimbench/kernels';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';
import { DRAWING, drawnDigit } from './digit-glyphs.ts';
import type { DocumentRule } from './documents.ts';
import type { ExampleShape } from './examples.ts';
import { generatedStory } from './story-grammar.ts';

/** A text that is made here: the same on every machine, by name, seed and number of documents. */
export interface GeneratedText {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** Of the whole text with the registered seed. */
  readonly sha256: string;
  readonly documents: DocumentRule;
  readonly splits: 'by-hash';
  /** Number of documents, all different. */
  readonly count: number;
  /** Whether a document asks something and answers it. */
  readonly isTask: boolean;
  /** For a text whose documents are examples of classes: what a classifier of them reads and knows. */
  readonly examples?: ExampleShape;
  /** One document. In a task, what stands behind the last `=` is decided by what stands before it. */
  readonly draw: (stream: RandomStream) => string;
}

const shared = {
  licence: 'generated here, free of rights',
  documents: { kind: 'separator', separator: '\n\n' },
  splits: 'by-hash',
} as const;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const MODULUS = 97;
const STEPS = 6;

/** In the order of their names. */
export const GENERATED_TEXTS: readonly GeneratedText[] = [
  {
    ...shared,
    name: 'generated-copy',
    title: 'Copying: 4 to 12 letters, then the same once more',
    sha256: '061c5f0f6d0b602946edf7b4558bbf748da0b897b1cb3b346d6c6b98e6375a27',
    count: 12_000,
    isTask: true,
    draw: (stream) => {
      const word = drawFrom(stream, LETTERS, 4 + stream.nextBelow(9));
      return `${word}=${word}`;
    },
  },
  {
    ...shared,
    name: 'generated-digits',
    title: 'Drawings of digits, somewhere in a square of signs of which one in sixteen is turned, each with its digit',
    sha256: '44793c463759c018a6d806af20cf85e6a2e0c29ce715ef71233b1b963cfe7acb',
    count: 24_000,
    // What is drawn decides the digit only almost always.
    isTask: false,
    examples: { size: DRAWING.width * DRAWING.height, classes: 10 },
    draw: drawnDigit,
  },
  {
    ...shared,
    name: 'generated-modular-arithmetic',
    title: `Sums, differences and products modulo ${MODULUS}`,
    sha256: '27e687c212e031d52d2de3973573504de69cf9d4afee9b63a8fcb5b443765fe7',
    count: 15_000,
    isTask: true,
    draw: (stream) => {
      const [a, b] = [stream.nextBelow(MODULUS), stream.nextBelow(MODULUS)];
      const sign = '+-*'[stream.nextBelow(3)]!;
      const result = sign === '+' ? a + b : sign === '-' ? a - b + MODULUS : a * b;
      return `${a}${sign}${b}=${result % MODULUS}`;
    },
  },
  {
    ...shared,
    name: 'generated-recall',
    title: 'Recall: 3 to 8 pairs of letter and digit, then the digit of one of the letters',
    sha256: '3dac8838791e9a0b04711d409593b26c287f78dfedd381ef58e8ec70b7342ca9',
    count: 12_000,
    isTask: true,
    draw: (stream) => {
      const keys = drawDistinct(stream, LETTERS, 3 + stream.nextBelow(6));
      const pairs = keys.map((key) => [key, drawFrom(stream, DIGITS, 1)] as const);
      const [key, value] = pairs[stream.nextBelow(pairs.length)]!;
      return `${pairs.map((pair) => pair.join('')).join(' ')} ${key}=${value}`;
    },
  },
  {
    ...shared,
    name: 'generated-running-totals',
    title: `Running totals: a digit, then ${STEPS} times what is added or taken away and the digit that results`,
    sha256: '025bc2aaf30874c89bfcad87f4273ec22cdee85217600332a58d2cb28b6390be',
    count: 12_000,
    isTask: true,
    // Totals stay below ten: a sum modulo ten says nothing about either summand, and a small model takes very long to see that there is a rule.
    draw: (stream) => {
      let total = stream.nextBelow(10);
      let written = `${total}`;
      for (let step = 0; step < STEPS; step++) {
        const next = stream.nextBelow(10);
        written += `${next < total ? '-' : '+'}${Math.abs(next - total)}=${next}`;
        total = next;
      }
      return written;
    },
  },
  {
    ...shared,
    name: 'generated-sorting',
    title: 'Sorting: 4 to 10 digits, then the same in ascending order',
    sha256: '59f650867b1d5efc432cfe77f65aa8b7b9ade8c73405bcac25ca4e48bbd4d2bd',
    count: 12_000,
    isTask: true,
    draw: (stream) => {
      const digits = drawFrom(stream, DIGITS, 4 + stream.nextBelow(7));
      return `${digits}=${[...digits].sort().join('')}`;
    },
  },
  {
    ...shared,
    name: 'generated-stories',
    title: 'Short stories from a grammar, in which people, things and places stay the same',
    sha256: '6db2c44d1669417b9ec0f1f1f4b249a1bcd50a314a9018c7ee22faa08cc776fa',
    count: 4_000,
    isTask: false,
    draw: generatedStory,
  },
];

/** The seed of the registered texts. */
const REGISTERED_SEED = 1;

/** The text in UTF-8, documents between blank lines in the order of their draws; another seed gives another sample of the same task. */
export function generateText({ name, count, draw }: GeneratedText, seed = REGISTERED_SEED): Uint8Array {
  const stream = new RandomStream(seed, namedStream(RANDOM_STREAMS.generatedText, name));
  const documents = new Set<string>();
  while (documents.size < count) documents.add(draw(stream));
  return new TextEncoder().encode(`${[...documents].join('\n\n')}\n`);
}

function drawFrom(stream: RandomStream, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[stream.nextBelow(alphabet.length)]).join('');
}

function drawDistinct(stream: RandomStream, alphabet: string, count: number): string[] {
  const drawn = new Set<string>();
  while (drawn.size < count) drawn.add(drawFrom(stream, alphabet, 1));
  return [...drawn];
}
