import { AppError, type Protocol } from '@claimbench/contracts';
import { corpus } from '@claimbench/corpus';
import { describe, expect, it } from 'vitest';
import type { FinishedRun } from '../finished-run.ts';
import { RULE_VERSION } from '../verdicts/index.ts';
import { advanceProtocol, blocksSoFar, rejudgeProtocol } from './advance.ts';
import { previewProtocol } from './preview.ts';
import { checkProtocol, registerProtocol } from './register.ts';
import { SEED_INDEX, seedAt } from './seeds.ts';
import { type LossModel, luckOf, postTraining, RESOURCES, runProtocol, SECRET, trained } from './synthetic.testing.ts';

/** Losses of the post-training protocol: a base's luck is shared by what is done to it, and each technique adds its own. */
const rounding =
  (gain: number, noise = 0.002): LossModel =>
  ({ spec, luck, own }) => {
    const base = 2 + 0.03 * luck;
    const { id, parameters } = spec.technique;
    if (id === 'none') return base;
    const cost = parameters.bits === 2 ? 0.4 : parameters.granularity === 'group' ? 0.05 - gain : 0.05;
    return base + cost + noise * own;
  };

/** Losses of the trained protocol: a valley around the best rate, and what the norm costs. */
const norms =
  (cost: number, { bestRate = 3e-3, noise = 0.0005 } = {}): LossModel =>
  ({ spec, luck, own }) => {
    if (spec.subject.kind !== 'recipe') throw new Error('expected a recipe');
    const valley = 0.2 * Math.log(spec.subject.training.learningRate / bestRate) ** 2;
    const norm = { 'rms-norm': cost, 'no-norm': 0.3 }[spec.technique.id] ?? 0;
    return 2 + valley + norm + 0.02 * luck + noise * own;
  };

describe('a claim about classifiers', () => {
  /** Nats of a perceptron: a valley around its best rate, what ternary training costs, and what rounding to 2 bits does. */
  const digits =
    (cost: number): LossModel =>
    ({ spec, luck, own }) => {
      if (spec.subject.kind !== 'classifier') throw new Error('expected a classifier');
      const { id } = spec.technique;
      const bestRate = id === 'bitnet-bottom-up' ? 9e-3 : 3e-3;
      const valley = 0.01 * Math.log(spec.subject.training.learningRate / bestRate) ** 2;
      return 0.2 + 0.001 * (luck + own) + valley + ({ 'bitnet-bottom-up': cost, 'round-to-nearest': 0.4 }[id] ?? 0);
    };
  const protocol = corpus.protocolById('289.0-quick')!;

  it('is tuned by their own loss and judged by their accuracy', async () => {
    const { verdict, stages } = await runProtocol(protocol, digits(0.005));
    expect(verdict).toMatchObject({ verdict: 'supported', n: 8, missingGuards: [] });
    // The grid grows once, to a rate above the best of ternary training.
    expect(verdict.tuning.map(({ arm, best, bestAtEdge }) => [arm, best, bestAtEdge])).toEqual([
      ['f32', 3e-3, false],
      ['ternary', 9e-3, false],
    ]);
    expect(stages.map((stage) => [stage[0]!.role, stage.length])).toEqual([
      ['tuning', 12],
      ['tuning', 4],
      ['judged', 33],
    ]);
    expect(verdict.subjectLine).toContain('perceptron, hidden layers of 128 and 128, 0.031 M parameters');
    expect(verdict.words).toContain('Direction supported at 0.031 M parameters');
  });

  it('is contradicted only where the wider one shows the same', async () => {
    const { verdict } = await runProtocol(protocol, digits(0.1));
    expect(verdict).toMatchObject({ verdict: 'contradicted', reason: 'worse-than-margin', missingGuards: [] });
    expect(verdict.secondSize?.subjectLine).toContain('hidden layers of 256 and 256');
  });

  it('has no arm with a decoder of its own', () => {
    const [first, ...others] = protocol.arms;
    const arms = [{ ...first!, subject: { kind: 'recipe', name: 'tiny-gpt2' } as const }, ...others];
    expect(() => checkProtocol({ ...protocol, arms })).toThrow(
      'arms.0.subject: no decoder is compared with the classifier digits-mlp: leave it out',
    );
  });

  it('is not judged where the perceptron has learned nothing', async () => {
    const { verdict } = await runProtocol(protocol, (run) => digits(0.01)(run) + 1.5);
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'premise-absent' });
  });
});

