import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { bytePairTokenizer } from '../tokenizers/byte-pair.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { continuationQuestions } from './continuation-questions.ts';
import { answerQuestions, parseQuestions } from './multiple-choice.ts';

const size = { layers: 2, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 40 } as const;
const config = {
  ...decoderConfig({ style: 'llama', ...size }, 258),
  tiedEmbeddings: false,
  initialisation: { standardDeviation: 0.3, scaledResidual: false },
};

let backend: Backend;
let decoder: Decoder;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
  decoder = Decoder.initialise(backend, config, 3);
});
afterEach(() => {
  decoder.dispose();
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

/** ln P(text), token by token. */
async function logProbability(tokenizer: Tokenizer, text: string): Promise<number> {
  const tokens = tokenizer.encode(text);
  const ids = Int32Array.of(tokenizer.beginToken, ...tokens.subarray(0, -1));
  using logits = scope(() => decoder.logits(Tensor.from(backend, ids, [1, ids.length])));
  const values = await logits.readFloats();
  const classes = decoder.config.vocabularySize;
  return tokens.reduce((sum, token, at) => {
    const row = values.subarray(at * classes, (at + 1) * classes);
    return sum + row[token]! - Math.log(row.reduce((total, value) => total + Math.exp(value), 0));
  }, 0);
}

describe('a question', () => {
  // Token 257 is 'nd': it spans context and choice where the context ends in n.
  const tokenizers = [byteTokenizer(), bytePairTokenizer([[110, 100]])];

  test.each(tokenizers)('scores choices by what the whole text gets more ($kind)', async (tokenizer) => {
    const context = 'sun an';
    const choices = ['d rain', ' hour', ' end'];
    const questions = [{ context, choices, answer: 1 }];
    const { choiceNats } = await answerQuestions(decoder, tokenizer, questions);
    const whole = [];
    for (const choice of choices) whole.push(-(await logProbability(tokenizer, context + choice)));
    for (const [choice, nats] of choiceNats[0]!.entries()) {
      expect(nats - choiceNats[0]![0]!).toBeCloseTo(whole[choice]! - whole[0]!, 4);
    }
    // Where every choice begins with a token of its own, it is P(choice | context) itself.
    const apart = await answerQuestions(decoder, tokenizer, [{ context: 'sun', choices: [' a', ' b'], answer: 0 }]);
    const given = await logProbability(tokenizer, 'sun');
    const b = await logProbability(tokenizer, 'sun b');
    expect(apart.choiceNats[0]![1]).toBeCloseTo(given - b, 4);
  });

  test('is answered by nats, by nats a byte, or by nats a token', async () => {
    const tokenizer = bytePairTokenizer([[110, 100]]);
    const questions = Array.from({ length: 24 }, (_, index) => ({
      context: `${'abc'.repeat(index % 4)}-${index}`,
      choices: [' ndndnd', ' x', ' yyyy'],
      answer: index % 3,
    }));
    const result = await answerQuestions(decoder, tokenizer, questions, { batchSize: 5 });
    const lengths = { none: [1, 1, 1], byte: [7, 2, 5], token: [4, 2, 5] };
    for (const how of ['none', 'byte', 'token'] as const) {
      const want = questions.map(({ answer }, index) => {
        const scores = result.choiceNats[index]!.map((nats, choice) => nats / lengths[how][choice]!);
        return scores.indexOf(Math.min(...scores)) === answer;
      });
      expect(result.correct[how]).toEqual(want);
      const share = want.filter(Boolean).length / 24;
      expect(result.accuracy[how]).toBe(share);
      expect(result.accuracyError[how]).toBeCloseTo(Math.sqrt((share * (1 - share)) / 23), 12);
    }
    expect(result.chance).toBeCloseTo(1 / 3, 12);
    // Long choices lose by their sum and not by their mean: the ways to count differ here.
    expect(result.correct.none).not.toEqual(result.correct.byte);
  });

  test.each([
    ['has no choices', [], 'no questions'],
    ['is too long', [{ context: 'x'.repeat(40), choices: ['a', 'b'], answer: 0 }], 'choice 1 are 41 tokens'],
  ])('that %s is refused', async (_, questions, message) => {
    await expect(answerQuestions(decoder, byteTokenizer(), questions)).rejects.toMatchObject({
      code: 'invalid-question',
      message: expect.stringContaining(message),
    });
  });

  test('is read from JSON lines, and what is none is named by its line', () => {
    const line = '{"context": "a", "choices": ["b", "c"], "answer": 1}';
    expect(parseQuestions(`${line}\n\n${line}\n`, 'file')).toHaveLength(2);
    expect(() => parseQuestions(`${line}\n{"context": "a"`, 'file')).toThrow('file, line 2: one JSON object');
    expect(() => parseQuestions(line.replace('1}', '2}'), 'file')).toThrow('answer must be the index of a choice');
    expect(() => parseQuestions(line.replace(', "c"', ''), 'file')).toThrow('choices');
  });
});

describe('continuation questions', () => {
  const documents = Array.from({ length: 12 }, (_, index) => `One two  three${index}\nfour five${index} six.`);
  const plan = { questions: 10, choices: 3, contextWords: 3, choiceWords: 2, seed: 1 };

  test('go on with the document’s own words, or with those of others', () => {
    const questions = continuationQuestions(documents, plan);
    expect(questions).toEqual(continuationQuestions(documents, plan));
    expect(questions).not.toEqual(continuationQuestions(documents, { ...plan, seed: 2 }));
    for (const [index, { context, choices, answer }] of questions.entries()) {
      expect(documents[index]).toBe(`${context}${choices[answer]} six.`);
      expect(new Set(choices).size).toBe(3);
    }
    expect(new Set(questions.map(({ answer }) => answer)).size).toBe(3);
  });

  test('need documents that are long enough and go on differently', () => {
    expect(() => continuationQuestions(documents, { ...plan, choiceWords: 4 })).toThrow('0 documents have 7 words');
    expect(() => continuationQuestions(documents, { ...plan, contextWords: 2, choiceWords: 1 })).not.toThrow();
    const alike = documents.map(() => 'One two three four five');
    expect(() => continuationQuestions(alike, plan)).toThrow('fewer than 3 ways');
  });
});
