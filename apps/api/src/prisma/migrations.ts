import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PrismaService } from './prisma.service.ts';

/** Names of the migrations that this build was made with, oldest first. */
export function knownMigrations(): string[] {
  const folder = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** One sentence about what is wrong with the database's schema; null: it is the one that this build needs. */
export async function schemaComplaint(prisma: PrismaService): Promise<string | null> {
  const [table] = await prisma.$queryRaw<{ there: boolean }[]>`
    select to_regclass('public._prisma_migrations') is not null as there`;
  const applied = table?.there
    ? await prisma.$queryRaw<{ name: string }[]>`
        select migration_name as name from _prisma_migrations where finished_at is not null and rolled_back_at is null`
    : [];
  const names = new Set(applied.map((row) => row.name));
  const missing = knownMigrations().filter((name) => !names.has(name));
  if (missing.length > 0)
    return `The database lacks ${missing.length} migration(s), first ${missing[0]}: run \`pnpm --filter @claimbench/api migrate\` with this DATABASE_URL (\`npm start\` does it by itself).`;
  const unknown = [...names].filter((name) => !knownMigrations().includes(name));
  if (unknown.length > 0)
    return `The database was migrated by a newer Claimbench (${unknown[0]}): update this one, or use another database.`;
  return null;
}