describe('a claim about trained models', () => {
  it('that is true is supported at the first look, after equal tuning of every arm', async () => {
    const { verdict, stages, finished } = await runProtocol(trained(), norms(0));
    expect(verdict).toMatchObject({
      verdict: 'supported',
      reason: 'within-margin',
      look: 1,
      n: 3,
      missingGuards: [],
      plan: 'standard',
      failedRuns: {},
    });
    expect(verdict.controls.map(({ id, passed }) => [id, passed])).toEqual([
      ['no-norm', true],
      ['same', true],
      ['bits', true],
    ]);
    // Tuning: three models (LayerNorm once, however many arms use it) x 3 rates x 2 seeds, on validation.
    expect(stages[0]).toHaveLength(18);
    expect(stages[0]!.every((run) => run.role === 'tuning' && run.spec.evaluation.split === 'validation')).toBe(true);
    expect(verdict.tuning.map(({ arm, best, bestAtEdge }) => [arm, best, bestAtEdge])).toEqual([
      ['ln', 3e-3, false],
      ['rms', 3e-3, false],
      ['none', 3e-3, false],
    ]);
    // Judged: four arms x 3 blocks and the repetition, on test, at the tuned rate.
    expect(stages[1]).toHaveLength(13);
    expect(stages[1]!.every((run) => run.spec.evaluation.split === 'test' && run.base === null)).toBe(true);
    expect(stages[1]!.filter((run) => run.fresh).map(({ arm, block }) => [arm, block])).toEqual([['ln-repeat', 0]]);
    expect(new Set(finished.map(({ stage }) => stage))).toEqual(new Set([0, 1]));
    expect(verdict.words).toContain('Direction supported at 0.1');
    expect(verdict.words).toContain('n = 3');
    expect(verdict.subjectLine).toMatch(/^2 layers, d64, 0\.1\d M parameters, 0\.2 M tokens of node-docs$/);
  });

  it('that is false is contradicted only with a second size that shows the same', async () => {
    const alone = await runProtocol(trained(), norms(0.1));
    expect(alone.verdict).toMatchObject({ verdict: 'inconclusive', reason: 'unguarded', secondSize: null });
    expect(alone.verdict.missingGuards).toEqual(['second size: it is not part of the protocol']);

    const twoSizes = trained({ secondSubject: { kind: 'recipe', name: 'xs-gpt2' } });
    const both = await runProtocol(twoSizes, norms(0.1));
    expect(both.verdict).toMatchObject({ verdict: 'contradicted', reason: 'worse-than-margin', missingGuards: [] });
    expect(both.verdict.secondSize?.subjectLine).toMatch(/^4 layers, d64/);
    expect(both.verdict.words).toContain('Direction contradicted');
    // The second size is tuned too, and only then; not for a control, which only the first size needs.
    expect(both.stages.map((stage) => [stage[0]!.role, stage.length])).toEqual([
      ['tuning', 18],
      ['judged', 13],
      ['tuning', 12],
      ['judged', 6],
    ]);

    const onlySmall: LossModel = (run) => {
      const larger = run.spec.subject.kind === 'recipe' && run.spec.subject.name === 'xs-gpt2';
      return norms(larger ? 0 : 0.1)(run);
    };
    const turned = await runProtocol(twoSizes, onlySmall);
    expect(turned.verdict).toMatchObject({ verdict: 'inconclusive', reason: 'unguarded' });
    expect(turned.verdict.missingGuards.join()).toContain('comes out the other way');
  });

  it('extends the grid of all arms when one finds its best rate at the edge', async () => {
    const shifted: LossModel = (run) => norms(0, { bestRate: run.spec.technique.id === 'rms-norm' ? 9e-3 : 3e-3 })(run);
    const { verdict, stages } = await runProtocol(trained(), shifted);
    expect(stages.map((stage) => stage[0]!.role)).toEqual(['tuning', 'tuning', 'judged']);
    expect(stages[1]!.map(({ arm }) => arm)).toEqual([
      'tune/ln@0.027',
      'tune/rms@0.027',
      'tune/none@0.027',
      'tune/ln@0.027',
      'tune/rms@0.027',
      'tune/none@0.027',
    ]);
    expect(verdict.verdict).toBe('supported');
    const rates = new Map(
      stages[2]!.map(({ arm, spec }) => [arm, spec.subject.kind === 'recipe' && spec.subject.training.learningRate]),
    );
    expect(rates.get('rms')).toBe(9e-3);
    expect(rates.get('ln')).toBe(3e-3);
  });

  it('does not chase the best rate of a control that fails at every rate', async () => {
    const fails: LossModel = (run) => (run.spec.technique.id === 'no-norm' ? Number.NaN : norms(0)(run));
    const { verdict, stages } = await runProtocol(trained(), fails);
    expect(stages.map((stage) => stage[0]!.role)).toEqual(['tuning', 'judged']);
    expect(verdict).toMatchObject({ verdict: 'supported', failedRuns: { none: 3 } });
    expect(verdict.tuning.find(({ arm }) => arm === 'none')).toMatchObject({ bestAtEdge: true });
  });

  it('stays unguarded when the best rate runs away', async () => {
    const { verdict, stages } = await runProtocol(trained(), norms(0, { bestRate: 10 }));
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'unguarded' });
    expect(verdict.missingGuards[0]).toMatch(/equal tuning: the best rate of ln, 0\.081, is still at the edge/);
    expect(stages.filter((stage) => stage[0]!.role === 'tuning')).toHaveLength(3);
  });

  it('without any tuning is unguarded for both words', async () => {
    for (const cost of [0, 0.1]) {
      const { verdict } = await runProtocol(trained({ tuning: null }), norms(cost));
      expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'unguarded' });
      expect(verdict.missingGuards.join()).toContain('equal tuning');
    }
  });

  it('goes on to further looks while the noise hides the answer, and says what it would have found', async () => {
    const { verdict, stages } = await runProtocol(trained(), norms(0.01, { noise: 0.05 }));
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'too-noisy', look: 3, n: 8 });
    expect(stages.map((stage) => stage.length)).toEqual([18, 13, 8, 12]);
    expect(verdict.labels).toContain('underpowered');
    expect(verdict.words).toMatch(/An effect of 0\.\d+ nats\/byte would have been found in 4 of 5 tries/);
    expect(verdict.parts[0]!.contrasts).toHaveLength(8);
  });

  it('whose technique fails to train twice is not supported, however good its other runs are', async () => {
    const fails =
      (limit: number): LossModel =>
      (run) =>
        run.arm === 'rms' && run.luck > limit ? Number.NaN : norms(-1)(run);
    const protocol = trained({ plan: { name: 'fixed', blocks: 20 } });
    const twice = await runProtocol(protocol, fails(1));
    expect(twice.verdict).toMatchObject({ verdict: 'inconclusive', reason: 'technique-failed' });
    expect(twice.verdict.failedRuns.rms).toBeGreaterThanOrEqual(2);
    expect(twice.verdict.parts[0]).toMatchObject({ verdict: 'supported' });
    expect(twice.verdict.labels).toContain('failed-runs');
    expect(twice.verdict.words).toContain('count as the unigram entropy: rms');
    const never = await runProtocol(protocol, fails(10));
    expect(never.verdict).toMatchObject({ verdict: 'supported', failedRuns: {} });
  });

  it('that flips with the rate is labelled fragile', async () => {
    const fragile: LossModel = (run) => {
      const rate = run.spec.subject.kind === 'recipe' ? run.spec.subject.training.learningRate : 0;
      return norms(rate > 5e-3 ? 0.2 : 0)(run);
    };
    const { verdict } = await runProtocol(trained(), fragile);
    expect(verdict.verdict).toBe('supported');
    expect(verdict.labels).toEqual(['fragile']);
  });
});

