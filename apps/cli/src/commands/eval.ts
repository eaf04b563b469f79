import {
  type Agreement,
  answerQuestions,
  compareWithReference,
  continuationQuestions,
  type Decoder,
  type EvaluationItem,
  type EvaluationOptions,
  type EvaluationResult,
  evaluate,
  evaluationItems,
  itemsOfWhole,
  type MultipleChoiceQuestion,
  parseQuestions,
} from '@claimbench/models';
import type { OpenedModel } from '@claimbench/models/node';
import { Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { jsonOfReport, type Report, type TextReport, tableOfReport } from '../evaluation-report.ts';
import { addModelOptions, cacheOf, integerFrom, type ModelOptions, withModel } from '../model-options.ts';
import { parseSegmentation, readSegments, readText, SEGMENTATIONS, type Segmentation } from '../text-segments.ts';

interface EvalOptions extends ModelOptions {
  readonly text?: string;
  readonly segments: Segmentation;
  readonly join: 'apart' | 'joined';
  readonly cut: boolean;
  readonly window?: number;
  readonly limit?: number;
  readonly cacheBits?: number;
  readonly cacheWindow?: number;
  readonly reference?: string;
  readonly questions?: string;
  readonly continuations?: number;
  readonly json: boolean;
  readonly items: boolean;
  readonly quiet: boolean;
}

/** Longer windows cost attention that grows with their square; who wants one asks for it. */
const LONGEST_DEFAULT_WINDOW = 2048;
/** Of `--continuations`; the help says the same. */
const CONTINUATIONS = { choices: 4, contextWords: 24, choiceWords: 8, seed: 0 } as const;

export function evalCommand(context: CommandContext): Command {
  const command = new Command('eval').description(
    'Scores a text (nats for each token and byte), compares with a reference model, answers multiple-choice questions.',
  );
  return addModelOptions(command)
    .option('--text <file>', 'the text, UTF-8')
    .addOption(
      new Option('--segments <how>', `where texts begin anew: ${SEGMENTATIONS}`)
        .argParser(parseSegmentation)
        .default({ kind: 'whole' } satisfies Segmentation, 'whole'),
    )
    .addOption(
      new Option('--join <how>', 'apart: each segment is scored alone; joined: as one stream with begin tokens between')
        .choices(['apart', 'joined'])
        .default('apart'),
    )
    .option(
      '--window <tokens>',
      `most tokens in one pass; longer segments are cut (default: the model's context, at most ${LONGEST_DEFAULT_WINDOW})`,
      integerFrom(1),
    )
    .option('--cut', 'scores the first window of each segment only, as figures of models with short contexts do', false)
    .option('--limit <count>', 'only the first segments', integerFrom(1))
    .option('--cache-bits <bits>', 'attends through keys and values of 2, 4 or 8 bits', integerFrom(2))
    .option('--cache-window <tokens>', 'attends to the last tokens only', integerFrom(1))
    .option('--reference <path>', 'another checkpoint of the same vocabulary: agreement, divergence, paired difference')
    .option('--questions <file>', 'multiple choice, a JSON object a line: {"context", "choices": [...], "answer": 0}')
    .option('--continuations <count>', 'multiple choice made from the segments of the text', integerFrom(2))
    .option('--json', 'one JSON object instead of a table', false)
    .option('--items', 'with --json: also the values of every window and question, for paired statistics', false)
    .option('-q, --quiet', 'no progress on standard error', false)
    .addHelpText(
      'after',
      `
The first token of a segment is predicted from the begin token; the first of a further window from the token before it.
Standard errors take windows (questions) as independent of each other. nats/byte does not depend on the tokenizer and can be
compared between models; perplexity is exp(nats/token). Top-1 agreement is the share of tokens where both models find the same
token most likely, KL is sum p_reference ln(p_reference / p), both over the tokens of the text.

A question is answered by the choice of the largest ln P(choice | context): as it is, a UTF-8 byte, or a token of the choice.
--continuations asks which ${CONTINUATIONS.choiceWords} of ${CONTINUATIONS.choices} times ${CONTINUATIONS.choiceWords} words follow a segment's first ${CONTINUATIONS.contextWords}; the wrong ones are other segments'.

Examples:
  claimbench eval --checkpoint models/gpt2 --text wiki.valid.raw
  claimbench eval -c stories260K.bin -t tok512.bin --text stories.txt --segments stories --cut --limit 400
  claimbench eval -c stories260K-q8.bin -t tok512.bin --reference stories260K.bin --text stories.txt --segments stories`,
    )
    .action(async (options: EvalOptions, invoked: Command) => {
      const problem = problemOf(options);
      if (problem !== undefined) invoked.error(`error: ${problem}`);
      await runEval(options, context);
    });
}

function problemOf({ text, reference, questions, continuations, items, json }: EvalOptions): string | undefined {
  if (text === undefined && questions === undefined) return 'nothing to score: --text or --questions is needed';
  if (text === undefined && reference !== undefined) return '--reference compares on a text: --text is needed';
  if (text === undefined && continuations !== undefined)
    return '--continuations are made from a text: --text is needed';
  return items && !json ? '--items is a part of --json' : undefined;
}

async function runEval(options: EvalOptions, { out, note, signal }: CommandContext): Promise<void> {
  const { text } = options;
  const segments = text === undefined ? [] : await readSegments(text, options.segments, options.limit);
  const questions = await questionsOf(options, segments);
  const showProgress = !options.quiet && !options.json;
  const progress = (what: string, count: number): EvaluationOptions => ({
    signal,
    ...cacheOf(options),
    ...(showProgress ? { onProgress: (done) => note(`\r\x1b[K${done} of ${count} ${what}`) } : {}),
  });
  await withModel(options, async (model, reference) => {
    const scored =
      text === undefined ? undefined : await scoreText(model, reference, text, segments, options, progress);
    const choices = questions.reduce((sum, question) => sum + question.choices.length, 0);
    const answered =
      questions.length === 0
        ? undefined
        : await answerQuestions(model.decoder, model.tokenizer, questions, progress('choices', choices));
    if (showProgress) note('\r\x1b[K');
    const report: Report = {
      checkpoint: options.checkpoint,
      format: model.format,
      tokenizer: model.tokenizer.kind,
      parameters: model.decoder.parameterCount,
      text: scored,
      reference: options.reference,
      questions: answered,
    };
    out(options.json ? jsonOfReport(report, options.items) : tableOfReport(report));
  });
}

async function scoreText(
  { decoder, tokenizer }: OpenedModel,
  reference: Decoder | undefined,
  text: string,
  segments: readonly string[],
  options: EvalOptions,
  progress: (what: string, count: number) => EvaluationOptions,
): Promise<TextReport> {
  const contexts = [decoder, ...(reference === undefined ? [] : [reference])].map(({ config }) => config.contextLength);
  const window = options.window ?? Math.min(...contexts, LONGEST_DEFAULT_WINDOW);
  const items: readonly EvaluationItem[] = options.cut
    ? evaluationItems(segments, tokenizer, { items: segments.length, windowTokens: window })
    : itemsOfWhole(segments, tokenizer, window, options.join);
  const started = performance.now();
  const result: EvaluationResult = await evaluate(decoder, items, progress('windows', items.length));
  const seconds = (performance.now() - started) / 1000;
  const agreement: Agreement | undefined =
    reference && (await compareWithReference(decoder, reference, items, progress('windows compared', items.length)));
  return {
    text,
    segments: segments.length,
    windows: items.length,
    windowTokens: window,
    result,
    tokensPerSecond: result.tokens / seconds,
    agreement,
  };
}

/** Questions from the file, then those made from the text. */
async function questionsOf(
  { questions, continuations }: EvalOptions,
  segments: readonly string[],
): Promise<readonly MultipleChoiceQuestion[]> {
  const read = questions === undefined ? [] : parseQuestions(await readText(questions), questions);
  if (continuations === undefined) return read;
  return [...read, ...continuationQuestions(segments, { ...CONTINUATIONS, questions: continuations })];
}
