import { AppError, type Protocol } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { protocolArms } from './arms.ts';
import { judgedDrafts } from './drafts.ts';
import { previewProtocol } from './preview.ts';
import { checkProtocol, registerProtocol } from './register.ts';
import { type LossModel, postTraining, RESOURCES, runProtocol, trained } from './synthetic.testing.ts';

const recipe = (name: string) => ({ kind: 'recipe' as const, name });
const layerNorm = { id: 'layer-norm', parameters: {} };
const SHORT = recipe('slim-seven-tenths-gpt2');

const terms = (arm: string, other: string) => [
  { arm, coefficient: 1 },
  { arm: other, coefficient: -1 },
];
const greater = (id: string, arm: string, other: string) => ({
  id,
  statement: id,
  template: 'greater' as const,
  contrast: { metric: 'natsPerByte' as const, terms: terms(arm, other) },
  margin: { kind: 'absolute' as const, value: 0.01 },
});

/** "With LayerNorm 70 % of the tokens are enough": models of two lengths of training, each at its own rate. */
const sooner = (changes: Parameters<typeof trained>[0] = {}) =>
  trained({
    grade: 'mechanism-only',
    subject: recipe('slim-gpt2'),
    arms: [
      { id: 'none', label: 'No norm', role: 'baseline', technique: { id: 'no-norm', parameters: {} } },
      { id: 'short', label: 'LayerNorm, 70 %', role: 'technique', technique: layerNorm, subject: SHORT },
      { id: 'long', label: 'LayerNorm', role: 'control', technique: layerNorm },
      {
        id: 'short-other',
        label: 'Other seeds',
        role: 'control',
        technique: layerNorm,
        subject: SHORT,
        seeds: 'other',
      },
      { id: 'short-again', label: 'Again', role: 'control', technique: layerNorm, subject: SHORT, seeds: 'repeat' },
    ],
    tuning: { parameter: 'learningRate', values: [1e-3, 3e-3, 9e-3, 27e-3], seeds: 2 },
    parts: [greater('sooner', 'none', 'short')],
    controls: [
      { id: 'longer', kind: 'positive', statement: 'more tokens are better', part: greater('longer', 'short', 'long') },
      { id: 'same', kind: 'negative', statement: 'itself', part: greater('same', 'short-other', 'short') },
      { id: 'bits', kind: 'bit', statement: 'the same run twice', part: null, arm: 'short-again' },
    ],
    plan: { name: 'fixed', blocks: 5 },
    ...changes,
  });

/** Fewer tokens want a higher rate and cost something; no norm costs more. */
const lengths: LossModel = ({ spec, luck, own }) => {
  if (spec.subject.kind !== 'recipe') throw new Error('expected a recipe');
  const { tokens, learningRate } = spec.subject.training;
  const valley = 0.2 * Math.log(learningRate / (tokens < 100_000 ? 9e-3 : 3e-3)) ** 2;
  const missing = tokens < 100_000 ? 0.1 : 0;
  return 2 + valley + missing + (spec.technique.id === 'no-norm' ? 0.3 : 0) + 0.003 * luck + 0.001 * own;
};

const DEPTHS = [4, 8, 12, 16] as const;

/** "Rounding costs less in deeper models": trained bases of four depths. */
const deeper = (changes: Parameters<typeof postTraining>[0] = {}) => {
  const rounded = (bits: number) => ({ id: 'round-to-nearest', parameters: { bits, granularity: 'tensor' } });
  const at = (layers: number) => (layers === 16 ? {} : { subject: recipe(`narrow-${layers}-gpt2`) });
  const [smallest] = DEPTHS;
  return postTraining({
    kind: 'trend',
    grade: 'mechanism-only',
    subject: recipe('deeper-gpt2'),
    secondSubject: null,
    arms: [
      ...DEPTHS.flatMap((layers) => [
        {
          id: `high-${layers}`,
          label: `${layers} layers, 4 bits`,
          role: 'baseline' as const,
          technique: rounded(4),
          ...at(layers),
        },
        {
          id: `low-${layers}`,
          label: `${layers} layers, 2 bits`,
          role: 'technique' as const,
          technique: rounded(2),
          ...at(layers),
        },
      ]),
      { id: 'other', label: 'Other', role: 'control', technique: rounded(4), seeds: 'other', ...at(smallest) },
      { id: 'again', label: 'Again', role: 'control', technique: rounded(2), seeds: 'repeat', ...at(smallest) },
    ],
    parts: [
      {
        ...greater('falls', '', ''),
        contrast: {
          metric: 'natsPerByte',
          scale: 'log',
          shape: { kind: 'trend' },
          terms: DEPTHS.flatMap((layers) => [
            { arm: `high-${layers}`, coefficient: 1, dose: layers },
            { arm: `low-${layers}`, coefficient: -1, dose: layers },
          ]),
        },
      },
    ],
    controls: [
      { id: 'bits-cost', kind: 'positive', statement: 'two bits cost', part: greater('cost', 'low-4', 'high-4') },
      { id: 'same', kind: 'negative', statement: 'itself', part: greater('same', 'other', 'high-4') },
      { id: 'bits', kind: 'bit', statement: 'the same run twice', part: null, arm: 'again' },
    ],
    plan: { name: 'fixed', blocks: 5 },
    ...changes,
  });
};