describe('a claim about trained bases', () => {
  it('is decided on bases that all arms share, and every base is planned once, before its runs', async () => {
    const { verdict, stages } = await runProtocol(postTraining(), rounding(0.04));
    expect(verdict).toMatchObject({ verdict: 'supported', look: 1, n: 5 });
    const runs = stages[0]!;
    // The arm `float` is the base of the shared seeds; the other seeds need bases of their own.
    expect(runs.filter((run) => run.role === 'base')).toHaveLength(5);
    const position = new Map(runs.map((run, i) => [run.specHash, i]));
    for (const [i, run] of runs.entries()) if (run.base) expect(position.get(run.base)).toBeLessThan(i);
    expect(runs.filter((run) => run.base === null)).toHaveLength(10);
    const group = runs.find((run) => run.arm === 'group' && run.block === 2)!;
    const float = runs.find((run) => run.arm === 'float' && run.block === 2)!;
    expect(group.base).toBe(float.specHash);
    // The repetition is the same spec, executed afresh on the same base.
    const repeat = runs.find((run) => run.fresh)!;
    expect(repeat.specHash).toBe(runs.find((run) => run.arm === 'group' && run.block === 0)!.specHash);
  });

  it('needs no new bases for later looks but those of the new blocks', async () => {
    const { stages } = await runProtocol(postTraining(), rounding(0.012, 0.02));
    expect(stages.length).toBeGreaterThan(1);
    const [first, second] = stages;
    const known = new Set(first!.map((run) => run.specHash));
    expect(second!.every((run) => !known.has(run.specHash))).toBe(true);
    expect(second!.every((run) => run.block >= 5)).toBe(true);
  });

  it('asks only for what is missing when some runs of a stage are there already', async () => {
    const { registered, protocolHash } = await registerProtocol(postTraining(), RESOURCES);
    const ask = async (finished: readonly FinishedRun[]) => {
      const advance = await advanceProtocol({ registered, protocolHash, secret: SECRET, finished });
      if (advance.kind !== 'runs') throw new Error('expected runs');
      return advance.runs;
    };
    const all = await ask([]);
    const done = (await runProtocol(postTraining(), rounding(0.04))).finished.filter(
      (run) => run.role === 'base' || run.arm === 'float',
    );
    const rest = await ask(done);
    expect(rest).toHaveLength(all.length - done.length);
    expect(rest.every((run) => run.base !== null && run.stage === 1)).toBe(true);
  });

  it('with no effect is contradicted as not material, at two sizes', async () => {
    const { verdict } = await runProtocol(postTraining(), rounding(0));
    expect(verdict).toMatchObject({ verdict: 'contradicted', reason: 'not-material' });
    expect(verdict.secondSize?.parts.map(({ effect, margin }) => effect < margin)).toEqual([true]);
  });

  it('is never decided by chance: A against A over many registrations', async () => {
    // No effect, and a margin of nothing: only noise could support it. 2.5 % may; 80 tries give at most 6 (99.5 %).
    let supported = 0;
    for (let registration = 1; registration <= 80; registration++) {
      const protocol = postTraining({
        version: registration,
        parts: postTraining().parts.map((part) => ({ ...part, margin: { kind: 'absolute', value: 0 } })),
      });
      const { verdict } = await runProtocol(protocol, rounding(0, 0.01));
      if (verdict.verdict === 'supported') supported++;
    }
    expect(supported).toBeLessThanOrEqual(6);
  }, 60_000);
});

