import { describe, expect, test } from 'vitest';
import { loadDataSet } from '../node/load.ts';
import { GENERATED_TEXTS, generateText } from './generated.ts';
import { registeredData } from './registry.ts';
import { sha256 } from './sha256.ts';

const nowhere = { dataPath: [], cacheFolder: '/nowhere', download: false };
const documentsOf = (name: string, seed?: number) => {
  const text = GENERATED_TEXTS.find((candidate) => candidate.name === name)!;
  return new TextDecoder().decode(generateText(text, seed)).trim().split('\n\n');
};

/** What stands behind the `=` of a task, computed once more in another way. */
const answers: Readonly<Record<string, (question: string) => string>> = {
  'generated-copy': (question) => question,
  'generated-modular-arithmetic': (question) => {
    const [, a, sign, b] = /^(\d+)([-+*])(\d+)$/.exec(question)!;
    const [x, y] = [BigInt(a!), BigInt(b!)];
    const exact = sign === '+' ? x + y : sign === '-' ? x - y : x * y;
    return String(((exact % 97n) + 97n) % 97n);
  },
  'generated-recall': (question) => {
    const words = question.split(' ');
    const key = words.pop();
    const known = new Map(words.map((word) => [word[0], word.slice(1)]));
    expect(known.size).toBe(words.length);
    return known.get(key)!;
  },
  'generated-running-totals': (question) => {
    const steps = question.split('=');
    const exact = (calculation: string) => {
      const [, a, sign, b] = /^(\d)([-+])(\d)$/.exec(calculation)!;
      return String(sign === '+' ? Number(a) + Number(b) : Number(a) - Number(b));
    };
    // What stands in the middle is an answer too.
    for (const [at, step] of steps.slice(1).entries()) expect(step[0], question).toBe(exact(steps[at]!));
    expect(steps).toHaveLength(6);
    return exact(steps.at(-1)!);
  },
  'generated-sorting': (question) => {
    const counts = [...'0123456789'].map((digit) => digit.repeat(question.split(digit).length - 1));
    return counts.join('');
  },
};

describe('a generated text', () => {
  test.each(GENERATED_TEXTS)('$name has its hash, and documents that all differ, in three splits', async (text) => {
    const bytes = generateText(text);
    expect(await sha256(bytes)).toBe(text.sha256);
    expect(registeredData()).toContainEqual(expect.objectContaining({ name: text.name, sha256: text.sha256 }));
    const data = await loadDataSet({ name: text.name, sha256: text.sha256 }, nowhere);
    expect(data.bytes).toBe(bytes.length);
    const splits = (['train', 'validation', 'test'] as const).map((split) => data.documents(split));
    expect(new Set(splits.flat()).size).toBe(text.count);
    expect(splits.flat()).toHaveLength(text.count);
    expect(splits[0]!.length / text.count).toBeCloseTo(0.8, 1);
    expect(splits[1]!.length / text.count).toBeCloseTo(0.1, 1);
  });

  test.each(Object.entries(answers))('%s has right answers', (name, answerOf) => {
    const documents = documentsOf(name);
    expect(documents.length).toBeGreaterThan(1000);
    for (const document of documents) {
      const at = document.lastIndexOf('=');
      expect(document.slice(at + 1), document).toBe(answerOf(document.slice(0, at)));
    }
  });

  test('of another seed is another sample', () => {
    const one = new Set(documentsOf('generated-stories', 1));
    const other = documentsOf('generated-stories', 2);
    expect(documentsOf('generated-stories', 2)).toEqual(other);
    expect(other.filter((story) => one.has(story)).length).toBeLessThan(other.length / 10);
  });

  test('of stories finds things where they were left', () => {
    for (const story of documentsOf('generated-stories')) {
      const [, thing, place] = /took the (\w+ \w+) to the (\w+) and left/.exec(story)!;
      expect(story).toContain(`"It is in the ${place},"`);
      expect(story).toContain(`ran to the ${place}, and there was the ${thing}.`);
      expect(story).not.toContain(`It was not in the ${place}.`);
    }
  });

  test('asked for under another hash is refused', async () => {
    await expect(loadDataSet({ name: 'generated-copy', sha256: '0'.repeat(64) }, nowhere)).rejects.toMatchObject({
      code: 'hash-mismatch',
    });
  });
});
