/**
 * node packages/techniques/src/golden/cli.ts <folder>
 *
 * Checks techniques against a folder of golden values, one line a file, then what lies beyond its bound. Exit code 1 when something does,
 * 2 when there is nothing to check. Files that belong to no technique here are counted.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkTechniqueGolden } from './checks.ts';

const write = (text: string) => process.stdout.write(`${text}\n`);

async function main(folder: string | undefined): Promise<number> {
  if (folder === undefined) {
    process.stderr.write('usage: cli <folder with golden values of techniques>\n');
    return 2;
  }
  const path = resolve(folder);
  let checked = 0;
  let passedOver = 0;
  let beyond = 0;
  for (const name of (await readdir(path)).filter((file) => file.endsWith('.json')).sort()) {
    const manifest: unknown = JSON.parse(await readFile(join(path, name), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('slug' in manifest)) continue;
    const tensors =
      'tensors' in manifest && typeof manifest.tensors === 'string' ? await readFile(join(path, manifest.tensors)) : undefined;
    const findings = await checkTechniqueGolden(manifest, tensors);
    if (findings === null) {
      passedOver += 1;
      continue;
    }
    checked += findings.length;
    const failures = findings.filter(({ error, bound }) => !(error <= bound));
    beyond += failures.length;
    write(`${name}: ${findings.length} outputs, ${failures.length} beyond their bound`);
    for (const { case: id, output, error, bound } of failures) write(`  ${id} ${output}: ${error} beyond ${bound}`);
  }
  write(`${checked} outputs checked, ${beyond} beyond their bound; ${passedOver} files belong to no technique here`);
  if (checked === 0) return 2;
  return beyond === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2]).catch((fault: unknown) => {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  return 2;
});
