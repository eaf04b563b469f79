import { AppError, ComparisonRequest, type Outcome, type RunSpec } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { FinishedRun } from '../finished-run.ts';
import { RESOURCES } from '../protocol/synthetic.testing.ts';
import { findSubject, recipeSubjects, subjectLine } from '../subjects/subjects.ts';
import { compareArms } from './compare-arms.ts';
import { armLabels, BASELINE_ARM, planComparison } from './plan-comparison.ts';
import { planSummary } from './plan-summary.ts';
import { checkProbes } from './probes.ts';
import { baseOf, estimateSeconds, specHashOf } from './run-spec.ts';
import { checkFit, checkTiming, resolveTechnique } from './technique.ts';

type Input = z.input<typeof ComparisonRequest>;

function request(changes: Partial<Input> = {}): ComparisonRequest {
  return ComparisonRequest.parse({
    kind: 'comparison',
    title: 'Bits',
    subject: { kind: 'recipe', name: 'tiny-gpt2' },
    data: 'node-docs',
    techniques: [{ id: 'round-to-nearest', grid: { bits: [8, 6, 4, 3, 2] } }],
    seeds: 3,
    ...changes,
  } satisfies Input);
}

describe('a free comparison', () => {
  it('becomes one run for every setting and seed, and the baseline is the base of all', async () => {
    const runs = await planComparison(request(), RESOURCES);
    expect(runs).toHaveLength(18);
    for (let block = 0; block < 3; block++) {
      const ofBlock = runs.filter((run) => run.block === block);
      expect(ofBlock.map(({ arm }) => arm)).toEqual([
        BASELINE_ARM,
        ...[8, 6, 4, 3, 2].map((bits) => `round-to-nearest bits=${bits}`),
      ]);
      expect(new Set(ofBlock.map(({ spec }) => spec.seed))).toEqual(new Set([block]));
      expect(ofBlock.slice(1).every((run) => run.base === ofBlock[0]!.specHash)).toBe(true);
    }
    expect(runs.every((run) => run.stage === 0 && run.estimatedSeconds > 0)).toBe(true);
  });

  it('adds bases that are no arm, before the runs that load them', async () => {
    const runs = await planComparison(request({ withBaseline: false, seeds: 2 }), RESOURCES);
    expect(runs.map(({ arm }) => arm).filter((arm) => arm === 'base')).toHaveLength(2);
    expect(runs[0]).toMatchObject({ arm: 'base', role: 'base', base: null, block: 0 });
    expect(runs[1]!.base).toBe(runs[0]!.specHash);
  });

  it('trains each arm whose technique is in the architecture', async () => {
    const runs = await planComparison(request({ techniques: [{ id: 'rms-norm' }] }), RESOURCES);
    expect(runs.map(({ arm, base }) => [arm, base]).slice(0, 2)).toEqual([
      [BASELINE_ARM, null],
      ['rms-norm', null],
    ]);
  });

  it('gives equal settings one arm and one hash, however they are written', async () => {
    const twice = request({
      seeds: 1,
      techniques: [
        { id: 'round-to-nearest', grid: { bits: [4, 4] } },
        { id: 'round-to-nearest', parameters: { bits: 4, granularity: 'group', groupSize: 32 } },
        { id: 'round-to-nearest', parameters: { groupSize: 32, granularity: 'group', bits: 4 } },
        { id: 'none' },
      ],
    });
    const runs = await planComparison(twice, RESOURCES);
    expect(new Set(runs.map((run) => run.specHash)).size).toBe(runs.length);
    expect(runs).toHaveLength(3);
  });

  it('labels its arms in words', () => {
    const labels = armLabels(request({ techniques: [{ id: 'round-to-nearest', grid: { bits: [4] } }] }));
    expect(labels[BASELINE_ARM]).toBe('Baseline');
    expect(labels['round-to-nearest bits=4']).toMatch(/^Round.*4 bits/);
  });

  it('trains classifiers, each with what is not done afterwards, and takes overrides for them', async () => {
    const digits = {
      subject: { kind: 'classifier' as const, name: 'digits-mlp' },
      data: 'generated-digits',
      techniques: [{ id: 'bitnet-bottom-up' }, { id: 'round-to-nearest', grid: { bits: [2] } }],
      seeds: 1,
    };
    const runs = await planComparison(request({ ...digits, training: { tokens: 640 } }), RESOURCES);
    expect(runs.map(({ arm, base }) => [arm, base])).toEqual([
      [BASELINE_ARM, null],
      ['bitnet-bottom-up', null],
      ['round-to-nearest bits=2', runs[0]!.specHash],
    ]);
    const { subject, evaluation } = runs[0]!.spec;
    expect(subject.kind === 'classifier' && subject.training).toMatchObject({ tokens: 640, batchSize: 32 });
    expect(evaluation).toMatchObject({ split: 'validation', windowTokens: null });
    expect(runs[0]!.estimatedSeconds).toBeLessThan(20);
    await expect(planComparison(request({ ...digits, data: 'node-docs' }), RESOURCES)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('node-docs has no examples. Data with examples: generated-digits'),
    });
    const words = subjectLine(findSubject(digits.subject, RESOURCES));
    expect(words).toBe(
      'perceptron, hidden layers of 128 and 128, 0.031 M parameters, 0.064 M examples of generated-digits',
    );
  });

  it('takes overrides of the training, for recipes', async () => {
    const runs = await planComparison(request({ training: { tokens: 1000 }, seeds: 1 }), RESOURCES);
    const subject = runs[0]!.spec.subject;
    expect(subject.kind === 'recipe' && subject.training).toMatchObject({ tokens: 1000, batchSize: 4 });
  });

  it('asks for probes in one order, leaves them out where there are none, and counts their time', async () => {
    const plain = await planComparison(request({ seeds: 1 }), RESOURCES);
    expect(plain[0]!.spec.evaluation).not.toHaveProperty('probes');
    const choices = { kind: 'choices', choices: 4, contextWords: 8, choiceWords: 3 } as const;
    const asked = await planComparison(request({ seeds: 1, probes: [choices, { kind: 'agreement' }] }), RESOURCES);
    const other = await planComparison(request({ seeds: 1, probes: [{ kind: 'agreement' }, choices] }), RESOURCES);
    expect(asked.map(({ specHash }) => specHash)).toEqual(other.map(({ specHash }) => specHash));
    expect(asked[0]!.specHash).not.toBe(plain[0]!.specHash);
    expect(asked[1]!.base).toBe(asked[0]!.specHash);
    expect(asked[1]!.estimatedSeconds).toBeGreaterThan(plain[1]!.estimatedSeconds);
    expect(() => request({ probes: [{ kind: 'agreement' }, { kind: 'agreement' }] })).toThrow('stands twice');
  });

  it('is refused with the limit when its grid is too large, before anything is built', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => i);
    const grid = { bits: values, groupSize: values, scheme: values };
    await expect(
      planComparison(request({ techniques: [{ id: 'round-to-nearest', grid }] }), RESOURCES),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'too-many-runs',
        message: expect.stringMatching(/3,000,000,003 runs.*limit is 2,000/),
      }),
    );
    const many = Array.from({ length: 10_000 }, (_, i) => i / 20_000);
    await expect(
      planComparison(
        request({ seeds: 1, withBaseline: false, techniques: [{ id: 'magnitude', grid: { sparsity: many } }] }),
        RESOURCES,
      ),
    ).rejects.toThrow(/10,000 runs/);
  });

  const refusals: [string, Partial<Input>, RegExp][] = [
    ['unknown-technique', { techniques: [{ id: 'magic' }] }, /unknown technique magic; known: none, /],
    ['invalid-parameters', { techniques: [{ id: 'round-to-nearest', grid: { bits: [99] } }] }, /bits/],
    ['invalid-parameters', { techniques: [{ id: 'round-to-nearest', parameters: { bitz: 4 } }] }, /bitz/],
    ['invalid-request', { probes: [{ kind: 'answers' }] }, /answers are measured on tasks .*node-docs has none/],
    [
      'technique-does-not-fit',
      { probes: [{ kind: 'agreement' }], techniques: [{ id: 'rms-norm' }] },
      /agreement is with the trained model .* trains its own/,
    ],
    ['unknown-subject', { subject: { kind: 'recipe', name: 'huge' } }, /unknown recipe huge; known: micro-gpt2, /],
    ['unknown-data-set', { data: 'the-internet' }, /unknown data set the-internet; known: node-docs/],
    [
      'technique-does-not-fit',
      { techniques: [{ id: 'drop-layers', parameters: { select: 'first', count: 40 } }] },
      /40/,
    ],
  ];
  it.each(refusals)('is refused: %s', async (code, changes, message) => {
    const plan = planComparison(request(changes), RESOURCES);
    await expect(plan).rejects.toThrow(AppError);
    await expect(plan).rejects.toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('refuses to change how a published checkpoint was trained', async () => {
    const checkpoint = { kind: 'checkpoint' as const, name: 'stories', sha256: '2'.repeat(64) };
    const option = {
      kind: 'checkpoint' as const,
      name: 'stories',
      title: '',
      description: '',
      parameters: 1,
      data: [],
      spec: checkpoint,
      unavailable: null,
    };
    const resources = { ...RESOURCES, subjects: [option] };
    const subject = { kind: 'checkpoint' as const, name: 'stories' };
    const retrained = planComparison(request({ subject, training: { tokens: 5 } }), resources);
    await expect(retrained).rejects.toThrow(expect.objectContaining({ code: 'invalid-request' }));
    const norm = planComparison(request({ subject, techniques: [{ id: 'rms-norm' }] }), resources);
    await expect(norm).rejects.toThrow(expect.objectContaining({ code: 'technique-does-not-fit' }));
    const bits = await planComparison(request({ subject }), resources);
    expect(bits.every((run) => run.base === null)).toBe(true);
  });
});

