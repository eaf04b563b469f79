import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkGoldenStatistics, type GoldenFinding } from '../statistics/golden-statistics.ts';
import { checkGoldenCase, GoldenCase } from '../verdicts/golden-case.ts';

const VerdictFile = z.object({ ruleVersion: z.number(), cases: z.array(GoldenCase).min(1) });
const StatisticsFile = z.looseObject({ family: z.literal('statistics') });

export type { GoldenFinding } from '../statistics/golden-statistics.ts';

/** Judges every case of a golden file of verdicts. Throws when the file cannot be read or has another form. */
export async function checkGoldenVerdicts(path: string): Promise<GoldenFinding> {
  const { cases } = VerdictFile.parse(JSON.parse(await readFile(path, 'utf8')));
  const failures = cases.flatMap((golden) => {
    const message = checkGoldenCase(golden);
    return message === null ? [] : [{ id: golden.id, message }];
  });
  return { checked: cases.length, failures };
}

export interface GoldenReport extends GoldenFinding {
  readonly path: string;
  readonly kind: 'verdicts' | 'statistics';
}

/**
 * Checks a golden file of verdicts or statistics, or all of them in a folder (other files there are left alone). A file that is
 * asked for by name and is neither throws.
 */
export async function checkGolden(path: string): Promise<GoldenReport[]> {
  const folder = (await stat(path)).isDirectory();
  const files = folder
    ? (await readdir(path)).filter((name) => name.endsWith('.json')).map((name) => join(path, name))
    : [path];
  const reports: GoldenReport[] = [];
  for (const file of files) {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (VerdictFile.safeParse(content).success) {
      reports.push({ path: file, kind: 'verdicts', ...(await checkGoldenVerdicts(file)) });
    } else if (StatisticsFile.safeParse(content).success) {
      reports.push({ path: file, kind: 'statistics', ...checkGoldenStatistics(content) });
    } else if (!folder) throw new TypeError(`${file} holds neither golden verdicts nor golden statistics`);
  }
  return reports;
}
