import { type EvaluationResult, evaluate, evaluationItems, itemsOfWhole } from '@claimbench/models';
import { Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { addModelOptions, integerFrom, type ModelOptions, withModel } from '../model-options.ts';
import { withUncertainty } from '../numbers.ts';
import { parseSegmentation, readSegments, SEGMENTATIONS, type Segmentation } from '../text-segments.ts';

interface EvalOptions extends ModelOptions {
  readonly text: string;
  readonly segments: Segmentation;
  readonly join: 'apart' | 'joined';
  readonly cut: boolean;
  readonly window?: number;
  readonly limit?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Longer windows cost attention that grows with their square; who wants one asks for it. */
const LONGEST_DEFAULT_WINDOW = 2048;

export function evalCommand(context: CommandContext): Command {
  const command = new Command('eval').description(
    'Scores a text: nats for each token and each byte, with standard errors.',
  );
  return addModelOptions(command)
    .requiredOption('--text <file>', 'the text, UTF-8')
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
    .option('--json', 'one JSON object instead of a table', false)
    .option('-q, --quiet', 'no progress on standard error', false)
    .addHelpText(
      'after',
      `
The first token of a segment is predicted from the begin token; the first of a further window from the token before it.
The standard error takes windows as independent of each other. nats/byte does not depend on the tokenizer and can be
compared between models; perplexity is exp(nats/token).

Examples:
  claimbench eval --checkpoint models/gpt2 --text wiki.valid.raw
  claimbench eval -c stories260K.bin -t tok512.bin --text stories.txt --segments stories --cut --limit 400`,
    )
    .action(async (options: EvalOptions) => {
      await runEval(options, context);
    });
}

async function runEval(options: EvalOptions, { out, note, signal }: CommandContext): Promise<void> {
  const segments = await readSegments(options.text, options.segments, options.limit);
  await withModel(options, async ({ decoder, tokenizer, format }) => {
    const window = options.window ?? Math.min(decoder.config.contextLength, LONGEST_DEFAULT_WINDOW);
    const items = options.cut
      ? evaluationItems(segments, tokenizer, { items: segments.length, windowTokens: window })
      : itemsOfWhole(segments, tokenizer, window, options.join);
    const showProgress = !options.quiet && !options.json;
    const started = performance.now();
    const result = await evaluate(decoder, items, {
      signal,
      ...(showProgress ? { onProgress: (done) => note(`\r${done} of ${items.length} windows`) } : {}),
    });
    const seconds = (performance.now() - started) / 1000;
    if (showProgress) note('\r\x1b[K');
    const { itemNats, itemNatsPerByte, ...summary } = result;
    const report = {
      checkpoint: options.checkpoint,
      format,
      tokenizer: tokenizer.kind,
      parameters: decoder.parameterCount,
      text: options.text,
      segments: segments.length,
      windows: items.length,
      windowTokens: window,
      ...summary,
      perplexity: Math.exp(result.natsPerToken),
      tokensPerSecond: result.tokens / seconds,
    };
    out(options.json ? `${JSON.stringify(report, nullWhereNotFinite)}\n` : tableOf(report, result));
  });
}

/** JSON has no NaN: a standard error of one window is null. */
function nullWhereNotFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

interface Report {
  readonly checkpoint: string;
  readonly format: string;
  readonly tokenizer: string;
  readonly parameters: number;
  readonly segments: number;
  readonly windows: number;
  readonly windowTokens: number;
  readonly tokensPerSecond: number;
}

function tableOf(report: Report, result: EvaluationResult): string {
  const count = (value: number) => value.toLocaleString('en');
  const rows: readonly (readonly [string, string])[] = [
    ['model', `${report.checkpoint} (${report.format}, ${count(report.parameters)} parameters)`],
    [
      'text',
      `${count(report.segments)} segments, ${count(report.windows)} windows of up to ${report.windowTokens} tokens`,
    ],
    ['scored', `${count(result.tokens)} tokens (${report.tokenizer}), ${count(result.bytes)} bytes`],
    ['nats/token', withUncertainty(result.natsPerToken, result.natsPerTokenError)],
    ['nats/byte', withUncertainty(result.natsPerByte, result.natsPerByteError)],
    ['perplexity', Math.exp(result.natsPerToken).toPrecision(5)],
    ['top-1 accuracy', result.top1Accuracy.toFixed(4)],
    ['speed', `${count(Math.round(report.tokensPerSecond))} tokens/s`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}