describe('a run spec', () => {
  const subject = recipeSubjects()[0]!.spec!;
  const spec: RunSpec = {
    version: 1,
    subject,
    technique: { id: 'round-to-nearest', parameters: { bits: 4 } },
    evaluation: { data: { name: 'node-docs', sha256: '1'.repeat(64) }, split: 'test', items: 10, windowTokens: null },
    seed: 7,
    backend: 'native',
  };

  it('has a hash that does not depend on the order of its keys', async () => {
    const turned = Object.fromEntries(Object.entries(spec).reverse()) as RunSpec;
    expect(await specHashOf(turned)).toBe(await specHashOf(spec));
    expect(await specHashOf({ ...spec, seed: 8 })).not.toBe(await specHashOf(spec));
  });

  it('starts from a base when the technique acts on a trained model', () => {
    expect(baseOf(spec)).toEqual({ ...spec, technique: { id: 'none', parameters: {} } });
    expect(baseOf({ ...spec, technique: { id: 'rms-norm', parameters: {} } })).toBeNull();
    expect(baseOf(baseOf(spec)!)).toBeNull();
  });

  it('is expected to take longer where it trains', () => {
    expect(estimateSeconds(baseOf(spec)!)).toBeGreaterThan(2 * estimateSeconds(spec));
    const { tokens } = (spec.subject as RunSpec['subject'] & { kind: 'recipe' }).training;
    const distilled = { ...spec, technique: { id: 'distillation', parameters: { tokens } } };
    expect(estimateSeconds(distilled)).toBeCloseTo(estimateSeconds(baseOf(spec)!), 6);
    const rewound = { ...spec, technique: { id: 'weight-rewinding', parameters: {} } };
    expect(estimateSeconds(rewound)).toBeCloseTo(estimateSeconds(baseOf(spec)!), 6);
  });

  it('of two techniques in a row starts from the run of the first alone', async () => {
    const mix = { id: 'mix-ln', parameters: { share: 0.5 } };
    const given = { id: 'after-training', parameters: { training: mix, after: { id: 'magnitude', parameters: {} } } };
    expect(baseOf({ ...spec, technique: given })).toEqual({ ...spec, technique: mix });
    expect(baseOf(baseOf({ ...spec, technique: given })!)).toBeNull();
    const runs = await planComparison(
      request({
        seeds: 1,
        techniques: [
          { id: 'mix-ln', grid: { share: [0.5] } },
          {
            id: 'after-training',
            parameters: { training: mix },
            grid: { after: [{ id: 'magnitude' }, { id: 'lamp' }] },
          },
        ],
      }),
      RESOURCES,
    );
    // The arm of the first technique is the base of both: nothing is trained twice.
    const alone = runs.find(({ arm }) => arm === 'mix-ln share=0.5')!;
    expect(runs.map(({ arm }) => arm)).not.toContain('base');
    expect(runs.slice(2).map(({ base }) => base)).toEqual([alone.specHash, alone.specHash]);
    expect(runs).toHaveLength(4);
  });

  it('of two techniques in a row is refused where only a recipe can be, or where one would be timed on the other model', () => {
    const given = resolveTechnique({ id: 'after-training', parameters: {} });
    const checkpoint = { kind: 'checkpoint', name: 'stories260K', sha256: '0'.repeat(64) } as const;
    expect(() => checkFit(given, checkpoint)).toThrow(/Mix-LN changes the architecture and needs it done here/);
    const timing = { against: { id: 'after-training', parameters: {} }, rounds: 3, sampleMs: 1 };
    expect(() => checkTiming({ ...spec, timing })).toThrow(/starts from another one than Round to nearest, 4 bits/);
    checkTiming({ ...spec, technique: { id: 'after-training', parameters: {} }, timing });
  });

  it('that takes training once more is refused where there were two texts', () => {
    const tuned = recipeSubjects().find(({ name }) => name === 'slim-tuned-llama')!.spec!;
    const rewinding = resolveTechnique({ id: 'weight-rewinding', parameters: {} });
    expect(() => checkFit(rewinding, tuned)).toThrow(/takes training on one text once more/);
    checkFit(rewinding, recipeSubjects().find(({ name }) => name === 'slim-llama')!.spec!);
  });

  it('takes the time of both texts, and says which they are', () => {
    const tuned = recipeSubjects().find(({ name }) => name === 'slim-tuned-llama')!;
    const plain = recipeSubjects().find(({ name }) => name === 'slim-llama')!;
    const secondsOf = (recipe: typeof tuned) => estimateSeconds({ ...baseOf(spec)!, subject: recipe.spec! });
    const evaluation = secondsOf({
      ...plain,
      spec: { ...plain.spec!, training: { ...trainingOf(plain), tokens: 1 } } as RunSpec['subject'],
    });
    expect((secondsOf(tuned) - evaluation) / (secondsOf(plain) - evaluation)).toBeCloseTo(2, 3);
    expect(tuned.data).toEqual(['generated-stories', 'node-docs']);
    expect(tuned.description).toMatch(/^Trained on 0\.12 M tokens of node-docs, then 0\.12 M of generated-stories; /);
    expect(subjectLine(tuned.spec!)).toMatch(
      / M parameters, 0\.12 M tokens of node-docs, then 0\.12 M of generated-stories$/,
    );
    expect(plain.spec).not.toHaveProperty('fineTuning');
  });

  it('of an encoder says so, and is asked for nothing that looks into decoders', () => {
    const encoder = recipeSubjects().find(({ name }) => name === 'masked-modernbert')!;
    expect(subjectLine(encoder.spec!)).toMatch(/^encoder, 2 layers, d48, 0\.071 M parameters, 0\.4 M tokens of /);
    const evaluation = { data: { name: 'generated-stories' }, probes: [{ kind: 'products' } as const] };
    const technique = { id: 'none', parameters: {} };
    expect(() => checkProbes({ subject: encoder.spec!, technique, evaluation })).toThrow(
      'probes look into decoders: an encoder has its loss and its accuracy',
    );
    checkProbes({ subject: encoder.spec!, technique, evaluation: { data: evaluation.data } });
  });

  it('every recipe is trained in no more time than its scale allows', () => {
    for (const { name, spec: recipe, parameters } of recipeSubjects()) {
      const seconds = estimateSeconds({ ...baseOf(spec)!, subject: recipe! });
      const limit = /^(micro|tiny|deep)-(gpt2|llama)$/.test(name) ? 20 : 400;
      expect([name, seconds < limit]).toEqual([name, true]);
      expect(parameters).toBeGreaterThan(60_000);
      expect(parameters).toBeLessThan(1_000_000);
    }
  });
});

