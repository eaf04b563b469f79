/**
 * The models' part of `pnpm golden <folder>`: every model folder at, or one or two levels under, the folder, and GGUF's block formats
 * where the folder holds their manifest. Prints a line for each model: comparisons, the one that used most of its bound. Exit code 1
 * when a value lies beyond its bound, 2 when a folder cannot be read; 0 with no output where there is nothing to check.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readJson, readTensors } from '../node/model-folder.ts';
import { checkGguf, checkGgufModels, GgufManifest } from './check-gguf.ts';
import { checkModel } from './check-model.ts';
import { modelFolderKind, readModelCase } from './model-case.ts';
import { type Comparison, EVERYWHERE, isWithin, SUBJECTS } from './subject.ts';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { backend: { type: 'string' } } });
  const [given] = positionals;
  const names = values.backend === undefined ? EVERYWHERE : [values.backend];
  if (given === undefined || names.some((name) => SUBJECTS[name] === undefined)) {
    process.stderr.write(`usage: golden <folder> [--backend ${Object.keys(SUBJECTS).join('|')}]\n`);
    return 2;
  }
  const root = resolve(given);
  const folders = await modelFolders(root, 2);
  let violations = await checkBlockFormats(root);
  if (folders.length === 0) return violations === 0 ? 0 : 1;
  for (const name of names) {
    const subject = await SUBJECTS[name]!();
    const { instructionSet, threads } = subject.backend.description;
    write(`\n${name}: models (${instructionSet}, ${threads} threads, floats stored as ${subject.precision})`);
    write(row('model', 'checks', 'closest', 'error', 'its bound', ''));
    for (const folder of folders) {
      violations += await checkFolder(subject, folder, relative(root, folder) || basename(folder));
    }
    const leaked = subject.backend.liveBuffers;
    if (leaked > 0) write(`${leaked} buffers were not freed`);
    violations += leaked > 0 ? 1 : 0;
    subject.backend.close();
  }
  write(`\n${folders.length} models, ${violations === 0 ? 'all within their bounds' : `${violations} VIOLATIONS`}`);
  return violations === 0 ? 0 : 1;
}

/** Prints a line for the block formats of a folder's `gguf.json` and gives the number of violations. */
async function checkBlockFormats(root: string): Promise<number> {
  if (!(await readdir(root)).includes('gguf.json')) return 0;
  const manifest = GgufManifest.parse(await readJson(root, 'gguf.json'));
  const { comparisons, notImplemented } = checkGguf(manifest, await readTensors(root, manifest.file));
  const failed = comparisons.filter((comparison) => !isWithin(comparison));
  const missing = [...new Set(notImplemented)];
  write(`\nGGUF block formats: ${comparisons.length} comparisons, ${failed.length} beyond their bound`);
  for (const { what, error, bound } of failed) write(`  ${what}: ${error.toExponential(2)}, bound ${bound}`);
  if (missing.length > 0) write(`  not implemented: ${missing.join(', ')}`);
  return failed.length;
}

/** Prints a model's line and gives the number of its violations; what cannot be read or computed is one. */
async function checkFolder(subject: Parameters<typeof checkModel>[0], folder: string, name: string): Promise<number> {
  let comparisons: Comparison[];
  try {
    const kind = await modelFolderKind(folder);
    comparisons =
      kind === 'gguf'
        ? await checkGgufModels(subject, folder)
        : await checkModel(subject, await readModelCase(name, folder));
  } catch (fault) {
    write(row(name, '0', '', '', '', `FAILED: ${fault instanceof Error ? fault.message : String(fault)}`));
    return 1;
  }
  const failed = comparisons.filter((comparison) => !isWithin(comparison));
  const share = ({ error, bound }: Comparison) => (error === 0 ? 0 : error / bound);
  const closest = comparisons.reduce((most, next) => (share(next) > share(most) ? next : most));
  const remark = failed.length === 0 ? '' : `BEYOND THE BOUND: ${failed.map(({ what }) => what).join('; ')}`;
  const { what, error, bound } = closest;
  write(row(name, String(comparisons.length), what, error.toExponential(2), bound.toExponential(2), remark));
  return failed.length;
}

async function modelFolders(folder: string, depth: number): Promise<string[]> {
  if ((await modelFolderKind(folder)) !== null) return [folder];
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    found.push(...(await modelFolders(join(folder, entry.name), depth - 1)));
  }
  return found.sort();
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

function row(model: string, checks: string, what: string, error: string, bound: string, remark: string): string {
  const columns = [
    model.padEnd(32),
    checks.padStart(6),
    what.padEnd(44),
    error.padStart(10),
    bound.padStart(10),
    remark,
  ];
  return columns.join('  ').trimEnd();
}

process.exitCode = await main().catch((fault: unknown) => {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  return 2;
});
