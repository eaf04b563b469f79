import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPostgres } from '@claimbench/postgres';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a database that `prisma migrate deploy` made; every spec file works on a copy of its own. */
    templateUrl: string;
  }
}

/** One real PostgreSQL for all spec files, with one migrated database that they copy. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-api-'));
  const server = await startPostgres({ folder, disposable: true });
  const templateUrl = server.urlOf('template_migrated');
  await promisify(execFile)(
    fileURLToPath(new URL('../node_modules/.bin/prisma', import.meta.url)),
    ['migrate', 'deploy'],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, DATABASE_URL: templateUrl },
    },
  );
  provide('templateUrl', templateUrl);
  return async () => {
    await server.stop('immediate');
    await rm(folder, { recursive: true, force: true });
  };
}
