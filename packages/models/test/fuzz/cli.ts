/**
 * pnpm --filter @claimbench/models fuzz [files] [seed]
 *
 * Loads damaged files of every format (10,000 in all where no number is given) and prints a line for each: how many loaded, how many
 * were refused. Exit code 1 when one does anything else.
 */
import { fuzzedFormats } from './formats.ts';
import { fuzz } from './fuzz.ts';

const [files = 10_000, seed = 1] = process.argv.slice(2).map(Number);
const formats = fuzzedFormats();
let violations = 0;
for (const format of formats) {
  const result = fuzz(format, Math.ceil(files / formats.length), seed);
  violations += result.violations.length;
  const { accepted, refused } = result;
  process.stdout.write(`${format.name.padEnd(26)} ${result.files} files, ${accepted} loaded, ${refused} refused\n`);
  for (const violation of result.violations.slice(0, 10)) process.stdout.write(`  VIOLATION ${violation}\n`);
}
process.stdout.write(`seed ${seed}: ${violations} violations\n`);
process.exitCode = violations === 0 ? 0 : 1;
