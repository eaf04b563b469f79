// Gathers data/**/*.json into src/generated/corpus-files.ts, so that the corpus is one module that needs no file system when it
// is imported. Runs before every build; a file that is not JSON stops it with the file's name. Checking is src/check's work.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const data = fileURLToPath(new URL('../data/', import.meta.url));
const target = fileURLToPath(new URL('../src/generated/corpus-files.ts', import.meta.url));

const paths = readdirSync(data, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
  .map((entry) => relative(data, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .sort();

const files = paths.map((path) => ({ path, content: parse(path) }));

function parse(path) {
  try {
    return JSON.parse(readFileSync(join(data, path), 'utf8'));
  } catch (error) {
    throw new Error(`packages/corpus/data/${path} is not JSON: ${error.message}`);
  }
}

// One string literal, parsed when imported: quicker to load and to type-check than a literal of the same size.
const text = `// Generated from packages/corpus/data by scripts/bundle-data.mjs. Do not edit.
import type { CorpusFile } from '../corpus-file.ts';

export const corpusFiles: readonly CorpusFile[] = JSON.parse(
  ${JSON.stringify(JSON.stringify(files))},
);
`;
mkdirSync(join(target, '..'), { recursive: true });
writeFileSync(target, text);