describe('guards', () => {
  const spoil = (arm: string, change: (run: FinishedRun) => FinishedRun) => (run: FinishedRun) =>
    run.arm === arm ? change(run) : run;

  it('a run that is not reproduced bit for bit forbids both words', async () => {
    const other = spoil('group-repeat', (run) => ({ ...run, outcome: { ...run.outcome!, digest: 'f'.repeat(64) } }));
    for (const gain of [0.04, -0.04]) {
      const { verdict } = await runProtocol(postTraining(), rounding(gain), other);
      expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'unguarded' });
      expect(verdict.missingGuards[0]).toMatch(/^bit control: .*differ$/);
    }
  });

  it('a baseline that differs from itself forbids both words', async () => {
    const biased: LossModel = (run) => rounding(0.04)(run) + (run.arm === 'tensor-other' ? 0.3 : 0);
    const { verdict } = await runProtocol(postTraining(), biased);
    expect(verdict.reason).toBe('unguarded');
    expect(verdict.missingGuards[0]).toMatch(/^negative control: .*a difference where there is none/);
  });

  it('a known effect that stays unseen forbids a contradiction, not support', async () => {
    const blind: LossModel = (run) =>
      run.arm.startsWith('two')
        ? rounding(0)({ ...run, spec: { ...run.spec, technique: { id: 'none', parameters: {} } } })
        : rounding(0)(run);
    const contradicted = await runProtocol(postTraining(), blind);
    expect(contradicted.verdict.reason).toBe('unguarded');
    expect(contradicted.verdict.missingGuards[0]).toMatch(/^positive control: two bits lose more than four: not seen/);
    const helps: LossModel = (run) => blind(run) - (run.arm === 'group' ? 0.04 : 0);
    const supported = await runProtocol(postTraining(), helps);
    expect(supported.verdict).toMatchObject({ verdict: 'supported' });
    expect(supported.verdict.controls[0]).toMatchObject({ kind: 'positive', passed: false });
  });

  it('a mechanism that is not seen does not contradict the paper', async () => {
    const { verdict } = await runProtocol(postTraining({ grade: 'mechanism-only' }), rounding(0));
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'mechanism-not-seen' });
  });
});

describe('what is missing is said', () => {
  it('a run that the platform could not complete makes the verdict incomplete and is named', async () => {
    const { verdict } = await runProtocol(postTraining(), rounding(0.04), (run) =>
      run.arm === 'group' && run.block === 3
        ? { ...run, state: 'timed-out', outcome: null, failure: { code: 'time-limit', message: '1200 s passed' } }
        : run,
    );
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'incomplete', look: 0, parts: [] });
    expect(verdict.words).toContain('group, block 3: time-limit (1200 s passed)');
  });

  it('a metric that an arm does not have', async () => {
    const { verdict } = await runProtocol(postTraining(), rounding(0.04), (run) => {
      const { natsPerByte: _absent, ...metrics } = run.outcome!.metrics;
      return run.arm === 'group' ? { ...run, outcome: { ...run.outcome!, metrics, items: null } } : run;
    });
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'metric-undefined' });
    expect(verdict.words).toContain('natsPerByte is undefined for arm group, block 0');
  });

  it('a premise that does not hold', async () => {
    const premises = [
      {
        ...postTraining().parts[0]!,
        id: 'gap',
        statement: 'four bits cost something at all',
        contrast: {
          metric: 'natsPerByte' as const,
          scale: 'raw' as const,
          terms: [
            { arm: 'tensor', coefficient: 1 },
            { arm: 'float', coefficient: -1 },
          ],
        },
      },
    ];
    const free: LossModel = (run) => rounding(0)(run) - (run.arm === 'tensor' ? 0.05 : 0);
    const { verdict } = await runProtocol(postTraining({ premises }), free);
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'premise-absent' });
    expect(verdict.words).toContain('four bits cost something at all');
    expect(verdict.premises[0]!.verdict).toBe('contradicted');
    const holds = await runProtocol(postTraining({ premises }), rounding(0.04));
    expect(holds.verdict.verdict).toBe('supported');
  });
});

