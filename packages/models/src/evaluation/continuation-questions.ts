import { RandomStream } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { RANDOM_STREAMS } from '../random-streams.ts';
import type { MultipleChoiceQuestion } from './multiple-choice.ts';

export interface ContinuationPlan {
  readonly questions: number;
  /** Choices of each question, the right one among them. */
  readonly choices: number;
  readonly contextWords: number;
  readonly choiceWords: number;
  readonly seed: number;
}

/**
 * A probe task from any text: which words go on from a document's first `contextWords`? The wrong choices are as many words from the same
 * place of other documents, so that place and length tell nothing. One question a document, in the documents' order. Throws `too-few-items`
 * with how many documents are long enough.
 */
export function continuationQuestions(
  documents: readonly string[],
  { questions, choices, contextWords, choiceWords, seed }: ContinuationPlan,
): readonly MultipleChoiceQuestion[] {
  const cut = documents.flatMap((document) => {
    // A word with the space before it: context and continuation together are the document's own text.
    const words = document.match(/\s*\S+/g) ?? [];
    if (words.length < contextWords + choiceWords) return [];
    const context = words.slice(0, contextWords).join('').trimStart();
    return [{ context, next: words.slice(contextWords, contextWords + choiceWords).join('') }];
  });
  if (cut.length < Math.max(questions, choices)) {
    throw new ModelError(
      'too-few-items',
      `${questions} questions of ${choices} choices were asked for; ${cut.length} documents have ${contextWords + choiceWords} words`,
    );
  }
  const stream = new RandomStream(seed, RANDOM_STREAMS.evaluationSubset);
  return cut.slice(0, questions).map(({ context, next }) => {
    const wrong: string[] = [];
    // Documents may go on alike (a common phrase): such a one is no wrong choice, so every other one is looked at once at most.
    const others = cut.map(({ next: other }) => other).filter((other) => other !== next);
    while (wrong.length < choices - 1 && others.length > 0) {
      const [drawn] = others.splice(stream.nextBelow(others.length), 1);
      if (!wrong.includes(drawn!)) wrong.push(drawn!);
    }
    if (wrong.length < choices - 1) {
      throw new ModelError('too-few-items', `the documents go on in fewer than ${choices} ways: no ${choices} choices`);
    }
    const answer = stream.nextBelow(choices);
    return { context, choices: [...wrong.slice(0, answer), next, ...wrong.slice(answer)], answer };
  });
}
