/**
 * node packages/experiments/dist/node/golden-cli.js <file or folder>
 *
 * Checks verdicts and statistics against golden values, one line a file, then what differs. Exit code 1 when something does, 2 when
 * there is nothing to check.
 */
import { resolve } from 'node:path';
import { checkGolden } from './golden.ts';

const write = (text: string) => process.stdout.write(`${text}\n`);

async function main(path: string | undefined): Promise<number> {
  const reports = path === undefined ? [] : await checkGolden(resolve(process.env.INIT_CWD ?? process.cwd(), path));
  if (reports.length === 0) {
    process.stderr.write('usage: golden-cli <file or folder with golden verdicts or statistics>\n');
    return 2;
  }
  for (const { path: file, kind, checked, failures } of reports) {
    write(`${file}: ${kind}: ${checked} checked, ${failures.length} differ`);
    for (const { id, message } of failures) write(`  ${id}: ${message}`);
  }
  return reports.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

process.exitCode = await main(process.argv[2]).catch((fault: unknown) => {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  return 2;
});