describe('several conditions, and other templates', () => {
  const part = postTraining().parts[0]!;
  const two = {
    ...part,
    id: 'than-two',
    statement: 'two bits lose more',
    contrast: {
      ...part.contrast,
      terms: [
        { arm: 'two', coefficient: 1 },
        { arm: 'group', coefficient: -1 },
      ],
    },
  };

  it('all must hold; any needs one', async () => {
    const all = await runProtocol(postTraining({ parts: [part, two], quantifier: 'all' }), rounding(0));
    expect(all.verdict).toMatchObject({ verdict: 'contradicted', reason: 'parts-contradicted' });
    expect(all.verdict.words).toContain('1 of 2 conditions supported, 1 contradicted; all must hold.');
    const any = await runProtocol(postTraining({ parts: [part, two], quantifier: 'any' }), rounding(0));
    expect(any.verdict).toMatchObject({ verdict: 'supported', reason: 'parts-supported' });
  });

  it('a counted ratio is held against its printed digits', async () => {
    const counted = (claimed: number) =>
      postTraining({
        kind: 'count',
        grade: 'same-regime',
        parts: [
          {
            id: 'ratio',
            statement: 'compression of the weights',
            template: 'count',
            contrast: {
              metric: 'bitsPerWeight',
              scale: 'log',
              terms: [
                { arm: 'float', coefficient: 1 },
                { arm: 'group', coefficient: -1 },
              ],
            },
            margin: { kind: 'absolute', value: 0 },
            counted: { claimed, relation: 'about', decimals: 1 },
          },
        ],
      });
    const right = await runProtocol(counted(7.5), rounding(0));
    expect(right.verdict).toMatchObject({ verdict: 'supported', reason: 'counted' });
    expect(right.verdict.words).toContain('counted 7.53 ratio');
    expect((await runProtocol(counted(8), rounding(0))).verdict.verdict).toBe('contradicted');
  });

  it('two arms that must be identical are compared item by item, with a mutant', async () => {
    const identical = (id: string, arm: string, other: string) => ({
      id,
      statement: 'both give the same losses',
      template: 'exact' as const,
      contrast: {
        metric: 'natsPerByte' as const,
        terms: [
          { arm, coefficient: 1 },
          { arm: other, coefficient: -1 },
        ],
      },
      margin: { kind: 'absolute' as const, value: 1e-9 },
    });
    const identity = (arm: string, mutant = 'two') =>
      postTraining({
        kind: 'identity',
        grade: 'same-regime',
        plan: { name: 'fixed', blocks: 20 },
        parts: [identical('same', 'group', arm)],
        controls: [
          { id: 'mutant', kind: 'positive', statement: 'noticed', part: identical('mutant', 'group', mutant) },
          ...postTraining().controls.slice(1),
        ],
      });
    // Without noise of their own and without gain, groups and tensors cost the same: 20 blocks x 12 items.
    // Seeds under which the base against other seeds of itself, the negative control, is within its interval, as it is for 19 of 20.
    const seeds = { secret: '7'.repeat(64) };
    const judged = (protocol: Protocol) => runProtocol(protocol, rounding(0, 0), undefined, seeds);
    const same = await judged(identity('tensor'));
    expect(same.verdict).toMatchObject({ verdict: 'supported', reason: 'no-mismatch' });
    expect(same.verdict.parts[0]).toMatchObject({ n: 240, effect: 0 });
    const blunt = await judged(identity('tensor', 'tensor'));
    expect(blunt.verdict).toMatchObject({ verdict: 'inconclusive', reason: 'test-without-teeth' });
    const other = await judged(identity('two'));
    expect(other.verdict).toMatchObject({ verdict: 'contradicted', reason: 'mismatch' });
  });

  it('failures are compared as rates over pairs of one setting', async () => {
    const arms = [1e-3, 1e-2].flatMap((rate, i) => [
      {
        id: `ln-${i}`,
        label: 'LayerNorm',
        role: 'baseline' as const,
        technique: { id: 'layer-norm', parameters: {} },
        learningRate: rate,
      },
      {
        id: `rms-${i}`,
        label: 'RMSNorm',
        role: 'technique' as const,
        technique: { id: 'rms-norm', parameters: {} },
        learningRate: rate,
      },
    ]);
    const protocol = trained({
      kind: 'stability',
      grade: 'same-regime',
      tuning: null,
      plan: { name: 'fixed', blocks: 12 },
      arms: [...trained().arms, ...arms],
      parts: [
        {
          id: 'fails-less',
          statement: 'RMSNorm fails less often',
          template: 'rate',
          contrast: {
            metric: 'natsPerByte',
            terms: [
              { arm: 'ln-0', coefficient: 1 },
              { arm: 'rms-0', coefficient: -1 },
              { arm: 'ln-1', coefficient: 1 },
              { arm: 'rms-1', coefficient: -1 },
            ],
          },
          margin: { kind: 'absolute', value: 0.2 },
        },
      ],
    });
    const fragile: LossModel = (run) =>
      run.arm === 'ln-1' ? Number.NaN : 2 + 0.01 * run.own + (run.spec.technique.id === 'no-norm' ? 0.5 : 0);
    const { verdict, stages, finished } = await runProtocol(protocol, fragile);
    expect(verdict).toMatchObject({ verdict: 'supported', reason: 'fails-less', failedRuns: { 'ln-1': 12 } });
    // 24 pairs with a margin of 0.2 need 6 one-sided ones: they come in 4 of 5 tries when 31 % of the pairs are.
    expect(verdict.parts[0]).toMatchObject({ n: 24, effect: 0.5, mde: 0.31 });
    const { registered, protocolHash } = await registerProtocol(protocol, RESOURCES);
    expect(blocksSoFar({ registered, protocolHash, finished }).parts[0]!.contrasts).toEqual(
      verdict.parts[0]!.contrasts,
    );
    const again = await runProtocol(protocol, fragile, undefined, { secret: '6'.repeat(64), earlier: [verdict] });
    expect(again.verdict.parts[0]).toMatchObject({ verdict: 'supported', n: 48, effect: 0.5, level: 0.988 });
    const rate = stages[0]!.find((run) => run.arm === 'rms-1')!.spec.subject;
    expect(rate.kind === 'recipe' && rate.training.learningRate).toBe(1e-2);
  });
});