const costs =
  (perLayer: number): LossModel =>
  ({ spec, luck, own }) => {
    if (spec.subject.kind !== 'recipe') throw new Error('expected a recipe');
    const { layers } = spec.subject.architecture;
    const cost = spec.technique.parameters.bits === 2 ? 0.3 - perLayer * layers : 0;
    return 2 - 0.02 * layers + cost + 0.003 * luck + 0.0005 * own;
  };

describe('an arm with a subject of its own', () => {
  it('is tuned and judged on it, and so is what repeats it', async () => {
    const { verdict, stages } = await runProtocol(sooner(), lengths);
    expect(verdict).toMatchObject({ verdict: 'supported', missingGuards: [], n: 5 });
    expect(verdict.controls.map(({ id, passed }) => [id, passed])).toEqual([
      ['longer', true],
      ['same', true],
      ['bits', true],
    ]);
    // LayerNorm is tuned on either subject: what is best for the one is not for the other.
    expect(verdict.tuning.map(({ arm, best }) => [arm, best])).toEqual([
      ['none', 3e-3],
      ['short', 9e-3],
      ['long', 3e-3],
    ]);
    expect(stages[0]).toHaveLength(3 * 4 * 2);
    const judged = (arm: string, block: number) =>
      stages[1]!.find((run) => run.arm === arm && run.block === block && run.role !== 'base')!;
    const trainingOf = (arm: string) => {
      const { subject } = judged(arm, 0).spec;
      return subject.kind === 'recipe' && [subject.name, subject.training.tokens, subject.training.learningRate];
    };
    expect(trainingOf('none')).toEqual(['slim-gpt2', 120_000, 3e-3]);
    expect(trainingOf('short')).toEqual(['slim-seven-tenths-gpt2', 84_000, 9e-3]);
    expect(trainingOf('long')).toEqual(['slim-gpt2', 120_000, 3e-3]);
    expect(trainingOf('short-other')).toEqual(['slim-seven-tenths-gpt2', 84_000, 9e-3]);
    // The repetition is that of the arm on the same subject, not of the first with the same technique.
    expect(judged('short-again', 0)).toMatchObject({ fresh: true, specHash: judged('short', 0).specHash });
    expect(judged('long', 0).specHash).not.toBe(judged('short', 0).specHash);
    // Blocks are paired: subjects differ, seeds do not.
    expect(judged('short', 3).spec.seed).toBe(judged('none', 3).spec.seed);
  });

  it('is named by its verdict, and sizes stand from the least to the most', async () => {
    const { verdict } = await runProtocol(sooner(), lengths);
    expect(verdict.subjectLine).toMatch(/^4 layers, d40, 0\.1 M parameters, 0\.084 to 0\.12 M tokens of node-docs$/);
    expect(Object.keys(verdict.armSubjectLines!)).toEqual(['short', 'short-other', 'short-again']);
    expect(verdict.armSubjectLines!.short).toMatch(/^4 layers, d40, .* 0\.084 M tokens of node-docs$/);
    expect(verdict.words).toMatch(/^Mechanism seen at 0\.1 M parameters\./);
    const plain = await runProtocol(trained(), lengths);
    expect(plain.verdict).not.toHaveProperty('armSubjectLines');
  });

  it('starts from a base of its own, which arms on the same subject share', async () => {
    const { verdict, stages } = await runProtocol(deeper(), costs(0.01));
    expect(verdict).toMatchObject({ verdict: 'supported', missingGuards: [] });
    // By hand from the model above: ln(1 + 0.26 / 1.92) in 4 layers, ln(1 + 0.14 / 1.68) in 16.
    expect(Math.abs(verdict.parts[0]!.effect - (Math.log(1 + 0.26 / 1.92) - Math.log(1 + 0.14 / 1.68)))).toBeLessThan(
      0.002,
    );
    expect(verdict.words).toMatch(/^Mechanism seen at 0\.0\d+ to 0\.2\d M parameters\./);
    const bases = stages[0]!.filter((run) => run.role === 'base');
    // Four depths in five blocks, and the other seeds of the negative control.
    expect(bases).toHaveLength(4 * 5 + 5);
    const byHash = new Map(stages[0]!.map((run) => [run.specHash, run]));
    for (const run of stages[0]!.filter(({ role }) => role !== 'base')) {
      expect(byHash.get(run.base!)?.spec.subject).toEqual(run.spec.subject);
    }
    const rising = await runProtocol(deeper(), costs(-0.01));
    // Such a protocol has no second size: it shows a mechanism or shows nothing.
    expect(rising.verdict).toMatchObject({ verdict: 'inconclusive', reason: 'mechanism-not-seen', secondSize: null });
    const scaledDown = await runProtocol(deeper({ grade: 'scaled-down' }), costs(-0.01));
    expect(scaledDown.verdict).toMatchObject({
      verdict: 'inconclusive',
      missingGuards: ['second size: it is not part of the protocol'],
    });
  });

  it('is part of the pilot and of the preview', async () => {
    for (const protocol of [sooner(), deeper({ plan: { name: 'pilot', most: 8 } })]) {
      const plan = previewProtocol(protocol, RESOURCES, { slots: 2 });
      const { stages } = await runProtocol(protocol, protocol.tuning ? lengths : costs(0.01));
      const bases = stages.flat().filter((run) => run.role === 'base').length;
      expect(plan.atMostRuns).toBeGreaterThanOrEqual(stages.flat().length);
      if (protocol.plan.name !== 'pilot') expect([plan.runs, plan.bases]).toEqual([stages.flat().length, bases]);
      else {
        const piloted = stages[0]!.filter((run) => run.arm === 'pilot/low-8');
        expect(piloted.map(({ spec }) => spec.subject.name)).toEqual(Array(3).fill('narrow-8-gpt2'));
      }
    }
  });

  it('is frozen with the protocol, and a protocol without any is what it was', async () => {
    const { registered, protocolHash } = await registerProtocol(sooner(), RESOURCES);
    expect(Object.keys(registered.armSubjects!)).toEqual([SHORT.name]);
    expect(registered.armSubjects![SHORT.name]).toMatchObject({ training: { tokens: 84_000 } });
    const other = await registerProtocol(
      {
        ...sooner(),
        arms: sooner().arms.map((arm) => (arm.id === 'long' ? { ...arm, subject: recipe('slim-quarter-gpt2') } : arm)),
      },
      RESOURCES,
    );
    expect(other.protocolHash).not.toBe(protocolHash);
    const plain = await registerProtocol(trained(), RESOURCES);
    expect(plain.registered).not.toHaveProperty('armSubjects');
    expect(plain.registered.protocol.arms.filter((arm) => 'subject' in arm)).toEqual([]);
  });

  it('has no second size', async () => {
    const { registered } = await registerProtocol(sooner(), RESOURCES);
    const twoSizes = { ...registered, secondSubject: registered.subject };
    const arms = protocolArms(registered.protocol);
    expect(() => judgedDrafts(twoSizes, arms, 'second', 3, new Map())).toThrow('the arm short of the protocol');
  });
});

