import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../test/platform.ts';
import { plainRuns } from '../../test/scripted-planning.ts';

describe('a run', () => {
  let platform: Platform;
  let seed = 0;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.close());

  /** An experiment with one run; its id. */
  async function oneRun(): Promise<string> {
    platform.planning.runs = await plainRuns(1, seed++);
    const experiment = await platform.submit();
    const [run] = await platform.runsOf(experiment.id);
    return run?.id ?? '';
  }

  it('is executed by a worker and shows what was measured', async () => {
    const id = await oneRun();
    await platform.worker().execute(id);
    const { body } = await platform.get<Record<string, unknown>>(`/api/runs/${id}`);
    expect(body).toMatchObject({ id, state: 'succeeded' });
  });
});
