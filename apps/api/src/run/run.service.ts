import type { RunView, SeriesBuckets } from '@claimbench/contracts';
import { Injectable } from '@nestjs/common';
import { RunLife } from './run.life.ts';
import { RunRepository } from './run.repository.ts';
import type { LogPage, LogQuery, SeriesQuery } from './run.schemas.ts';

@Injectable()
export class RunService {
  constructor(
    private readonly runs: RunRepository,
    private readonly life: RunLife,
  ) {}

  get(id: string): Promise<RunView> {
    return this.runs.view(id);
  }

  series(id: string, series: string, query: SeriesQuery): Promise<SeriesBuckets> {
    return this.runs.series(id, series, query);
  }

  log(id: string, query: LogQuery): Promise<LogPage> {
    return this.runs.log(id, query);
  }

  async cancel(id: string): Promise<RunView> {
    await this.runs.stateOf(id);
    await this.life.cancel([id], 'Cancelled by a person.');
    return this.runs.view(id);
  }
}