describe('a claim about speed', () => {
  const part = {
    id: 'faster',
    statement: 'groups are faster than f32',
    template: 'greater' as const,
    contrast: { metric: 'timeRatio' as const, terms: [{ arm: 'group', coefficient: 1 }] },
    margin: { kind: 'absolute' as const, value: Math.log(1.02) },
  };
  const speed = postTraining({
    kind: 'speed',
    grade: 'same-regime',
    secondSubject: null,
    plan: { name: 'fixed', blocks: 8 },
    timing: { against: { id: 'none', parameters: {} }, rounds: 9, sampleMs: 50 },
    parts: [part],
  });
  /** What the runs' clocks say: a gain, the spread of the twins, and what else the machine did. */
  const clocked =
    (gain: number, { twin = 0, noise = 0.002, others = 0.05, preempted = 0 } = {}) =>
    (run: FinishedRun): FinishedRun => ({
      ...run,
      outcome: {
        ...run.outcome!,
        timings: {
          timeRatio: gain + noise * luckOf(`${run.specHash} times`),
          twinTimeRatio: twin + noise * luckOf(`${run.specHash} twins`),
          othersShare: others,
          preemptedShare: preempted,
        },
      },
    });

  it('is judged on the times of eight processes, each of which starts from a trained model', async () => {
    const { verdict, stages } = await runProtocol(speed, rounding(0), clocked(0.1));
    expect(verdict).toMatchObject({ verdict: 'supported', n: 8 });
    expect(verdict.parts[0]).toMatchObject({ unit: 'ln ratio' });
    expect(verdict.parts[0]!.effect).toBeCloseTo(0.1, 2);
    // Only the arm whose times are read, and whoever repeats it, has a machine to itself.
    const timed = stages[0]!.filter((run) => run.spec.timing !== undefined);
    expect(new Set(timed.map(({ arm }) => arm))).toEqual(new Set(['group', 'group-repeat']));
    expect(timed.every((run) => run.spec.timing?.rounds === 9 && run.base !== null)).toBe(true);
    // The base itself is trained and not timed.
    expect(stages[0]!.filter((run) => run.role === 'base').every((run) => run.spec.timing === undefined)).toBe(true);
    const equal = await runProtocol(speed, rounding(0), clocked(0));
    expect(equal.verdict).toMatchObject({ verdict: 'contradicted', reason: 'not-material' });
  });

  it.each([
    ['sees a difference between the baseline and itself', { twin: 0.02 }],
    ['is noisier than a quarter of the effect', { noise: 0.15 }],
    ['had other work to do', { others: 0.5 }],
    ['was interrupted', { preempted: 0.05 }],
  ])('is refused where the machine %s', async (_what, machine) => {
    const { verdict } = await runProtocol(speed, rounding(0), clocked(0.1, machine));
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'machine-refused' });
  });

  it('is not made from counted things: a run without a clock has no such metric', async () => {
    const { verdict } = await runProtocol(speed, rounding(0));
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'metric-undefined' });
    expect(verdict.words).toContain('timeRatio is undefined for arm group, block 0');
  });

  it('times the training of what is trained anew, and of no arm whose times nothing reads', async () => {
    const training = trained({
      kind: 'speed',
      secondSubject: null,
      grade: 'same-regime',
      plan: { name: 'fixed', blocks: 8 },
      timing: { against: { id: 'none', parameters: {} }, rounds: 9, sampleMs: 50, of: 'training' },
      parts: [{ ...part, contrast: { ...part.contrast, terms: [{ arm: 'rms', coefficient: 1 }] } }],
      quantifier: 'single',
    });
    const { verdict, stages } = await runProtocol(training, norms(0), clocked(0.1));
    expect(verdict).toMatchObject({ verdict: 'supported', n: 8 });
    // Tuned by losses, without a clock; then a timed run trains its own model at the rate found, and times the steps of others.
    const judged = stages.flat().filter((run) => run.spec.timing !== undefined);
    expect(new Set(judged.map(({ arm }) => arm))).toEqual(new Set(['rms']));
    expect(judged).toHaveLength(8);
    expect(judged.every(({ base, spec }) => base === null && spec.timing?.of === 'training')).toBe(true);
    // A part that rounds a trained model has no training to be timed.
    const making = { ...training.timing!, of: 'making' as const };
    expect(() => checkProtocol({ ...training, timing: making })).toThrow('RMSNorm makes no model of a trained one');
  });

  it('cannot time what is trained anew', () => {
    const timing = { ...speed.timing!, against: { id: 'rms-norm', parameters: {} } };
    expect(() => checkProtocol({ ...speed, timing })).toThrow('is not timed against a trained model');
  });
});

