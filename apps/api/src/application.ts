import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { type AppOptions, appModule } from './app.module.ts';
import { readBodies } from './problem/json-body.ts';
import { ProblemFilter } from './problem/problem.filter.ts';
import { ValidationPipe } from './problem/validation.pipe.ts';

/** How requests are read and errors answered: the same in production and in tests. */
export function configure(app: NestFastifyApplication): void {
  readBodies(app.getHttpAdapter().getInstance());
  app.setGlobalPrefix('api');
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
}

export function fastify(): FastifyAdapter {
  return new FastifyAdapter({
    forceCloseConnections: true,
    // Longer than a proxy keeps an idle connection, so that it is the proxy who closes it.
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 200 },
  });
}

/** The whole application; it connects to nothing before it is initialised. */
export async function createApplication(options: AppOptions): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(appModule(options), fastify(), {
    bufferLogs: true,
    bodyParser: false,
  });
  app.useLogger(app.get(Logger));
  configure(app);
  return app;
}