function recipeOf({ spec }: ReturnType<typeof recipeSubjects>[number]) {
  if (spec?.kind !== 'recipe') throw new Error('a recipe was asked for');
  return spec;
}

function trainingOf(subject: ReturnType<typeof recipeSubjects>[number]) {
  return recipeOf(subject).training;
}

describe('a plan before submitting', () => {
  it('counts runs, bases, what is known already, and plays the queue', async () => {
    const runs = await planComparison(request({ withBaseline: false }), RESOURCES);
    const all = planSummary(runs, { slots: 2 });
    expect(all).toMatchObject({ runs: 18, bases: 3, reused: 0, limit: 2000, atMostRuns: 18, notes: [] });
    expect(all.arms).toHaveLength(5);
    expect(all.wallSeconds).toBeGreaterThanOrEqual(all.computeSeconds / 2);
    expect(all.wallSeconds).toBeLessThan(all.computeSeconds);
    const bases = new Set(runs.filter((run) => run.role === 'base').map((run) => run.specHash));
    const known = planSummary(runs, { slots: 2, reused: bases });
    expect(known.reused).toBe(3);
    expect(known.computeSeconds).toBeLessThan(all.computeSeconds);
    const one = planSummary(runs, { slots: 1 });
    expect(one.wallSeconds).toBeCloseTo(one.computeSeconds, 9);
    // However many slots: a run waits for its base.
    const base = runs.find((run) => run.role === 'base')!;
    const child = runs.find((run) => run.base === base.specHash)!;
    expect(planSummary(runs, { slots: 1000 }).wallSeconds).toBeGreaterThanOrEqual(
      base.estimatedSeconds + child.estimatedSeconds,
    );
  });
});