describe('a pilot', () => {
  const piloted = (most = 20) => postTraining({ plan: { name: 'pilot', most } });

  it('has seeds of its own, is never judged, and says how many blocks are needed', async () => {
    const quiet = await runProtocol(piloted(), rounding(0.04, 0.001));
    expect(quiet.verdict).toMatchObject({ verdict: 'supported', n: 3, plan: 'pilot, at most 20 blocks' });
    const [pilot, judged] = quiet.stages;
    const compared = pilot!.filter((run) => run.role !== 'base').map(({ arm, block }) => `${arm} ${block}`);
    // What the part compares and what its margin is a share of; no control.
    expect(new Set(compared.map((key) => key.slice(0, -2)))).toEqual(
      new Set(['pilot/float', 'pilot/tensor', 'pilot/group']),
    );
    expect(compared).toHaveLength(9);
    const { secret, hash } = { secret: SECRET, hash: quiet.verdict.protocolHash };
    const seed = pilot!.find((run) => run.arm === 'pilot/group' && run.block === 2)!.spec.seed;
    expect(seed).toBe(await seedAt(secret, hash, SEED_INDEX.pilot + 2));
    const seeds = new Set(judged!.map((run) => run.spec.seed));
    expect(pilot!.filter((run) => seeds.has(run.spec.seed))).toEqual([]);

    const noisy = await runProtocol(piloted(), rounding(0.04, 0.02));
    expect(noisy.verdict.n).toBeGreaterThan(3);
    expect(noisy.verdict.n).toBeLessThanOrEqual(20);
  });

  it('that no affordable number of blocks could follow makes the verdict underpowered', async () => {
    const { verdict } = await runProtocol(piloted(5), rounding(0.04, 0.2));
    expect(verdict).toMatchObject({ n: 5 });
    expect(verdict.labels.filter((label) => label === 'underpowered')).toHaveLength(1);
  });

  it('is part of the preview', async () => {
    const plan = previewProtocol(piloted(), RESOURCES, { slots: 2 });
    const { stages } = await runProtocol(piloted(), rounding(0.04, 0.01));
    expect(plan.runs).toBeLessThanOrEqual(stages.flat().length);
    expect(plan.atMostRuns).toBeGreaterThanOrEqual(stages.flat().length);
    expect(plan.notes[0]).toContain('at as many seeds as a pilot of 3 says, at most 20');
  });
});

describe('a second registration', () => {
  it('is pooled with the first: its blocks add to the evidence, they do not replace it', async () => {
    const protocol = postTraining({ plan: { name: 'fixed', blocks: 5 } });
    const first = await runProtocol(protocol, rounding(0.012, 0.02));
    const earlier = [first.verdict];
    const secret = '6'.repeat(64);
    const second = await runProtocol(protocol, rounding(0.04, 0.002), undefined, { secret, earlier });
    expect(second.verdict.protocolHash).toBe(first.verdict.protocolHash);
    const { contrasts, n } = second.verdict.parts[0]!;
    expect(contrasts.slice(0, 5)).toEqual(first.verdict.parts[0]!.contrasts);
    expect(n).toBe(10);
    expect(second.verdict.labels).toContain('pooled');
    const third = await runProtocol(protocol, rounding(0.04, 0.002), undefined, {
      secret: '7'.repeat(64),
      earlier: [first.verdict, second.verdict],
    });
    expect(third.verdict.parts[0]!.contrasts.slice(0, 10)).toEqual(contrasts);
    expect(third.verdict.parts[0]!.n).toBe(15);
    // Alone, these blocks would have been clear; with the first five they are wider than a t interval over all.
    const alone = await runProtocol(protocol, rounding(0.04, 0.002), undefined, { secret });
    const width = (story: typeof alone) => story.verdict.parts[0]!.interval[1]! - story.verdict.parts[0]!.interval[0]!;
    expect(width(second)).toBeGreaterThan(3 * width(alone));
  });

  it('counts what a cancelled registration measured, as far as its blocks are complete', async () => {
    const protocol = postTraining({ plan: { name: 'fixed', blocks: 5 } });
    const { registered, protocolHash } = await registerProtocol(protocol, RESOURCES);
    const cancelled = await runProtocol(protocol, rounding(0.012, 0.02));
    // Cancelled while the fourth block was measured: one of its arms is missing.
    const finished = cancelled.finished.filter((run) => !(run.arm === 'group' && run.block >= 3));
    const soFar = blocksSoFar({ registered, protocolHash, finished });
    expect(soFar.parts[0]!.contrasts).toEqual(cancelled.verdict.parts[0]!.contrasts.slice(0, 3));
    const options = { secret: '6'.repeat(64), earlier: [soFar] };
    const next = await runProtocol(protocol, rounding(0.04, 0.002), undefined, options);
    expect(next.verdict.labels).toContain('pooled');
    expect(next.verdict.parts[0]).toMatchObject({ n: 8 });
    expect(next.verdict.parts[0]!.contrasts.slice(0, 3)).toEqual(soFar.parts[0]!.contrasts);
    expect(blocksSoFar({ registered, protocolHash, finished: [] }).parts[0]!.contrasts).toEqual([]);
  });

  it('of another protocol is refused', async () => {
    const other = await runProtocol(postTraining({ version: 2 }), rounding(0.04));
    const mixed = runProtocol(postTraining(), rounding(0.04), undefined, { earlier: [other.verdict] });
    await expect(mixed).rejects.toThrow(/cannot be pooled/);
  });
});

