import { Decoder } from '@claimbench/models';
import { describe, expect, it, vi } from 'vitest';
import { baseOf } from '../plan/run-spec.ts';
import { bits, NONE, run, spec, withRecipe } from './run.testing.ts';

describe('a timed run', () => {
  it('times the technique against its baseline and the baseline against itself, outside the digest', async () => {
    const base = await run(spec(NONE));
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    const given = spec(bits(8), { timing });
    expect(baseOf(given)).toEqual(spec(NONE));
    const timed = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    const { timings, digest, metrics } = timed.outcome;
    for (const name of ['timeRatio', 'twinTimeRatio', 'passMs', 'preemptedShare', 'othersShare'])
      expect(timings[name], name).toEqual(expect.any(Number));
    expect(timings.passMs).toBeGreaterThan(0);
    expect(metrics).not.toHaveProperty('timeRatio');
    const again = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(again.outcome.digest).toBe(digest);
    expect(timed.artifacts).toEqual([]);
    // An arm without a technique is timed from the same base, and trains nothing.
    expect(baseOf(spec(NONE, { timing }))).toEqual(spec(NONE));
  });

  it('times the writing of texts where the technique is a way of writing', async () => {
    const base = await run(spec({ id: 'layer-skip', parameters: {} }));
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    const speculative = spec({ id: 'self-speculative', parameters: { exit: 1, tokens: 2 } }, { timing });
    const made = withRecipe(speculative, { architecture: { layers: 2 } });
    const two = await run({ ...made, technique: NONE, timing: undefined });
    const written = vi.spyOn(Decoder.prototype, 'embed');
    const timed = await run(made, { base: { bytes: two.artifacts[0]!.bytes } });
    // A window in one go is a single reading; texts are read token by token.
    const readings = written.mock.calls.filter(([input]) => input.shape[1] === 1).length;
    written.mockRestore();
    expect(readings).toBeGreaterThan(16);
    expect(timed.outcome.timings.timeRatio).toEqual(expect.any(Number));
    // What LayerSkip trained is timed from that model, drafting and not.
    const drafting = spec({ id: 'layer-skip', parameters: {} }, { timing });
    expect(baseOf(drafting)).toMatchObject({ technique: { id: 'layer-skip' } });
    expect((await run(drafting, { base: { bytes: base.artifacts[0]!.bytes } })).outcome.timings).toHaveProperty(
      'passMs',
    );
  });

  it('times steps of training from first weights, of a technique in the architecture or in training', async () => {
    const timing = { against: NONE, rounds: 3, sampleMs: 1, of: 'training' } as const;
    for (const technique of [
      { id: 'rms-norm', parameters: {} },
      { id: 'low-bit-training', parameters: {} },
    ]) {
      const given = spec(technique, { timing });
      // Its own model is trained in it, whatever is timed beside it.
      expect(baseOf(given)).toBeNull();
      const trainings = vi.spyOn(Decoder, 'initialise');
      const timed = await run(given);
      const models = trainings.mock.calls.map(([, config, seed]) => [config.norms.final.kind, seed]);
      trainings.mockRestore();
      const own = technique.id === 'rms-norm' ? 'rms-norm' : 'layer-norm';
      expect(models).toEqual([
        [own, 7],
        [own, 7],
        ['layer-norm', 7],
        ['layer-norm', 7],
      ]);
      const { timings, metrics } = timed.outcome;
      for (const name of ['timeRatio', 'twinTimeRatio', 'stepMs', 'preemptedShare', 'othersShare'])
        expect(timings[name], name).toEqual(expect.any(Number));
      expect(timings).not.toHaveProperty('passMs');
      expect(metrics).toEqual((await run(spec(technique))).outcome.metrics);
      expect(timed.artifacts).toEqual([]);
    }
  });

  it('times making a model of fresh copies of the trained one, against whole trainings', async () => {
    const base = await run(spec(NONE));
    const timing = { against: { id: 'rms-norm', parameters: {} }, rounds: 3, sampleMs: 1, of: 'making' } as const;
    const given = spec({ id: 'gptq', parameters: { bits: 4, groupSize: 16 } }, { timing });
    const copies = vi.spyOn(Decoder, 'fromValues');
    const timed = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    const copied = copies.mock.calls.length;
    copies.mockRestore();
    // The run's own model; two to warm up, one for the length of a sample, two in each of three rounds.
    expect(copied).toBeGreaterThanOrEqual(1 + 2 + 1 + 2 * 3);
    const { timings } = timed.outcome;
    for (const name of ['timeRatio', 'twinTimeRatio', 'stepMs', 'makingMs'])
      expect(timings[name], name).toEqual(expect.any(Number));
    // 160 steps of training stand against one making.
    const ratio = Math.exp(timings.timeRatio!);
    expect(ratio / ((160 * timings.stepMs!) / timings.makingMs!)).toBeGreaterThan(0.1);
    expect(ratio / ((160 * timings.stepMs!) / timings.makingMs!)).toBeLessThan(10);
    const untimed = await run(spec(given.technique), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(timed.outcome.metrics).toEqual(untimed.outcome.metrics);
  });

  it('is refused for a technique that needs training of its own', async () => {
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    await expect(run(spec({ id: 'rms-norm', parameters: {} }, { timing }))).rejects.toThrow(
      'is not timed against a trained model',
    );
  });
});
