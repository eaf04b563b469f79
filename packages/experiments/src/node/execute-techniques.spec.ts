import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSpec, TechniqueSpec } from '@claimbench/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { baseOf } from '../plan/run-spec.ts';
import { techniqueDescriptors } from '../plan/technique.ts';
import {
  bits,
  cacheFolder,
  failure,
  NONE,
  reproducible,
  run,
  spec,
  tunedOn,
  type Watched,
  withRecipe,
} from './run.testing.ts';

const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;

describe('a run that is trained on a second text', () => {
  const none = (second: number, rateShare?: number) => tunedOn('generated-stories', NONE, 20_480, second, rateShare);

  it('goes on from the first in its tokens, at a rate of its own, and learns the second', async () => {
    const tuned = await run(none(10_240));
    const { fineTuning: _, ...first } = none(1).subject as RunSpec['subject'] & { kind: 'recipe' };
    const untuned = await run({ ...none(1), subject: first });
    expect(loss(tuned)).toBeLessThan(loss(untuned) - 0.3);
    const series = (name: string) => tuned.points.filter((point) => point.series === name);
    expect(series('trainingLoss').map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    // the first text is trained on as without the second
    const before = untuned.points.filter(({ series }) => series === 'trainingLoss');
    expect(series('trainingLoss').slice(0, 80)).toEqual(before);
    const rates = series('learningRate').map(({ value }) => value);
    expect(Math.max(...rates.slice(0, 80))).toBe(1e-2);
    expect(Math.max(...rates.slice(80))).toBe(5e-3);
    expect(rates[80]).toBeLessThan(5e-3 / 3);
    expect(tuned.outcome.metrics.trainingLoss).toBeLessThan(untuned.outcome.metrics.trainingLoss!);
    const again = await run(none(10_240), { threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(tuned.outcome));
  });

  it('is a base for what acts afterwards, which looks at the second text', async () => {
    const base = await run(none(10_240));
    const given = { ...none(10_240), technique: { id: 'gptq', parameters: { bits: 3 } } };
    expect(baseOf(given)).toEqual(none(10_240));
    const rounded = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(rounded)).not.toBe(loss(base));
    const missing = { name: 'node-docs', sha256: '0'.repeat(64) };
    const same = await run(withRecipe(given, { data: missing }), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(same)).toBe(loss(rounded));
  });

  it('counts as the frequencies of the second text where it fails', async () => {
    const wild = await run(none(10_240, 10));
    const failed = wild.outcome.diverged;
    if (failed === null) throw new Error('it was to fail');
    expect(failed.step).toBeGreaterThan(80);
    expect(wild.outcome.metrics.natsPerByte).toBeGreaterThan(2);
    expect(wild.outcome.metrics.natsPerByte).toBeLessThan(3.2);
  });

  it('is refused where the second text is not what was asked for', async () => {
    const given = none(10_240);
    if (given.subject.kind !== 'recipe') throw new Error('a recipe was made');
    const data = { name: 'generated-stories', sha256: '0'.repeat(64) };
    const fineTuning = { ...given.subject.fineTuning!, data };
    expect(await failure({ ...given, subject: { ...given.subject, fineTuning } })).toMatchObject({
      code: 'hash-mismatch',
    });
  });
});

describe('a technique on a model that another one has trained', () => {
  const joined = (training: TechniqueSpec, after: TechniqueSpec): TechniqueSpec => {
    return { id: 'after-training', parameters: { training, after } };
  };
  const nothing = { id: 'drop-layers', parameters: { count: 0 } };
  const on = (technique: TechniqueSpec, training = { tokens: 30_720, learningRate: 6e-3 }): RunSpec =>
    withRecipe(spec(technique, {}, training), { architecture: { layers: 4 } });
  /** For what learns slowly. */
  const LONG = { tokens: 163_840, learningRate: 4e-3 };

  it('leaves a layer out of a model with other norms', async () => {
    const mix = { id: 'mix-ln', parameters: { share: 0.25 } };
    const drop = { id: 'drop-layers', parameters: { select: 'listed', layers: [2] } };
    const given = on(joined(mix, drop), LONG);
    expect(baseOf(given)).toEqual(on(mix, LONG));
    const base = await run(on(mix, LONG));
    expect(base.outcome.diverged).toBeNull();
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    expect(loss(await run(on(joined(mix, nothing), LONG), options))).toBe(loss(base));
    const cut = await run(given, options);
    expect(cut.outcome.metrics.layerEvaluations).toBe(6);
    expect(loss(cut)).not.toBe(loss(base));
    expect(cut.artifacts).toEqual([]);
    const pruned = await run(on(joined(mix, { id: 'magnitude', parameters: { sparsity: 0.9 } }), LONG), options);
    expect(pruned.outcome.metrics.sparsity).toBeCloseTo(0.9, 2);
    expect(loss(pruned)).toBeGreaterThan(loss(base));
    const again = await run(given, { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(cut.outcome));
  });

  it('does after a way of training what a setting of that one does', async () => {
    const training = { id: 'layer-drop', parameters: { rate: 0.3 } };
    const base = await run(on(training));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const own = await run(on({ id: 'layer-drop', parameters: { rate: 0.3, dropped: 1 } }), options);
    const ours = await run(
      on(joined(training, { id: 'drop-layers', parameters: { select: 'even', count: 1 } })),
      options,
    );
    expect(loss(ours)).toBe(loss(own));
    expect(loss(ours)).not.toBe(loss(base));
  });

  const trained = techniqueDescriptors().filter(({ seam }) => seam === 'architecture' || seam === 'training');
  it.each(trained.map(({ id }) => id))('finds the very model again, whatever trained it: %s', async (id) => {
    // Dynamic Tanh learns in time where the model has one layer.
    const learning = (technique: TechniqueSpec) =>
      id === 'dynamic-tanh'
        ? spec(technique, {}, { tokens: LONG.tokens })
        : on(technique, id === 'mix-ln' ? LONG : undefined);
    const base = await run(learning({ id, parameters: {} }));
    // else both would count as knowing no more than how often each token occurs
    expect(base.outcome.diverged).toBeNull();
    // Weights on a grid stand as they are; a plan that was laid down stands as well.
    const changesNothing = id === 'low-bit-training' ? nothing : { id: 'magnitude', parameters: { sparsity: 0 } };
    const given = learning(joined({ id, parameters: {} }, changesNothing));
    const again = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(again)).toBe(loss(base));
    expect(again.outcome.metrics.modelBytes).toBe(base.outcome.metrics.modelBytes);
  });
});

describe('a run on a trained base', () => {
  let base: Watched;
  let bytes: Uint8Array;
  beforeAll(async () => {
    base = await run(spec(NONE));
    bytes = base.artifacts[0]!.bytes;
  });

  it('starts exactly where the base ended: nothing done changes nothing', async () => {
    const kept = await run(spec({ id: 'magnitude', parameters: { sparsity: 0 } }), { base: { bytes } });
    expect(kept.outcome.metrics.natsPerByte).toBe(base.outcome.metrics.natsPerByte);
    expect(kept.outcome.metrics.sparsity).toBe(0);
  });

  it('loses more with fewer bits, and says what they cost', async () => {
    const eight = await run(spec(bits(8)), { base: { bytes } });
    const two = await run(spec(bits(2)), { base: { bytes } });
    const loss = (executed: Watched) => executed.outcome.metrics.natsPerByte!;
    expect(Math.abs(loss(eight) - loss(base))).toBeLessThan(0.02);
    expect(loss(two)).toBeGreaterThan(loss(eight) + 0.01);
    expect(two.outcome.metrics.bitsPerWeight).toBeLessThan(3);
    expect(two.outcome.metrics.modelBytes).toBeLessThan(eight.outcome.metrics.modelBytes!);
    expect(two.outcome.metrics.parameters).toBe(base.outcome.metrics.parameters);
    expect(two.points).toEqual([]);
    const again = await run(spec(bits(2)), { base: { bytes }, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(two.outcome));
  });

  it('can leave layers out', async () => {
    const attention = { id: 'drop-sublayers', parameters: { part: 'attention', select: 'first', count: 1 } };
    const { outcome } = await run(spec(attention), { base: { bytes } });
    expect(outcome.metrics.layerEvaluations).toBe(1);
    expect(outcome.metrics.natsPerByte).not.toBe(base.outcome.metrics.natsPerByte);
  });

  it('shows training text to techniques that look at data, the same for a seed', async () => {
    const similar = (windows: number): TechniqueSpec => {
      return { id: 'attention-drop', parameters: { target: 'joint', count: 1, windows } };
    };
    const { outcome } = await run(spec(similar(16)), { base: { bytes } });
    expect(outcome.metrics).toMatchObject({ layerEvaluations: 1 });
    expect(outcome.metrics.modelBytes).toBeLessThan(base.outcome.metrics.modelBytes!);
    expect(outcome.metrics.natsPerByte).not.toBe(base.outcome.metrics.natsPerByte);
    const again = await run(spec(similar(16)), { base: { bytes }, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(outcome));
  });

  it('reads the base from a file as well', async () => {
    const path = join(cacheFolder, 'base.safetensors');
    await writeFile(path, bytes);
    const fromFile = await run(spec(bits(8)), { base: { path } });
    const fromBytes = await run(spec(bits(8)), { base: { bytes } });
    expect(fromFile.outcome.digest).toBe(fromBytes.outcome.digest);
  });

  it('fails with a clear code without a base, or with a broken one', async () => {
    expect(baseOf(spec(bits(8)))).toEqual(spec(NONE));
    expect(await failure(spec(bits(8)))).toMatchObject({ code: 'base-failed' });
    const missing = await failure(spec(bits(8)), { base: { path: join(cacheFolder, 'nowhere') } });
    expect(missing).toMatchObject({ code: 'data-unavailable', message: expect.stringContaining('nowhere') });
    for (const broken of [bytes.slice(0, bytes.length - 100), bytes.slice(0, 20), new Uint8Array(0)]) {
      expect(await failure(spec(bits(8)), { base: { bytes: broken } })).toMatchObject({ code: 'bad-checkpoint' });
    }
  });
});

describe('a technique in training', () => {
  const layerSkip = (parameters: TechniqueSpec['parameters']): TechniqueSpec => ({ id: 'layer-skip', parameters });
  const two = (technique: TechniqueSpec): RunSpec => withRecipe(spec(technique), { architecture: { layers: 2 } });

  it('trains its own model, which the settings that act afterwards start from', async () => {
    const whole = two(layerSkip({ scale: 1, curriculum: 'all' }));
    const early = two(layerSkip({ scale: 1, curriculum: 'all', exit: 1 }));
    expect(baseOf(whole)).toBeNull();
    expect(baseOf(early)).toMatchObject({ technique: { id: 'layer-skip', parameters: { exit: null, scale: 1 } } });
    const base = await run(whole);
    const exit = await run(early, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(exit.artifacts).toEqual([]);
    expect(exit.points).toEqual([]);
    expect(exit.outcome.metrics.layerEvaluations).toBe(2);
    expect(loss(exit)).not.toBe(loss(base));

    // Stopping after one of two layers is leaving the last one out.
    const cut = { id: 'drop-layers', parameters: { select: 'last', count: 1 } };
    const same = await run(two(cut), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(exit)).toBe(loss(same));
    const again = await run(whole, { threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(base.outcome));
  });

  it('counts what writing with its exit as the draft costs, and what a draft of its own would', async () => {
    const base = await run(two(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const speculative = (draft: string): TechniqueSpec => {
      return { id: 'self-speculative', parameters: { exit: 1, tokens: 3, draft } };
    };
    const { metrics: shared } = (await run(two(speculative('shared')), options)).outcome;
    const { metrics: independent } = (await run(two(speculative('independent')), options)).outcome;
    expect(shared.natsPerByte).toBe(base.outcome.metrics.natsPerByte);
    expect(shared.acceptedShare).toBeGreaterThan(0.1);
    expect(shared.acceptedShare).toBeLessThan(1);
    expect(independent.acceptedShare).toBe(shared.acceptedShare);
    expect(shared.layersPerToken).toBeGreaterThan(2);
    expect(independent.layersPerToken).toBeGreaterThan(shared.layersPerToken! + 0.5);
    expect(shared.decodingBytes).toBeGreaterThan(shared.modelBytes!);
    expect(independent.decodingBytes).toBeGreaterThan(1.5 * shared.decodingBytes!);
    expect(base.outcome.metrics).not.toHaveProperty('layersPerToken');
  });

  it('can keep the weights in few bits from the first step, also in the checkpoint that others start from', async () => {
    const ternary: TechniqueSpec = { id: 'low-bit-training', parameters: { quantizer: 'absmean', bits: 4 } };
    const plain = await run(two(NONE));
    const base = await run(two(ternary));
    const { natsPerByte, bitsPerWeight, parameters } = base.outcome.metrics;
    expect(bitsPerWeight).toBeLessThan(1.7);
    expect(parameters).toBe(plain.outcome.metrics.parameters);
    expect(natsPerByte).toBeGreaterThan(plain.outcome.metrics.natsPerByte!);
    expect(natsPerByte).toBeLessThan(plain.outcome.metrics.natsPerByte! + 0.4);
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    expect(baseOf({ ...two(ternary), timing })).toEqual(two(ternary));
    // The checkpoint has the weights on their grid: without the technique it is the same model, in 32 bits.
    const loaded = await run(two(bits(8)), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loaded.outcome.metrics.natsPerByte).toBeCloseTo(natsPerByte!, 3);
    const again = await run(two(ternary), { threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(base.outcome));
  });

  it.each([
    layerSkip({ rate: 0, scale: 0, curriculum: 'last' }),
    { id: 'layer-drop', parameters: { rate: 0 } },
    { id: 'stochastic-depth', parameters: { rate: 0 } },
  ])('that changes nothing trains the plain model: $id', async (technique) => {
    const plain = await run(two(NONE));
    const ours = await run(two(technique));
    expect(ours.outcome.metrics.natsPerByte).toBeCloseTo(plain.outcome.metrics.natsPerByte!, 4);
    const dropped = { ...technique, parameters: { ...technique.parameters, rate: 0.5 } };
    expect((await run(two(dropped))).outcome.metrics.natsPerByte).not.toBe(ours.outcome.metrics.natsPerByte);
  });
});

describe('training after a technique', () => {
  const three = (technique: TechniqueSpec): RunSpec => withRecipe(spec(technique), { architecture: { layers: 3 } });
  const healed = (tokens: number, changes: TechniqueSpec['parameters'] = {}): TechniqueSpec => ({
    id: 'post-training',
    parameters: {
      pruning: 'drop-layers',
      setting: { select: 'first', count: 1 },
      tokens,
      learningRate: 5e-3,
      ...changes,
    },
  });

  it('mends what was taken out, the same for a seed, and changes nothing without tokens', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const cut = await run(three({ id: 'drop-layers', parameters: { select: 'first', count: 1 } }), options);
    const none = await run(three(healed(0)), options);
    const some = await run(three(healed(10_240)), options);
    expect(loss(none)).toBe(loss(cut));
    expect(loss(some)).toBeLessThan(loss(cut) - 0.02);
    expect(some.outcome.metrics.modelBytes).toBeLessThan(base.outcome.metrics.modelBytes!);
    const again = await run(three(healed(10_240)), { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(some.outcome));
  });

  it('can be LayerSkip’s: then the exits learn, and the whole model is another one', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const continued = (changes: TechniqueSpec['parameters']): TechniqueSpec => ({
      id: 'layer-skip-continued',
      parameters: { tokens: 10_240, learningRate: 5e-3, stride: 1, ...changes },
    });
    const ordinary = await run(three(continued({ rate: 0, scale: 0, exit: 1 })), options);
    const skipping = await run(three(continued({ scale: 1, exit: 1 })), options);
    expect(loss(skipping)).toBeLessThan(loss(ordinary) - 0.01);
    expect(skipping.outcome.metrics.layerEvaluations).toBe(2);
    const again = await run(three(continued({ scale: 1, exit: 1 })), { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(skipping.outcome));
  });

  it('can be of weights on a grid: they learn to be ternary, and are stored so', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const ternary = (changes: TechniqueSpec['parameters']): TechniqueSpec => ({
      id: 'quantization-aware-training',
      parameters: { tokens: 10_240, learningRate: 5e-3, ...changes },
    });
    const hardly = await run(three(ternary({ tokens: 1, learningRate: 1e-9 })), options);
    const trained = await run(three(ternary({})), options);
    const taught = await run(three(ternary({ teacher: 0.5 })), options);
    const finer = await run(three(ternary({ quantizer: 'learned-step', bits: 4 })), options);
    expect(loss(trained)).toBeLessThan(loss(hardly) - 0.1);
    expect(loss(taught)).toBeLessThan(loss(hardly) - 0.1);
    expect(loss(taught)).not.toBe(loss(trained));
    expect(loss(finer)).toBeLessThan(loss(trained));
    const { bitsPerWeight, modelBytes, quantizationError } = trained.outcome.metrics;
    expect(bitsPerWeight).toBeLessThan(1.7);
    expect(modelBytes).toBeLessThan(base.outcome.metrics.modelBytes!);
    expect(quantizationError).toBeGreaterThan(0.3);
    const again = await run(three(ternary({ teacher: 0.5 })), { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(taught.outcome));
  });

  it('can be of adapters, of a part, or on what the whole model says', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const setting = { select: 'first', count: 1 };
    const cut = await run(three({ id: 'drop-layers', parameters: setting }), options);
    const given = { pruning: 'drop-layers', setting, tokens: 10_240, learningRate: 5e-3 };
    const ways: TechniqueSpec[] = [
      { id: 'distillation', parameters: { ...given, teacher: 0.5, hidden: 0.1 } },
      { id: 'low-rank-adapters', parameters: given },
      { id: 'low-rank-adapters', parameters: { ...given, bits: 3 } },
      { id: 'partial-training', parameters: { ...given, part: 'mlp' } },
    ];
    const results: Watched[] = [];
    for (const technique of ways) {
      const once = await run(three(technique), options);
      expect(loss(once), technique.id).toBeLessThan(loss(cut) - 0.01);
      const again = await run(three(technique), { ...options, threads: 2 });
      expect(reproducible(again.outcome), technique.id).toEqual(reproducible(once.outcome));
      results.push(once);
    }
    const bytes = results.map(({ outcome }) => outcome.metrics.modelBytes!);
    expect(bytes[1]).toBe(bytes[3]);
    expect(bytes[2]).toBeLessThan(bytes[1]!);
  });

  it('can be its own once more from early on, without what has been removed', async () => {
    const base = await run(spec(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const rewound = (parameters: TechniqueSpec['parameters']) => spec({ id: 'weight-rewinding', parameters });
    // Seed, batches, rates and memory are those of the very training that made the base: what is not pruned becomes the base again.
    const whole = await run(rewound({ sparsity: 0 }), options);
    expect(whole.outcome.items).toEqual(base.outcome.items);
    expect(whole.outcome.metrics).toMatchObject({ sparsity: 0, quantizationError: 0 });
    const cut = await run(spec({ id: 'lamp', parameters: { sparsity: 0.75 } }), options);
    const given = rewound({ pruning: 'lamp', sparsity: 0.75 });
    const once = await run(given, options);
    expect(once.outcome.metrics.natsPerByte).toBeLessThan(cut.outcome.metrics.natsPerByte! - 0.02);
    expect(once.outcome.metrics.sparsity).toBe(0.75);
    expect(once.outcome.metrics.parameters).toBe(base.outcome.metrics.parameters);
    const again = await run(given, { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(once.outcome));
    const other = await run(rewound({ pruning: 'lamp', sparsity: 0.75, share: 0.5 }), options);
    expect(other.outcome.metrics.natsPerByte).not.toBe(once.outcome.metrics.natsPerByte);
  });

  it('refuses a setting that the technique inside does not take, by field', async () => {
    expect(await failure(three(healed(0, { setting: { count: -1 } })))).toMatchObject({
      message: expect.stringContaining('setting.count'),
    });
    expect(await failure(three(healed(0, { setting: { select: 'last', count: 9 } })))).toMatchObject({
      code: 'technique-does-not-fit',
    });
  });
});