describe('a change of the rules', () => {
  it('judges stored outcomes again without a run, under the version of today', async () => {
    const protocol = postTraining();
    const { registered, protocolHash } = await registerProtocol(protocol, RESOURCES);
    const { verdict, finished } = await runProtocol(protocol, rounding(0.04));
    const old = { ...registered, ruleVersion: 0 };
    const again = await rejudgeProtocol({ registered: old, protocolHash, secret: SECRET, finished });
    expect(again).toEqual(verdict);
    expect(again.ruleVersion).toBe(RULE_VERSION);
  });

  it('that asks for more than was measured says so instead of deciding', async () => {
    const { registered, protocolHash } = await registerProtocol(postTraining(), RESOURCES);
    const { finished } = await runProtocol(postTraining(), rounding(0.04));
    const fewer = finished.filter((run) => run.block < 4);
    const again = await rejudgeProtocol({ registered, protocolHash, secret: SECRET, finished: fewer });
    expect(again).toMatchObject({ verdict: 'inconclusive', reason: 'needs-more-runs' });
  });
});

describe('registration', () => {
  it('freezes everything by its hash, and seeds follow from secret, hash and index', async () => {
    const { registered, protocolHash } = await registerProtocol(postTraining(), RESOURCES);
    expect(registered.protocol.arms[1]!.technique.parameters).toHaveProperty('groupSize');
    expect(registered.evaluation.data.sha256).toBe('1'.repeat(64));
    const again = await registerProtocol(postTraining(), RESOURCES);
    expect(again.protocolHash).toBe(protocolHash);
    const other = await registerProtocol(postTraining({ version: 2 }), RESOURCES);
    expect(other.protocolHash).not.toBe(protocolHash);

    const first = await advanceProtocol({ registered, protocolHash, secret: SECRET, finished: [] });
    if (first.kind !== 'runs') throw new Error('expected runs');
    const seedOf = (arm: string, block: number) =>
      first.runs.find((run) => run.arm === arm && run.block === block)!.spec.seed;
    expect(seedOf('group', 3)).toBe(await seedAt(SECRET, protocolHash, SEED_INDEX.judged + 3));
    expect(seedOf('tensor', 3)).toBe(seedOf('group', 3));
    expect(seedOf('tensor-other', 3)).toBe(await seedAt(SECRET, protocolHash, SEED_INDEX.other + 3));
    expect(seedOf('group-repeat', 0)).toBe(seedOf('group', 0));
    expect(await advanceProtocol({ registered, protocolHash, secret: SECRET, finished: [] })).toEqual(first);
  });

  it.each([
    [
      'unknown-technique',
      { arms: postTraining().arms.map((arm) => ({ ...arm, technique: { id: 'magic', parameters: {} } })) },
    ],
    [
      'invalid-parameters',
      {
        arms: postTraining().arms.map((arm) => ({
          ...arm,
          technique: { id: 'round-to-nearest', parameters: { bits: 99 } },
        })),
      },
    ],
    [
      'technique-does-not-fit',
      {
        arms: [
          ...postTraining().arms,
          {
            ...postTraining().arms[0]!,
            id: 'deep',
            technique: { id: 'drop-layers', parameters: { select: 'first', count: 50 } },
          },
        ],
      },
    ],
    ['invalid-request', { parts: [{ ...postTraining().parts[0]!, template: 'count' as const }] }],
    ['invalid-request', { controls: [{ id: 'bits', kind: 'bit' as const, statement: 'x', part: null, arm: 'float' }] }],
    ['unknown-subject', { subject: { kind: 'recipe' as const, name: 'huge' } }],
  ] as const)('refuses what cannot be run: %s', (code, changes) => {
    const refused = () => checkProtocol(postTraining(changes as Parameters<typeof postTraining>[0]));
    expect(refused).toThrow(AppError);
    expect(refused).toThrow(expect.objectContaining({ code }));
  });

  it('is previewed with the runs that are certain and those that may follow', async () => {
    const plan = previewProtocol(trained(), RESOURCES, { slots: 2 });
    const { stages } = await runProtocol(trained(), norms(0.01, { noise: 0.05 }));
    expect(plan.runs).toBe(stages[0]!.length + stages[1]!.length);
    expect(plan.atMostRuns).toBeGreaterThanOrEqual(stages.flat().length);
    expect(plan.wallSeconds).toBeGreaterThanOrEqual(plan.computeSeconds / 2);
    const quick = previewProtocol(postTraining(), RESOURCES, { slots: 2 });
    const story = await runProtocol(postTraining(), rounding(0.04));
    expect([quick.runs, quick.bases]).toEqual([story.stages[0]!.length, 5]);
  });
});
