import { writeFile } from 'node:fs/promises';
import { Scale } from '@claimbench/contracts';
import { Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { integerFrom } from '../model-options.ts';
import { ApiClient } from '../platform/api-client.ts';
import { apiUrl } from '../platform/api-url.ts';
import { readRecords, writeRecords } from '../platform/records.ts';
import { type Entry, readEntries, reproduce } from '../platform/reproduction.ts';
import { claimedValue, decisivePart, effectOf, resultsPage, totalsOf } from '../platform/results-page.ts';

interface ReproduceOptions {
  readonly scale: Scale;
  readonly claim?: readonly string[];
  readonly parallel: number;
  readonly api: string;
  readonly markdown?: string;
  readonly records?: string;
  readonly json: boolean;
  readonly dryRun: boolean;
}

export function reproduceCommand(context: CommandContext): Command {
  return new Command('reproduce')
    .description('Brings every claim that has a protocol to its verdict, on a running Claimbench.')
    .addOption(new Option('--scale <scale>', 'which protocols').choices(Scale.options).default('quick'))
    .option('--claim <ids...>', 'only these claims, for example 270.0')
    .option('--parallel <count>', 'experiments at once', integerFrom(1), 2)
    .option('--api <url>', 'API of the platform (default: CLAIMBENCH_API_URL, or the port of npm start)', apiUrl())
    .option('--markdown <file>', 'writes the table and the doubts to this file')
    .option('--records <file>', 'keeps verdicts in this file; those in it, of any machine, are not brought about again')
    .option('--json', 'one JSON object instead of a table', false)
    .option('--dry-run', 'registers nothing; shows what has its verdict', false)
    .addHelpText(
      'after',
      `
What has its verdict is left alone, what runs is waited for: after a kill, the same command goes on where it was.
Verdicts come from the platform's rule alone.

Examples:
  claimbench reproduce --scale quick --records docs/results.json --markdown docs/results.md
  claimbench reproduce --claim 229.4 270.0`,
    )
    .action(async (options: ReproduceOptions) => {
      await runReproduce(options, context);
    });
}

async function runReproduce(options: ReproduceOptions, { out, note, signal }: CommandContext): Promise<void> {
  const api = new ApiClient(options.api, signal);
  const { scale, records, markdown } = options;
  const kept = records ? await readRecords(records) : [];
  const selection = { scale, claims: options.claim ?? null, kept };
  // Experiments end side by side: one writes after the other.
  let written: Promise<void> = Promise.resolve();
  const keep = (table: readonly Entry[]) => {
    if (records) written = written.then(() => writeRecords(records, table, kept));
    return written;
  };
  const entries = options.dryRun
    ? await readEntries(api, selection)
    : await reproduce(api, {
        ...selection,
        parallel: options.parallel,
        signal,
        onProgress: (line) => note(`${line}\n`),
        onEntries: keep,
      });
  await keep(entries);
  if (markdown) await writeFile(markdown, resultsPage(entries, { scale }));
  out(options.json ? `${JSON.stringify({ totals: totalsOf(entries), entries })}\n` : tableOf(entries));
}

function tableOf(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => {
    const { protocol, record, failure } = entry;
    const part = record ? decisivePart(record.verdict) : null;
    return [
      protocol.id,
      claimedValue(entry),
      part ? effectOf(part) : '–',
      record ? `n = ${record.verdict.n}` : '–',
      record ? `${record.verdict.verdict} (${record.verdict.reason})` : `no verdict${failure ? `: ${failure}` : ''}`,
      entry.seconds === null ? '–' : `${entry.seconds.toFixed(0)} s`,
    ];
  });
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]!.length), 0));
  const lines = rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const { supported, contradicted, inconclusive, withoutVerdict } = totalsOf(entries);
  const total = `${supported} supported, ${contradicted} contradicted, ${inconclusive} inconclusive, ${withoutVerdict} without a verdict`;
  return `${[...lines, total].join('\n')}\n`;
}
