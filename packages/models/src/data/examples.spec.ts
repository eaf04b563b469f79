import { describe, expect, test } from 'vitest';
import { digitLikelihoods } from './digit-glyphs.ts';
import { exampleBatches, examplesOf } from './examples.ts';
import { GENERATED_TEXTS, generateText } from './generated.ts';

const document = '.#\n##\n=2';

describe('examples', () => {
  test('are the signs of a document and its class', () => {
    const { count, features, labels, labelEntropy } = examplesOf([document, '..\n..\n=0'], { size: 4, classes: 3 });
    expect(count).toBe(2);
    expect([...features]).toEqual([-1, 1, 1, 1, -1, -1, -1, -1]);
    expect([...labels]).toEqual([2, 0]);
    expect(labelEntropy).toBeCloseTo(Math.LN2, 12);
  });

  test.each([
    [{ size: 5, classes: 3 }, document, 'reads 5 signs and knows 3 classes; example 0 has 4 signs and class 2'],
    [{ size: 4, classes: 2 }, document, 'knows 2 classes'],
    [{ size: 4, classes: 3 }, 'to be=2', 'rows of . and # and a line =CLASS were expected, found "to be=2"'],
    [{ size: 4, classes: 3 }, '.#\n##\n=two', 'were expected'],
  ])('of %j are refused: %j', (shape, text, message) => {
    expect(() => examplesOf([text], shape)).toThrow(
      expect.objectContaining({ code: 'invalid-question', message: expect.stringContaining(message) }),
    );
  });

  test('none at all is refused', () => {
    expect(() => examplesOf([], { size: 4, classes: 3 })).toThrow('there are no examples');
  });

  test('come in the order of the seed, and go on where they were left', () => {
    const examples = examplesOf(
      Array.from(
        { length: 50 },
        (_, i) => `${[...i.toString(2).padStart(6, '0')].map((bit) => '.#'[Number(bit)]).join('')}\n=${i % 3}`,
      ),
      { size: 6, classes: 3 },
    );
    const taken = (batches: ReturnType<typeof exampleBatches>) => {
      const { inputs, targets } = batches.next();
      return [[...inputs], [...targets]];
    };
    const [one, same, other] = [1, 1, 2].map((seed) => exampleBatches(examples, seed, 4));
    const first = taken(one!);
    expect(taken(same!)).toEqual(first);
    expect(taken(other!)).not.toEqual(first);
    const { position } = one!;
    const second = taken(one!);
    expect(second).not.toEqual(first);
    same!.position = position;
    expect(taken(same!)).toEqual(second);
  });
});

test('drawn digits are all drawn about as often, and the likeliest digit is nearly always the one that was drawn', () => {
  const text = GENERATED_TEXTS.find(({ name }) => name === 'generated-digits')!;
  const documents = new TextDecoder().decode(generateText(text)).trim().split('\n\n');
  const { labels, labelEntropy } = examplesOf(documents, text.examples!);
  expect(labels).toHaveLength(24_000);
  expect(labelEntropy).toBeCloseTo(Math.log(10), 3);
  const asked = documents.slice(0, 500);
  let [right, turned] = [0, 0];
  for (const document of asked) {
    const [drawing, digit] = document.split('\n=');
    const likelihoods = digitLikelihoods(drawing!);
    if (likelihoods.indexOf(Math.max(...likelihoods)) === Number(digit)) right += 1;
    turned += [...drawing!].filter((sign) => sign === '#').length;
  }
  expect(right / asked.length).toBeGreaterThan(0.99);
  // Ink of a glyph, 16 signs or so of 100, and a sixteenth of the rest.
  expect(turned / asked.length).toBeGreaterThan(17);
  expect(turned / asked.length).toBeLessThan(23);
});
