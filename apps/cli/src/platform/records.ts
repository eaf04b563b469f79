import { readFile, rename, writeFile } from 'node:fs/promises';
import { AppError, VerdictRecord } from '@claimbench/contracts';
import { z } from 'zod';
import { byProtocol } from './claim-order.ts';
import type { Entry } from './reproduction.ts';

/** A verdict as a file keeps it, with what a table says of it beside the verdict. */
export const KeptVerdict = z.object({
  /** Of the protocol: a verdict from another version answers another question. */
  protocolVersion: z.number().int(),
  machine: z.string(),
  /** Wall time of the experiment. */
  seconds: z.number().nullable(),
  record: VerdictRecord,
});
export type KeptVerdict = z.infer<typeof KeptVerdict>;

const RecordsFile = z.object({ format: z.literal('claimbench-records-1'), verdicts: z.array(KeptVerdict) });

/** The verdicts of a file, none where there is no such file. Throws AppError `invalid-request` where it holds something else. */
export async function readRecords(path: string): Promise<readonly KeptVerdict[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const refused = (found: string, cause?: unknown) =>
    new AppError('invalid-request', `${path}: expected verdicts that reproduce has written, found ${found}`, { cause });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw refused('no JSON', cause);
  }
  const parsed = RecordsFile.safeParse(content);
  if (!parsed.success) throw refused(`another form: ${z.prettifyError(parsed.error)}`);
  return parsed.data.verdicts;
}

/**
 * Writes the verdicts of a table, one a line, and with them those of the file that are about none of its protocols. Readers see the old file
 * or the new one.
 */
export async function writeRecords(
  path: string,
  entries: readonly Entry[],
  before: readonly KeptVerdict[],
): Promise<void> {
  const present = new Set(entries.map(({ protocol }) => protocol.id));
  const others = before.filter(({ record }) => !present.has(record.verdict.protocolId));
  const own = entries.flatMap(({ protocol, record, seconds, machine }): KeptVerdict[] =>
    record === null ? [] : [{ protocolVersion: protocol.version, machine, seconds, record }],
  );
  const verdicts = [...others, ...own].sort((a, b) => byProtocol(a.record.verdict, b.record.verdict));
  const lines = verdicts.map((verdict) => JSON.stringify(verdict)).join(',\n');
  const half = `${path}.half`;
  await writeFile(half, `{"format":"claimbench-records-1","verdicts":[\n${lines}\n]}\n`);
  await rename(half, path);
}