describe('a table of arms', () => {
  const outcome = (natsPerByte: number | null): Outcome => ({
    metrics: natsPerByte === null ? { natsPerByte: 3 } : { natsPerByte, top1Accuracy: 1 / natsPerByte },
    items: null,
    diverged: natsPerByte === null ? { step: 3, reason: 'not-finite' } : null,
    timings: {},
    digest: '0'.repeat(64),
    environment: {},
  });
  async function finished(losses: Record<string, (number | null | undefined)[]>): Promise<FinishedRun[]> {
    const plan = await planComparison(
      request({ techniques: [{ id: 'round-to-nearest', grid: { bits: [4] } }] }),
      RESOURCES,
    );
    return plan.map((run) => {
      const loss = losses[run.arm]![run.block];
      return loss === undefined
        ? { ...run, state: 'failed', outcome: null, failure: { code: 'crashed', message: 'x' } }
        : { ...run, state: 'succeeded', outcome: outcome(loss), failure: null };
    });
  }
  const four = 'round-to-nearest bits=4';

  it('pairs by seed: positive is better than the baseline', async () => {
    const runs = await finished({ [BASELINE_ARM]: [2, 2.1, 2.2], [four]: [1.9, 2.01, 2.09] });
    const [baseline, arm] = compareArms(runs, {
      baseline: BASELINE_ARM,
      metric: 'natsPerByte',
      labels: { [four]: 'Four' },
    });
    expect(baseline).toMatchObject({ arm: BASELINE_ARM, n: 3, failed: 0, difference: null });
    expect(arm).toMatchObject({ label: 'Four', technique: 'round-to-nearest', n: 3 });
    expect(arm!.difference!.effect).toBeCloseTo(0.1, 12);
    // Paired differences 0.10, 0.09, 0.11: sd 0.01, t(0.975, 2) = 4.3027.
    expect(arm!.difference!.interval[0]).toBeCloseTo(0.1 - (4.302652729749462 * 0.01) / Math.sqrt(3), 9);
    expect(arm!.metrics.natsPerByte!.mean).toBeCloseTo(2, 12);
    const accuracy = compareArms(runs, { baseline: BASELINE_ARM, metric: 'top1Accuracy' })[1]!;
    expect(accuracy.difference!.effect).toBeGreaterThan(0);
  });

  it('counts failures and compares only blocks that both have', async () => {
    const runs = await finished({ [BASELINE_ARM]: [2, 2.1, undefined], [four]: [1.9, null, 2] });
    const [, arm] = compareArms(runs, { baseline: BASELINE_ARM, metric: 'natsPerByte' });
    expect(arm).toMatchObject({ n: 3, failed: 1 });
    expect(arm!.difference).toMatchObject({ n: 2 });
    const single = await finished({ [BASELINE_ARM]: [2, undefined, undefined], [four]: [1.9, 2, 2] });
    expect(compareArms(single, { baseline: BASELINE_ARM, metric: 'natsPerByte' })[1]!.difference).toMatchObject({
      interval: [null, null],
      n: 1,
    });
  });
});

