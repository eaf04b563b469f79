import { z } from 'zod';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { evaluate } from './evaluate.ts';
import type { EvaluationItem } from './items.ts';
import type { EvaluationOptions } from './passes.ts';

/** A probe: which of the choices goes on from the context? A choice carries the space that it begins with. */
export const MultipleChoiceQuestion = z
  .object({
    context: z.string(),
    choices: z.array(z.string().min(1)).min(2),
    /** Index of the right choice. */
    answer: z.number().int().min(0),
  })
  .refine(({ choices, answer }) => answer < choices.length, 'answer must be the index of a choice');
export type MultipleChoiceQuestion = z.infer<typeof MultipleChoiceQuestion>;

/**
 * What a choice's log-likelihood is divided by before choices are compared: nothing, its UTF-8 bytes (independent of the tokenizer), or
 * its scored tokens.
 */
export const LENGTH_NORMALISATIONS = ['none', 'byte', 'token'] as const;
export type LengthNormalisation = (typeof LENGTH_NORMALISATIONS)[number];

export interface MultipleChoiceResult {
  readonly questions: number;
  /** Expected share of right answers of one who guesses. */
  readonly chance: number;
  /** Share of right answers, and its standard error over the questions. */
  readonly accuracy: Readonly<Record<LengthNormalisation, number>>;
  readonly accuracyError: Readonly<Record<LengthNormalisation, number>>;
  /** Whether each question was answered rightly; for paired statistics. */
  readonly correct: Readonly<Record<LengthNormalisation, readonly boolean[]>>;
  /** Nats of each choice of each question behind its context. */
  readonly choiceNats: readonly (readonly number[])[];
}

/**
 * Answers questions by likelihood: the choice with the largest `ln P(choice | context) / length` wins, the first of equals. Context and
 * choice are encoded as one text; what all choices' tokens and the context's own begin with alike is given, the rest is scored, so that
 * choices differ by exactly `ln P(context choice)` even where a token spans both. Throws `invalid-question`, naming the question.
 */
export async function answerQuestions(
  decoder: Decoder,
  tokenizer: Tokenizer,
  questions: readonly MultipleChoiceQuestion[],
  options: EvaluationOptions = {},
): Promise<MultipleChoiceResult> {
  if (questions.length === 0) throw new ModelError('invalid-question', 'there are no questions to answer');
  const rows = questions.map((question, index) => rowsOf(question, index, tokenizer, decoder.config.contextLength));
  const { itemNats } = await evaluate(decoder, rows.flat(), options);
  let next = 0;
  const choiceNats = rows.map((choices) => choices.map(() => itemNats[next++]!));
  const right = (normalisation: LengthNormalisation) =>
    questions.map(({ answer }, question) => {
      const scores = rows[question]!.map(
        (row, choice) => -choiceNats[question]![choice]! / lengthOf(row, normalisation),
      );
      return scores.indexOf(Math.max(...scores)) === answer;
    });
  const correct = byNormalisation(right);
  const count = questions.length;
  const accuracy = byNormalisation((how) => correct[how].filter(Boolean).length / count);
  return {
    questions: count,
    chance: questions.reduce((sum, { choices }) => sum + 1 / choices.length, 0) / count,
    accuracy,
    accuracyError: byNormalisation((how) => Math.sqrt((accuracy[how] * (1 - accuracy[how])) / (count - 1))),
    correct,
    choiceNats,
  };
}

/** Questions from JSON lines: `{"context": "…", "choices": ["…", "…"], "answer": 0}`. Throws `invalid-question` with the line's number. */
export function parseQuestions(text: string, what: string): readonly MultipleChoiceQuestion[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const refuse = (reason: string, cause?: unknown) =>
      new ModelError('invalid-question', `${what}, line ${index + 1}: ${reason}`, { cause });
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (cause) {
      throw refuse('one JSON object a line expected', cause);
    }
    const parsed = MultipleChoiceQuestion.safeParse(json);
    if (!parsed.success) throw refuse(z.prettifyError(parsed.error));
    return [parsed.data];
  });
}

function rowsOf(
  { context, choices }: MultipleChoiceQuestion,
  index: number,
  tokenizer: Tokenizer,
  contextLength: number,
): readonly EvaluationItem[] {
  const texts = choices.map((choice) => tokenizer.encode(context + choice));
  const given = commonPrefix([tokenizer.encode(context), ...texts]);
  return texts.map((tokens, choice) => {
    if (tokens.length > contextLength) {
      throw new ModelError(
        'invalid-question',
        `question ${index + 1}: context and choice ${choice + 1} are ${tokens.length} tokens, the model reads ${contextLength}`,
      );
    }
    if (tokens.length === given) {
      throw new ModelError('invalid-question', `question ${index + 1}: choice ${choice + 1} has no token of its own`);
    }
    return { context: tokenizer.beginToken, tokens, given, bytes: new TextEncoder().encode(choices[choice]).length };
  });
}

/** How many tokens all of them begin with alike. */
function commonPrefix(all: readonly Int32Array[]): number {
  const [first, ...others] = all;
  let length = 0;
  while (length < first!.length && others.every((other) => other[length] === first![length])) length += 1;
  return length;
}

function lengthOf({ tokens, given = 0, bytes }: EvaluationItem, normalisation: LengthNormalisation): number {
  if (normalisation === 'byte') return bytes;
  return normalisation === 'token' ? tokens.length - given : 1;
}

function byNormalisation<Value>(make: (how: LengthNormalisation) => Value): Record<LengthNormalisation, Value> {
  return { none: make('none'), byte: make('byte'), token: make('token') };
}
