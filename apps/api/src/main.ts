import { setTimeout as delay } from 'node:timers/promises';
import { AppError, readSettings, type Settings } from '@claimbench/contracts';
import { SwaggerModule } from '@nestjs/swagger';
import { Logger } from 'nestjs-pino';
import { createApplication } from './application.ts';
import { ExperimentPlanning } from './experiment/experiment.planning.ts';
import { openApiDocument } from './openapi/document.ts';
import { namingDatabaseDown } from './prisma/database-errors.ts';
import { schemaComplaint } from './prisma/migrations.ts';
import { PrismaService } from './prisma/prisma.service.ts';

const RECONCILE_EVERY_MS = 2000;
/** A database that is starting, or was killed and is brought back, is waited for. */
const DATABASE_PATIENCE_MS = 60_000;

/** Ends the process with one sentence. */
function refuse(sentence: string): never {
  console.error(`claimbench api: ${sentence}`);
  process.exit(1);
}

function settingsOrRefuse(): Settings {
  let settings: Settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (!settings.DATABASE_URL) refuse('DATABASE_URL is not set. `npm start` starts a database and sets it.');
  if (!settings.CLAIMBENCH_WORKER_TOKEN)
    refuse('CLAIMBENCH_WORKER_TOKEN is not set, so no worker could report. `npm start` makes one.');
  return settings;
}

async function schemaOrRefuse(prisma: PrismaService): Promise<void> {
  for (const deadline = performance.now() + DATABASE_PATIENCE_MS; ; ) {
    try {
      const complaint = await schemaComplaint(prisma);
      if (complaint) refuse(complaint);
      return;
    } catch (error) {
      const named = namingDatabaseDown(error);
      if (!(named instanceof AppError)) refuse(`the database of DATABASE_URL cannot be used: ${lastLine(error)}`);
      if (performance.now() > deadline) refuse('the database of DATABASE_URL does not answer.');
      await delay(250);
    }
  }
}

/** Prisma's messages end with what the database said. */
function lastLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '';
}

const settings = settingsOrRefuse();
const app = await createApplication({ settings, reconcileEveryMs: RECONCILE_EVERY_MS });
await schemaOrRefuse(app.get(PrismaService));
try {
  await app.get(ExperimentPlanning).checkProtocols();
} catch (error) {
  refuse(`a protocol of the corpus cannot run: ${error instanceof Error ? error.message : String(error)}`);
}
SwaggerModule.setup('api/docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'api/openapi.json' });
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    // No new request, live streams ended, what is under way finished, connections closed.
    app.close().then(
      () => process.exit(0),
      (error: unknown) => refuse(`could not stop in order: ${String(error)}`),
    );
  });
try {
  await app.listen({ port: settings.CLAIMBENCH_API_PORT, host: settings.CLAIMBENCH_HOST });
} catch (error) {
  refuse(`cannot listen on ${settings.CLAIMBENCH_HOST}:${settings.CLAIMBENCH_API_PORT}: ${String(error)}`);
}
app.get(Logger).log(`listening on ${await app.getUrl()}`);