describe('what can be timed', () => {
  const subject = recipeSubjects()
    .map(({ spec }) => spec)
    .find((spec) => spec?.kind === 'recipe' && spec.name === 'tiny-gpt2')!;
  const checkpoint = { kind: 'checkpoint', name: 'stories260K', sha256: '2'.repeat(64) } as const;
  const refusal = (
    of: 'training' | 'making' | undefined,
    technique: string,
    against: string,
    on: RunSpec['subject'] = subject,
  ): string | null => {
    const spec = (id: string) => ({ id, parameters: {} });
    const timing = { against: spec(against), rounds: 7, sampleMs: 40, of };
    try {
      checkTiming({ technique: spec(technique), timing, subject: on });
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(error.code).toBe('technique-does-not-fit');
      return error.message;
    }
  };

  it.each([
    [undefined, 'round-to-nearest', 'none'],
    [undefined, 'drop-layers', 'round-to-nearest'],
    ['training', 'rms-norm', 'none'],
    ['training', 'none', 'rms-norm'],
    ['training', 'layer-skip', 'parallel-layers'],
    ['making', 'round-to-nearest', 'none'],
    ['making', 'ptqtp', 'bitnet-bottom-up'],
    ['making', 'pre-rmsnorm', 'low-bit-training'],
  ] as const)('%s of %s against %s', (of, technique, against) => {
    expect(refusal(of, technique, against)).toBeNull();
  });

  it.each([
    [undefined, 'rms-norm', 'none', /RMSNorm changes the architecture and is trained anew/],
    [undefined, 'none', 'rms-norm', /RMSNorm changes the architecture and is trained anew/],
    ['training', 'round-to-nearest', 'none', /Round to nearest acts on a trained model: it has no training/],
    ['training', 'rms-norm', 'drop-layers', /acts on a trained model: it has no training/],
    ['making', 'none', 'none', /No technique makes no model of a trained one/],
    ['making', 'drop-layers', 'none', /makes no model of a trained one/],
    ['making', 'rms-norm', 'none', /RMSNorm makes no model of a trained one/],
    ['making', 'layer-skip', 'none', /makes no model of a trained one/],
    ['making', 'ptqtp', 'round-to-nearest', /Round to nearest acts on a trained model: it has no training/],
  ] as const)('not %s of %s against %s', (of, technique, against, message) => {
    expect(refusal(of, technique, against)).toMatch(message);
  });

  it('is no training of a published checkpoint', () => {
    expect(refusal(undefined, 'round-to-nearest', 'none', checkpoint)).toBeNull();
    for (const of of ['training', 'making'] as const) {
      expect(refusal(of, 'round-to-nearest', 'none', checkpoint)).toMatch(
        /stories260K was trained elsewhere: no recipe/,
      );
    }
  });

  it('is no encoder', () => {
    const encoder = recipeSubjects().find(({ name }) => name === 'masked-modernbert')!.spec!;
    expect(refusal('training', 'rms-norm', 'none', encoder)).toBe(
      'only decoders are timed; masked-modernbert is an encoder',
    );
  });

  it('is no training in stages, whose steps differ', () => {
    const tuned = recipeSubjects()
      .map(({ spec }) => spec)
      .find((spec) => spec?.kind === 'recipe' && spec.fineTuning)!;
    expect(refusal(undefined, 'round-to-nearest', 'none', tuned)).toBeNull();
    expect(refusal('training', 'rms-norm', 'none', tuned)).toMatch(/is trained on two texts in turn/);
    expect(refusal('making', 'round-to-nearest', 'none', tuned)).toMatch(/is trained on two texts in turn/);
  });

  it('takes at least a step of training in every sample, for plans', async () => {
    const spec = (await planComparison(request(), RESOURCES))[1]!.spec;
    const against = { id: 'none', parameters: {} };
    const seconds = (of?: 'training' | 'making') =>
      estimateSeconds({ ...spec, timing: { against, rounds: 7, sampleMs: 1, of } });
    expect(seconds('making')).toBeGreaterThan(seconds());
    expect(seconds('training')).toBe(seconds('making'));
  });
});
