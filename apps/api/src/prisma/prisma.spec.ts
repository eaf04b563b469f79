import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ExperimentState, PlannedRun, RUN_STATES } from '@claimbench/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../test/platform.ts';
import { schemaComplaint } from './migrations.ts';
import { PrismaService } from './prisma.service.ts';
import { timeOrderedId } from './time-ordered-id.ts';

const API = fileURLToPath(new URL('../..', import.meta.url));

describe('the database', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.close());

  async function prisma(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(`${API}/node_modules/.bin/prisma`, words, {
      cwd: API,
      env: { ...process.env, DATABASE_URL: platform.settings.DATABASE_URL },
    });
    return stdout;
  }

  it('is what the migrations make of the schema: nothing drifted', async () => {
    const schema = ['--to-schema', 'prisma/schema.prisma', '--exit-code'];
    expect(await prisma('migrate', 'diff', '--from-config-datasource', ...schema)).toContain('No difference');
    expect(await prisma('migrate', 'diff', '--from-migrations', 'prisma/migrations', ...schema)).toContain(
      'No difference',
    );
  });

  it('is left as it is by a second migration', async () => {
    expect(await prisma('migrate', 'deploy')).toContain('No pending migrations');
  });

  it.each([
    ['run_state', RUN_STATES],
    ['experiment_state', ExperimentState.options],
    ['experiment_run_role', PlannedRun.shape.role.options],
  ])('knows the words of %s', async (constraint, words) => {
    const [row] = await platform.sql<{ definition: string }>(
      'select pg_get_constraintdef(oid) as definition from pg_constraint where conname = $1',
      [constraint],
    );
    const found = [...(row?.definition.matchAll(/'([^']+)'/g) ?? [])].map((match) => match[1]);
    expect(found.sort()).toEqual([...words].sort());
  });

  it('is refused with one sentence when it is not migrated, or by a newer version', async () => {
    const service = platform.app.get(PrismaService);
    expect(await schemaComplaint(service)).toBeNull();
    await platform.sql(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       values ('x', 'x', '29990101000000_later', now(), 1)`,
    );
    expect(await schemaComplaint(service)).toContain('newer Claimbench (29990101000000_later)');
    await platform.sql(`delete from _prisma_migrations where id = 'x'`);
    await platform.sql('alter table _prisma_migrations rename to hidden');
    expect(await schemaComplaint(service)).toMatch(/lacks \d+ migration\(s\), first \d+_spine: run/);
    await platform.sql('alter table hidden rename to _prisma_migrations');
  });

  it('answers many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => platform.get('/api/experiments')));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  });

  it('keeps rows in the order of their ids', () => {
    const ids = Array.from({ length: 20_000 }, timeOrderedId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
