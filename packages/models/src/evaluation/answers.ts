import { argmax } from '../argmax.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { IGNORED } from '../ignored.ts';
import { ModelError } from '../model-error.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { EvaluationItem } from './items.ts';
import { type EvaluationOptions, inPasses, passLogits, Scratch } from './passes.ts';

/** What stands before an answer in a document of a task; the last one counts. */
const ANSWER_MARK = '=';

export interface AnswerResult {
  readonly questions: number;
  /** Share of answers that are right to the last token, and its standard error over the questions. */
  readonly accuracy: number;
  readonly accuracyError: number;
  /** Of each document; for paired statistics. */
  readonly correct: readonly boolean[];
}

/**
 * How often a model that writes greedily behind the last `=` of a document writes the document's own end and stops there. Every token of
 * the answer and the begin token of the next document must have the largest logit (the lowest token of equals), which is the same as
 * writing them one after the other. Where a token spans the mark, it counts as one of the answer. Throws `invalid-question`.
 */
export async function answerExactly(
  decoder: Decoder,
  tokenizer: Tokenizer,
  documents: readonly string[],
  options: EvaluationOptions = {},
): Promise<AnswerResult> {
  if (documents.length === 0) throw new ModelError('invalid-question', 'there are no questions to answer');
  const { contextLength } = decoder.config;
  const items = documents.map((document) => itemOf(document, tokenizer, contextLength));
  const correct = new Array<boolean>(items.length).fill(true);
  const scratch = new Scratch();
  await inPasses(items, contextLength, options, async (pass) => {
    using logits = passLogits(decoder, pass, options.cache);
    const values = await scratch.read(logits);
    const classes = values.length / pass.targets.length;
    pass.targets.forEach((target, at) => {
      if (target === IGNORED || argmax(values, at * classes, classes) === target) return;
      correct[pass.members[Math.floor(at / pass.time)]!] = false;
    });
  });
  const questions = items.length;
  const accuracy = correct.filter(Boolean).length / questions;
  return { questions, accuracy, accuracyError: Math.sqrt((accuracy * (1 - accuracy)) / (questions - 1)), correct };
}

function itemOf(document: string, tokenizer: Tokenizer, contextLength: number): EvaluationItem {
  const shown = document.length > 60 ? `${document.slice(0, 60)}…` : document;
  const mark = document.lastIndexOf(ANSWER_MARK);
  if (mark === -1 || mark === document.length - 1) {
    throw new ModelError('invalid-question', `no answer behind a last ${ANSWER_MARK} in "${shown}"`);
  }
  const whole = tokenizer.encode(document);
  const question = tokenizer.encode(document.slice(0, mark + 1));
  const tokens = Int32Array.from([...whole, tokenizer.beginToken]);
  if (tokens.length > contextLength) {
    throw new ModelError(
      'invalid-question',
      `"${shown}" and its end are ${tokens.length} tokens, the model reads ${contextLength}`,
    );
  }
  let given = 0;
  while (given < question.length && given < whole.length && question[given] === whole[given]) given += 1;
  const bytes = new TextEncoder().encode(document.slice(mark + 1)).length;
  return { context: tokenizer.beginToken, tokens, given, bytes };
}