describe('a protocol with subjects of arms is refused', () => {
  const changed = (protocol: Protocol, arm: string, changes: Partial<Protocol['arms'][number]>): Protocol => ({
    ...protocol,
    arms: protocol.arms.map((one) => (one.id === arm ? { ...one, ...changes } : one)),
  });

  it.each<[string, string, Protocol]>([
    [
      'with a second size',
      'secondSubject: the arm short has a subject of its own, which has no second size: expected null',
      sooner({ secondSubject: recipe('slim-wide-gpt2') }),
    ],
    [
      'on a checkpoint',
      'arms.1.subject: the arms of a checkpoint are judged on stories260K alone: leave it out',
      sooner({ subject: { kind: 'checkpoint', name: 'stories260K' }, tuning: null, scope: 'checkpoint' }),
    ],
    [
      'with another window',
      'arms.1.subject: arms are compared on the same items: xs-gpt2 reads windows of 128 tokens',
      changed(sooner(), 'short', { subject: recipe('xs-gpt2') }),
    ],
    [
      'with another vocabulary',
      'arms.1.subject: arms are compared on the same items: sorting-gpt2 reads windows of 64 bytes',
      changed(sooner(), 'short', { subject: recipe('sorting-gpt2') }),
    ],
    ['with an unknown recipe', 'unknown recipe huge', changed(sooner(), 'short', { subject: recipe('huge') })],
    [
      'with a repetition on another subject',
      'controls.2.arm: it repeats no arm with shared seeds',
      changed(sooner(), 'short-again', { subject: recipe('slim-quarter-gpt2') }),
    ],
    [
      'with a technique that does not fit the arm’s subject',
      'it removes',
      changed(deeper(), 'low-4', {
        technique: { id: 'attention-drop', parameters: { target: 'attention', count: 8 } },
      }),
    ],
  ])('%s', (_what, message, protocol) => {
    expect(() => checkProtocol(protocol)).toThrow(message);
    expect(() => checkProtocol(protocol)).toThrow(AppError);
  });

  it('but not for a technique that fits the arm’s subject alone', () => {
    const technique = { id: 'attention-drop', parameters: { target: 'attention', count: 8 } };
    expect(() => checkProtocol(changed(deeper(), 'low-8', { technique }))).not.toThrow();
  });
});
