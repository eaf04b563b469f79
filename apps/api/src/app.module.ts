import type { Settings } from '@claimbench/contracts';
import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { ArtifactModule } from './artifact/artifact.module.ts';
import { CatalogueModule } from './catalogue/catalogue.module.ts';
import { ClaimModule } from './claim/claim.module.ts';
import { EventModule } from './event/event.module.ts';
import { ExperimentModule } from './experiment/experiment.module.ts';
import { PaperModule } from './paper/paper.module.ts';
import { PrismaModule } from './prisma/prisma.module.ts';
import { QueueModule } from './queue/queue.module.ts';
import { reconcilerModule } from './reconciler/reconciler.module.ts';
import { RunModule } from './run/run.module.ts';
import { settingsModule } from './settings/settings.module.ts';
import { SystemModule } from './system/system.module.ts';
import { WorkerModule } from './worker/worker.module.ts';

export interface AppOptions {
  settings: Settings;
  /** Milliseconds between two rounds of the reconciler; null: none by itself. */
  reconcileEveryMs: number | null;
}

@Module({})
class AppModule {}

export function appModule({ settings, reconcileEveryMs }: AppOptions): DynamicModule {
  return {
    module: AppModule,
    imports: [
      settingsModule(settings),
      LoggerModule.forRoot({
        pinoHttp: {
          name: 'api',
          level: settings.CLAIMBENCH_LOG_LEVEL,
          redact: ['req.headers.authorization', 'req.headers.cookie'],
          // Workers call many times a second: what went well is only told to who asks for it.
          customLogLevel: (_request, { statusCode }) =>
            statusCode === 503 ? 'warn' : statusCode >= 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug',
          // The filter has told what failed, with its stack; this line only tells which call it was.
          customErrorObject: (_request, _response, _error, { err: _err, ...line }) => line,
        },
      }),
      PrismaModule,
      QueueModule,
      EventModule,
      PaperModule,
      ClaimModule,
      CatalogueModule,
      ExperimentModule,
      RunModule,
      WorkerModule,
      ArtifactModule,
      SystemModule,
      reconcilerModule(reconcileEveryMs),
    ],
  };
}
