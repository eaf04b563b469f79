import type { RunSpec, TechniqueSpec } from '@claimbench/contracts';
import { GENERATED_TEXTS } from '@claimbench/models';
import { describe, expect, it } from 'vitest';
import { bits, failure, NONE, run, spec, withRecipe } from './run.testing.ts';

describe('what is measured beside the loss', () => {
  const sorting = GENERATED_TEXTS.find(({ name }) => name === 'generated-sorting')!;
  const choices = { kind: 'choices', choices: 4, contextWords: 3, choiceWords: 1 } as const;
  /** On the text that the probe needs, with the other part of the spec as always. */
  const asking = (technique: TechniqueSpec, probes: RunSpec['evaluation']['probes'], training = {}): RunSpec => {
    const made = spec(technique, {}, training);
    return { ...made, evaluation: { ...made.evaluation, probes } };
  };

  it('is agreement with the trained model that a technique starts from, and choices; the digest knows of them', async () => {
    const probes = [{ kind: 'agreement' } as const, choices];
    const plain = await run(spec(NONE));
    const base = await run(asking(NONE, probes));
    expect(plain.outcome).not.toHaveProperty('probeItems');
    const { natsPerByte, top1Agreement, klDivergence, choiceAccuracy } = base.outcome.metrics;
    expect(natsPerByte).toBe(plain.outcome.metrics.natsPerByte);
    expect(top1Agreement).toBe(1);
    expect(klDivergence).toBe(0);
    expect(choiceAccuracy).toBeGreaterThan(0.25);
    expect(choiceAccuracy).toBeLessThan(1);
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const fine = await run(asking(bits(6), probes), options);
    const coarse = await run(asking(bits(3), probes), options);
    expect(fine.outcome.metrics.top1Agreement).toBeGreaterThan(coarse.outcome.metrics.top1Agreement!);
    expect(fine.outcome.metrics.klDivergence).toBeGreaterThan(0);
    expect(fine.outcome.metrics.klDivergence).toBeLessThan(coarse.outcome.metrics.klDivergence!);
    const lists = coarse.outcome.probeItems!;
    expect(lists.map(({ metric }) => metric)).toEqual(['top1Agreement', 'klDivergence', 'choiceAccuracy']);
    for (const { metric, values } of lists) {
      expect(values).toHaveLength(40);
      expect(values.reduce((sum, value) => sum + value, 0) / 40, metric).toBeCloseTo(
        coarse.outcome.metrics[metric]!,
        9,
      );
    }
    const again = await run(asking(bits(3), probes), { ...options, threads: 2 });
    expect(again.outcome).toMatchObject({ probeItems: lists, digest: coarse.outcome.digest });
  });

  it('is the error of the residual stream against the trained model that a technique starts from', async () => {
    const probes = [{ kind: 'state-errors' } as const];
    const base = await run(asking(NONE, probes));
    expect(base.outcome.metrics).toMatchObject({ stateErrorEarly: 0, stateErrorLate: 0 });
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const fine = (await run(asking(bits(6), probes), options)).outcome;
    const coarse = (await run(asking(bits(3), probes), options)).outcome;
    for (const metric of ['stateErrorEarly', 'stateErrorLate']) {
      expect(fine.metrics[metric], metric).toBeGreaterThan(0);
      expect(fine.metrics[metric], metric).toBeLessThan(coarse.metrics[metric]!);
      const { values } = coarse.probeItems!.find((list) => list.metric === metric)!;
      expect(values).toHaveLength(40);
      expect(values.reduce((sum, value) => sum + value, 0) / 40).toBeCloseTo(coarse.metrics[metric]!, 9);
    }
    expect(await failure(asking({ id: 'rms-norm', parameters: {} }, probes))).toMatchObject({
      code: 'technique-does-not-fit',
      message: expect.stringContaining('errors of states are against the trained model'),
    });
  });

  it('is how tanh-like norms are: wholly so where each is a tanh, and nothing where there are none', async () => {
    const curves = async (id: string, training = {}) =>
      (await run(asking({ id, parameters: {} }, [{ kind: 'norm-curves' }], training))).outcome;
    const { metrics, diverged } = await curves('dynamic-tanh', { tokens: 163_840 });
    expect(diverged).toBeNull();
    expect(metrics.tanhShare).toBe(1);
    expect(metrics.tanhGain).toBeGreaterThan(0.999);
    const { tanhShare, tanhGain } = (await curves('layer-norm')).metrics;
    expect(tanhGain).toBeLessThan(0.99);
    expect([0, 1, 2, 3].map((norms) => norms / 3)).toContain(tanhShare);
    expect((await curves('no-norm')).metrics).not.toHaveProperty('tanhShare');
  });

  it('is what products take: one multiplication a weight, or one for each group and plane', async () => {
    const products = async (technique: TechniqueSpec, base?: Uint8Array) =>
      await run(asking(technique, [{ kind: 'products' }]), { base: base ? { bytes: base } : null });
    const dense = await products(NONE);
    expect(dense.outcome.metrics.multiplicationsPerWeight).toBe(1);
    expect(dense.outcome.metrics).not.toHaveProperty('valuesPerWeight');
    const base = dense.artifacts[0]!.bytes;
    const grouped = { groupSize: 16 };
    const planes = (await products({ id: 'ptqtp-planes', parameters: grouped }, base)).outcome.metrics;
    const values = (await products({ id: 'ptqtp', parameters: grouped }, base)).outcome.metrics;
    const binary = (await products({ id: 'binary-weights', parameters: grouped }, base)).outcome.metrics;
    expect(planes.multiplicationsPerWeight).toBe(2 / 16);
    expect(binary.multiplicationsPerWeight).toBe(1 / 16);
    expect(values.multiplicationsPerWeight).toBe(1);
    expect(planes.valuesPerWeight).toBeGreaterThan(8);
    expect(binary.valuesPerWeight).toBe(2);
    expect(Math.abs(planes.natsPerByte! - values.natsPerByte!)).toBeLessThan(1e-5);
    // Codes with zero points say nothing of their products.
    const codes = (await products(bits(8), base)).outcome.metrics;
    for (const metric of ['multiplicationsPerWeight', 'valuesPerWeight']) expect(codes).not.toHaveProperty(metric);
  });

  it('is how scores of pruning rank with what it does, and the model is left as it was', async () => {
    const probes = [{ kind: 'pruning-scores' }, { kind: 'agreement' }] as const;
    const plain = await run(spec(NONE));
    const { outcome, artifacts } = await run(asking(NONE, [...probes]));
    for (const metric of ['lampCorrelation', 'magnitudeCorrelation']) {
      expect(Math.abs(outcome.metrics[metric]!), metric).toBeLessThan(1);
    }
    expect(outcome.metrics.lampCorrelation).not.toBe(outcome.metrics.magnitudeCorrelation);
    expect(outcome.metrics).toMatchObject({ klDivergence: 0, top1Agreement: 1 });
    const again = await run(asking(NONE, [...probes]), { threads: 2 });
    expect(again.outcome.digest).toBe(outcome.digest);
    // What others start from has all its weights.
    const pruned = { id: 'magnitude', parameters: { sparsity: 0.5 } };
    const [ours, theirs] = [artifacts[0]!.bytes, plain.artifacts[0]!.bytes];
    const after = await run(asking(pruned, [{ kind: 'agreement' }]), { base: { bytes: ours } });
    const wanted = await run(spec(pruned), { base: { bytes: theirs } });
    expect(after.outcome.metrics.natsPerByte).toBe(wanted.outcome.metrics.natsPerByte);
    const packed = { id: 'round-to-nearest', parameters: { bits: 4 } };
    const refused = await failure(asking(packed, [{ kind: 'pruning-scores' }]), { base: { bytes: ours } });
    expect(refused).toMatchObject({ code: 'technique-does-not-fit' });
  });

  it('is the answers of a task', async () => {
    const data = { name: sorting.name, sha256: sorting.sha256 };
    const task = (technique: TechniqueSpec): RunSpec => {
      const made = withRecipe(asking(technique, [{ kind: 'answers' }]), { data });
      return { ...made, evaluation: { ...made.evaluation, data } };
    };
    const base = await run(task(NONE));
    const { values } = base.outcome.probeItems!.find(({ metric }) => metric === 'answerAccuracy')!;
    expect(values.every((value) => value === 0 || value === 1)).toBe(true);
    expect(base.outcome.metrics.answerAccuracy).toBe(values.filter((value) => value === 1).length / 40);
    expect(await failure(asking(NONE, [{ kind: 'answers' }]))).toMatchObject({
      message: expect.stringContaining('node-docs has none'),
    });
    expect(await failure(asking({ id: 'rms-norm', parameters: {} }, [{ kind: 'agreement' }]))).toMatchObject({
      code: 'technique-does-not-fit',
    });
  });

  it('is what a guess would give where training failed', async () => {
    const wild = { learningRate: 10, warmup: 0, gradientClip: null, weightDecay: 1, tokens: 10_240 };
    const { outcome } = await run(asking(NONE, [{ kind: 'agreement' }, choices], wild));
    expect(outcome.diverged).not.toBeNull();
    expect(outcome.metrics.choiceAccuracy).toBe(0.25);
    expect(outcome.metrics).not.toHaveProperty('klDivergence');
    expect(outcome).not.toHaveProperty('probeItems');
  });
});
