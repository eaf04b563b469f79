import { beamSearch, generate, type SamplingOptions } from '@claimbench/models';
import { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import {
  addModelOptions,
  cacheOf,
  integerFrom,
  type ModelOptions,
  numberBetween,
  withModel,
} from '../model-options.ts';

interface GenerateOptions extends ModelOptions {
  readonly prompt: string;
  readonly steps?: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed: number;
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly cacheWindow?: number;
  readonly cacheBits?: number;
  readonly stop: boolean;
  readonly json: boolean;
}

export function generateCommand(context: CommandContext): Command {
  const command = new Command('generate').description('Continues a prompt; the text appears as it is written.');
  return addModelOptions(command)
    .option('-p, --prompt <text>', 'what to continue (default: nothing but the begin token)', '')
    .option('-n, --steps <count>', 'most tokens (default: what the context has room for)', integerFrom(1))
    .option('--temperature <number>', '0 takes the most likely token', numberBetween(0, Number.POSITIVE_INFINITY), 0)
    .option('--top-k <count>', 'only the k most likely tokens', integerFrom(1))
    .option('--top-p <share>', 'only the most likely tokens that reach this probability together', numberBetween(0, 1))
    .option('--min-p <share>', 'only tokens at least so likely, compared with the most likely one', numberBetween(0, 1))
    .option('--seed <number>', 'of the draws: the same seed writes the same text', integerFrom(0), 0)
    .option('--beams <count>', 'beam search: follows so many texts and writes the best one at its end', integerFrom(1))
    .option(
      '--length-penalty <power>',
      'of beam search: ln P(text) is divided by its length to this power (default: 1)',
      numberBetween(0, Number.POSITIVE_INFINITY),
    )
    .option('--cache-window <tokens>', 'attend to the last tokens only, and keep no others', integerFrom(1))
    .option('--cache-bits <bits>', 'keys and values as integers of 2, 4 or 8 bits', integerFrom(2))
    .option('--no-stop', 'write on after the begin or end token')
    .option('--json', 'one JSON object with text and tokens at the end, nothing before', false)
    .addHelpText(
      'after',
      `
Examples:
  claimbench generate -c stories260K.bin -t tok512.bin -n 200
  claimbench generate -c stories260K.bin -t tok512.bin -p "One day" -n 20 --beams 4
  claimbench generate -c models/gpt2 -p "The meaning of" --temperature 0.8 --top-p 0.95 --seed 1`,
    )
    .action(async (options: GenerateOptions, invoked: Command) => {
      if (options.beams !== undefined && options.temperature !== 0) {
        invoked.error('error: --beams looks for the most likely text: it does not go with --temperature');
      }
      await (options.beams === undefined ? runGenerate : runBeams)(options, context);
    });
}

async function runGenerate(options: GenerateOptions, { out, signal }: CommandContext): Promise<void> {
  await withModel(options, async ({ decoder, tokenizer }) => {
    const prompt = Int32Array.of(tokenizer.beginToken, ...tokenizer.encode(options.prompt));
    const room = decoder.config.contextLength + 1 - prompt.length;
    const steps = options.steps ?? Math.max(room, 0);
    const writer = options.json ? undefined : new TextWriter(out);
    // What the tokenizer puts before a text is no part of it.
    const leading = options.prompt === '' ? tokenizer.prefixBytes : 0;
    writer?.begin(options.prompt, leading);
    const started = performance.now();
    const [tokens] = await generate(decoder, [prompt], {
      steps,
      sampling: samplingOf(options),
      seed: options.seed,
      signal,
      ...(options.stop ? { stopToken: tokenizer.beginToken } : {}),
      ...cacheOf(options),
      onToken: (token) => writer?.write(tokenizer.bytesOf(token)),
    });
    const seconds = (performance.now() - started) / 1000;
    writer?.end();
    if (!options.json) return;
    const text = tokenizer.decode([...prompt, ...tokens!]);
    out(`${JSON.stringify({ text, tokens: [...tokens!], tokensPerSecond: tokens!.length / seconds })}\n`);
  });
}

async function runBeams(options: GenerateOptions, { out, signal }: CommandContext): Promise<void> {
  const { beams = 1, lengthPenalty } = options;
  await withModel(options, async ({ decoder, tokenizer }) => {
    const prompt = Int32Array.of(tokenizer.beginToken, ...tokenizer.encode(options.prompt));
    const room = decoder.config.contextLength + 1 - prompt.length;
    const found = await beamSearch(decoder, prompt, {
      steps: options.steps ?? Math.max(room, 0),
      beams,
      signal,
      ...(lengthPenalty === undefined ? {} : { lengthPenalty }),
      ...(options.stop ? { stopToken: tokenizer.beginToken } : {}),
      ...cacheOf(options),
    });
    const texts = found.map(({ tokens, logProbability, score }) => ({
      text: tokenizer.decode([...prompt, ...tokens]),
      tokens: [...tokens],
      logProbability,
      score,
    }));
    out(options.json ? `${JSON.stringify({ texts })}\n` : `${texts[0]!.text}\n`);
  });
}

function samplingOf({ temperature, topK, topP, minP }: GenerateOptions): SamplingOptions {
  return {
    temperature,
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    ...(minP === undefined ? {} : { minP }),
  };
}

/** Writes bytes as text as soon as a character is whole. */
class TextWriter {
  readonly #out: (text: string) => void;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #leading = 0;

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  /** `leading`: so many bytes of space at the start of what follows are not written. */
  begin(prompt: string, leading: number): void {
    this.#out(prompt);
    this.#leading = leading;
  }

  write(bytes: Uint8Array): void {
    const skipped = bytes[0] === 0x20 ? Math.min(this.#leading, bytes.length) : 0;
    if (bytes.length > 0) this.#leading = 0;
    this.#out(this.#decoder.decode(bytes.subarray(skipped), { stream: true }));
  }

  end(): void {
    this.#out(`${this.#decoder.decode()}\n`);
  }
}
