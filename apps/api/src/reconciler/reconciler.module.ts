import { type DynamicModule, Module } from '@nestjs/common';
import { ExperimentModule } from '../experiment/experiment.module.ts';
import { RunModule } from '../run/run.module.ts';
import { SeedModule } from '../seed/seed.module.ts';
import { WorkerModule } from '../worker/worker.module.ts';
import { RECONCILE_EVERY, Reconciler } from './reconciler.service.ts';

@Module({ imports: [RunModule, ExperimentModule, SeedModule, WorkerModule] })
class ReconcilerModule {}

/** Rounds every so many milliseconds; null: none by themselves. */
export function reconcilerModule(everyMs: number | null): DynamicModule {
  return { module: ReconcilerModule, providers: [Reconciler, { provide: RECONCILE_EVERY, useValue: everyMs }] };
}
