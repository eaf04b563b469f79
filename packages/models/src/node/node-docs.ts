import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { proseOfDocComments } from '../data/doc-comments.ts';
import { ModelError } from '../model-error.ts';

/** The version whose text is pinned; another version is another text. */
const PINNED_VERSION = '24.19.2';

/**
 * The text of the data set `node-docs`: documents of all declaration files of @types/node in the order of their paths, each text
 * once, joined by blank lines. Throws `data-unavailable`.
 */
export async function extractNodeDocs(): Promise<Uint8Array> {
  const folder = await typesFolder();
  const files = (await readdir(folder, { recursive: true }))
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.d.ts'))
    .sort(byCodeUnits);
  const documents = new Set<string>();
  for (const file of files) {
    for (const document of proseOfDocComments(await readFile(join(folder, file), 'utf8'))) documents.add(document);
  }
  return new TextEncoder().encode(`${[...documents].join('\n\n')}\n`);
}

async function typesFolder(): Promise<string> {
  let manifest: string;
  try {
    // From this package, also where this file stands in another one's bundle.
    const ours = createRequire(import.meta.url).resolve('@claimbench/models/package.json');
    manifest = createRequire(ours).resolve('@types/node/package.json');
  } catch (cause) {
    throw new ModelError('data-unavailable', 'node-docs needs the package @types/node: install the dependencies', {
      cause,
    });
  }
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: unknown };
  if (version !== PINNED_VERSION) {
    throw new ModelError(
      'data-unavailable',
      `node-docs is the text of @types/node ${PINNED_VERSION}, found ${String(version)}: install from the lockfile`,
    );
  }
  return dirname(manifest);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
