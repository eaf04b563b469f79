/**
 * pnpm golden <folder> [--backend reference|native|webgpu]
 *
 * Checks the kernels against a folder of golden values and prints a line for each op: cases, worst error, its bound. Exit code 1
 * when a value lies beyond its bound, 2 when the folder cannot be checked. Without --backend reference and native are checked.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createDawnBackend, createNativeBackend } from '../node/index.ts';
import { createReferenceBackend } from '../reference/backend.ts';
import { readGoldenFolder } from './folder.ts';
import { checkGoldenFile, type GoldenLine } from './report.ts';
import type { GoldenSubject } from './subject.ts';

const subjects: Readonly<Record<string, () => Promise<GoldenSubject>>> = {
  reference: async () => ({ backend: createReferenceBackend({ precision: 'f64' }), precision: 'f64' }),
  native: async () => ({ backend: createNativeBackend(), precision: 'f32' }),
  webgpu: async () => ({ backend: await createDawnBackend(), precision: 'f32' }),
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { backend: { type: 'string' } } });
  const [folder] = positionals;
  const chosen = values.backend === undefined ? ['reference', 'native'] : [values.backend];
  if (folder === undefined || chosen.some((name) => subjects[name] === undefined)) {
    process.stderr.write('usage: pnpm golden <folder> [--backend reference|native|webgpu]\n');
    return 2;
  }
  const files = await readGoldenFolder(resolve(process.env.INIT_CWD ?? process.cwd(), folder));
  if (files.length === 0) {
    process.stderr.write(`${folder} holds no manifest (*.json)\n`);
    return 2;
  }
  let violations = 0;
  for (const name of chosen) {
    const subject = await subjects[name]!();
    const lines: GoldenLine[] = [];
    for (const file of files) lines.push(...(await checkGoldenFile(subject, file)));
    subject.backend.close();
    violations += print(name, subject, lines);
  }
  return violations === 0 ? 0 : 1;
}

/** Prints one backend's table and gives the number of cases beyond their bound. */
function print(name: string, subject: GoldenSubject, lines: readonly GoldenLine[]): number {
  const { instructionSet, threads } = subject.backend.description;
  const write = (text: string) => process.stdout.write(`${text}\n`);
  write(
    `\n${name} (${instructionSet}, ${threads} thread${threads === 1 ? '' : 's'}, floats stored as ${subject.precision})`,
  );
  write(row('family', 'op', 'cases', 'worst error', 'its bound', ''));
  let cases = 0;
  let missing = 0;
  let violations = 0;
  for (const line of lines) {
    cases += line.cases;
    missing += line.notImplemented;
    violations += line.violations;
    if (line.cases > 0) {
      const verdict = line.violations === 0 ? '' : `BEYOND THE BOUND: ${line.failures.join(', ')}`;
      const { error, bound } = line.worst ?? { error: 0, bound: 0 };
      write(row(line.family, line.op, String(line.cases), error.toExponential(2), bound.toExponential(2), verdict));
    }
    if (line.notImplemented > 0) {
      write(row(line.family, line.op, '-', '', '', `not implemented: ${line.notImplemented} cases`));
    }
  }
  write(`${cases} cases checked, ${violations} beyond their bound, ${missing} not implemented`);
  return violations;
}

function row(family: string, op: string, cases: string, error: string, bound: string, remark: string): string {
  const columns = [family.padEnd(14), op.padEnd(42), cases.padStart(5), error.padStart(12), bound.padStart(12), remark];
  return columns.join('  ').trimEnd();
}

process.exitCode = await main().catch((fault: unknown) => {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  return 2;
});
