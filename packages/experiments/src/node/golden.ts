import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { checkGoldenCase, GoldenCase } from '../verdicts/golden-case.ts';

const GoldenFile = z.object({ ruleVersion: z.number(), cases: z.array(GoldenCase).min(1) });

export interface GoldenReport {
  readonly checked: number;
  readonly failures: readonly { readonly id: string; readonly message: string }[];
}

/** Judges every case of a golden file of verdicts. Throws when the file is unreadable or has another form. */
export async function checkGoldenVerdicts(path: string): Promise<GoldenReport> {
  const { cases } = GoldenFile.parse(JSON.parse(await readFile(path, 'utf8')));
  const failures = cases.flatMap((golden) => {
    const message = checkGoldenCase(golden);
    return message === null ? [] : [{ id: golden.id, message }];
  });
  return { checked: cases.length, failures };
}
