import { describe, expect, it } from 'vitest';
import { type Compared, timeInterleaved, type Work } from './timing.ts';

/** A clock that only work moves, and what was done in order. */
function fakeMachine() {
  let ms = 0;
  const done: string[] = [];
  const work = (name: string, cost: (run: number) => number, preparation?: number): Work => {
    let runs = 0;
    let ready = 0;
    const fake: Work = {
      async run(times) {
        if (preparation !== undefined && times > ready) throw new RangeError(`${name}: nothing was prepared`);
        ready -= times;
        for (let i = 0; i < times; i++) ms += cost(runs++);
        done.push(`${name} ${times}`);
      },
      dispose: () => done.push(`${name} disposed`),
    };
    if (preparation === undefined) return fake;
    return {
      ...fake,
      async prepare() {
        ms += preparation;
        ready = 1;
      },
    };
  };
  const time = async (
    compared: Compared,
    { rounds = 3, sampleMs = 40, draw = (): number => 0, aborted = false } = {},
  ) => {
    const controller = new AbortController();
    if (aborted) controller.abort();
    return await timeInterleaved(compared, { rounds, sampleMs }, { draw, signal: controller.signal, now: () => ms });
  };
  return { work, time, done };
}

const always = (cost: number) => () => cost;

describe('work that is timed', () => {
  it('is done turn by turn, A B B A, as often as fills a sample of the baseline', async () => {
    const { work, time, done } = fakeMachine();
    const draws = [0.2, 0.7, 0.7, 0.2];
    const timing = await time(
      {
        technique: work('technique', always(5)),
        baseline: work('baseline', always(10)),
        twin: work('twin', always(10)),
      },
      { rounds: 2, draw: () => draws.shift()! },
    );
    expect(done).toEqual([
      ...['technique 2', 'baseline 2', 'twin 2', 'baseline 1'],
      ...['baseline 4', 'technique 4', 'technique 4', 'baseline 4'],
      ...['twin 4', 'baseline 4', 'baseline 4', 'twin 4'],
      ...['technique 4', 'baseline 4', 'baseline 4', 'technique 4'],
      ...['baseline 4', 'twin 4', 'twin 4', 'baseline 4'],
    ]);
    expect(timing).toMatchObject({ twinTimeRatio: 0, baselineMs: 10, techniqueMs: 5, preemptedShare: 0 });
    expect(timing.timeRatio).toBeCloseTo(Math.log(2), 12);
  });

  it('is compared as often as the baseline would be done: making a model, against all steps of a training', async () => {
    const made = async (cost: number) => {
      const { work, time, done } = fakeMachine();
      const timing = await time({
        technique: work('making', always(cost), 1000),
        baseline: work('step', always(8)),
        twin: work('twin', always(8)),
        baselineTimes: 500,
      });
      return { timing, makings: done.filter((entry) => entry.startsWith('making')) };
    };
    const once = await made(20);
    // A training takes 500 steps of 8 ms; preparing the copy, a thousand times as long as anything, is not timed.
    expect(once.timing.timeRatio).toBeCloseTo(Math.log((500 * 8) / 20), 12);
    expect(once.timing).toMatchObject({ twinTimeRatio: 0, baselineMs: 8, techniqueMs: 20 });
    // Two to warm up, one to see how many fill a sample of 40 ms, then two in each of six samples; each on a copy of its own.
    expect(once.makings).toEqual(Array(2 + 1 + 2 * 6).fill('making 1'));
    const twice = await made(40);
    expect(twice.timing.timeRatio).toBeCloseTo(once.timing.timeRatio - Math.log(2), 12);
    expect(twice.makings).toHaveLength(2 + 1 + 6);
  });

  it('says how many samples something else has broken into, of whatever kind', async () => {
    const { work, time } = fakeMachine();
    /** The one run in the middle of the samples takes long. */
    const interrupted = (cost: number, at: number) => (run: number) => (run === at ? 10 * cost : cost);
    const timing = await time({
      technique: work('making', interrupted(50, 5), 3),
      baseline: work('step', always(40)),
      twin: work('twin', interrupted(40, 4)),
      baselineTimes: 100,
    });
    // 6 samples of the making, 12 of the steps, 6 of their twin.
    expect(timing.preemptedShare).toBeCloseTo(2 / 24, 12);
    expect(timing.othersShare).toBeGreaterThanOrEqual(0);
    // The median over the rounds passes over either.
    expect(timing.timeRatio).toBeCloseTo(Math.log(80), 12);
    expect(timing.twinTimeRatio).toBe(0);
  });

  it('ends when it is cancelled', async () => {
    const { work, time } = fakeMachine();
    const compared = { technique: work('a', always(1)), baseline: work('b', always(1)), twin: work('c', always(1)) };
    await expect(time(compared, { aborted: true })).rejects.toMatchObject({ code: 'cancelled' });
  });
});
