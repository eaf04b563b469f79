// `pnpm golden <file or folder> [--backend reference|native|webgpu]`: each package checks what it knows of a folder of golden values. Kernels
// read the manifests in the folder itself, models the model folders at or under it and GGUF's formats, techniques the files with a slug, experiments verdicts and statistics.
// Exit code 0 when everything lies within its bounds, 1 when something does not, 2 when there is nothing to check or it cannot be read.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const words = process.argv.slice(2);
const options = words.flatMap((word, at) => (word === '--backend' ? [word, words[at + 1] ?? ''] : []));
const folder = words.find((word, at) => !word.startsWith('--') && words[at - 1] !== '--backend');
// biome-ignore lint/suspicious/noUndeclaredEnvVars: pnpm sets it to where the command was given; no turbo task reads it
const path = folder === undefined ? undefined : resolve(process.env.INIT_CWD ?? process.cwd(), folder);
if (path === undefined || !existsSync(path)) {
  console.error(
    `usage: pnpm golden <file or folder> [--backend reference|native|webgpu]${path ? `: there is no ${path}` : ''}`,
  );
  process.exit(2);
}

const isModel = (at) => existsSync(join(at, 'expected.json'));
const subfolders = (at) => readdirSync(at, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const holdsModels = (at, depth) =>
  isModel(at) || (depth > 0 && subfolders(at).some((entry) => holdsModels(join(at, entry.name), depth - 1)));
const isFile = statSync(path).isFile();
const names = isFile ? [] : readdirSync(path);
const manifests = isModel(path) ? [] : names.filter((name) => name.endsWith('.json') && name !== 'index.json');
const holds = (...wanted) => wanted.some((name) => manifests.includes(name));

const contentOf = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};
/** Golden values of a technique carry the technique's slug. */
const ofTechnique = (name) => typeof contentOf(join(path, name))?.slug === 'string';
/** Verdicts and statistics are known by what is in them: a file may have any name. */
const judges = (file) => {
  const content = contentOf(file);
  return content?.family === 'statistics' || typeof content?.ruleVersion === 'number';
};
const holdsVerdicts = isFile ? judges(path) : manifests.some((name) => judges(join(path, name)));

const checks = [
  ...(manifests.some((name) => !ofTechnique(name)) ? ['packages/kernels/src/golden-check/cli.ts'] : []),
  ...(manifests.some(ofTechnique) ? ['packages/techniques/src/golden/cli.ts'] : []),
  ...(!isFile && (holdsModels(path, 2) || holds('gguf.json')) ? ['packages/models/src/golden-check/cli.ts'] : []),
  ...(holdsVerdicts ? ['packages/experiments/src/node/golden-cli.ts'] : []),
];
if (checks.length === 0) {
  console.error(`${path} holds neither a manifest of golden values (*.json) nor a model with its expected values`);
  process.exit(2);
}
const codes = checks.map((check) => {
  const { status } = spawnSync(process.execPath, [join(root, check), path, ...options], { stdio: 'inherit' });
  return status ?? 2;
});
process.exit(Math.max(...codes));
