import type { Paper, Protocol, Template } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { paperPath } from './check-paper.ts';
import { protocolPath } from './check-protocol.ts';
import { checkVocabulary, type Vocabulary } from './check-vocabulary.ts';
import { checkFiles, corpus, openCorpus } from './corpus.ts';
import { CorpusError } from './corpus-file.ts';

const paper = corpus.paperByNumber(229)!;
const protocol = corpus.protocolById('229.4-quick')!;

/** What the checks say about this paper with one thing changed. */
function paperWith(change: (draft: Paper) => void, path?: string): string[] {
  const draft = structuredClone(paper);
  change(draft);
  return checkFiles([{ path: path ?? paperPath(draft), content: draft }]).issues.map(
    ({ file, field, message }) => `${file} ${field}: ${message}`,
  );
}

/** The same for its protocol. */
function protocolWith(change: (draft: Protocol) => void, path?: string): string[] {
  const draft = structuredClone(protocol);
  change(draft);
  const { issues } = checkFiles([
    { path: paperPath(paper), content: paper },
    { path: path ?? protocolPath(paper, draft.id), content: draft },
  ]);
  return issues.map(({ file, field, message }) => {
    expect(file).toBe(path ?? protocolPath(paper, draft.id));
    return `${field}: ${message}`;
  });
}

describe('a paper file', () => {
  const file = 'quantization/229-trilm-spectra.json';

  it('passes as it stands', () => {
    expect(paperWith(() => {})).toEqual([]);
  });

  it('is refused with a claimed number that has no unit', () => {
    expect(paperWith((draft) => (draft.claims[7]!.unit = null))).toEqual([
      `${file} claims.7.unit: the claim states the number 6, so it needs a unit`,
    ]);
  });

  it('is refused with a claim to be tested that has no unit at all', () => {
    const issues = paperWith((draft) => {
      draft.claims[4]!.claimedValue = null;
      draft.claims[4]!.unit = null;
    });
    expect(issues).toEqual([
      `${file} claims.4.unit: claims of the family quantization say in which unit their metric is measured`,
    ]);
  });

  it('is refused with a missing or a misspelt field', () => {
    expect(paperWith((draft) => Reflect.deleteProperty(draft.claims[0]!, 'metric'))[0]).toMatch(
      new RegExp(`^${file} claims.0.metric: .*string`),
    );
    expect(paperWith((draft) => Reflect.set(draft.claims[0]!, 'claimdValue', 3))).toEqual([
      `${file} claims.0.claimdValue: is not a field of the schema`,
    ]);
  });

  it('is refused with a claim out of order, without kind, or without testability', () => {
    expect(paperWith((draft) => (draft.claims[1]!.id = '229.7'))[0]).toContain('expected 229.1, found 229.7');
    expect(paperWith((draft) => (draft.claims[4]!.kind = null))[0]).toContain('claims.4.kind');
    expect(paperWith((draft) => (draft.claims[4]!.testability = null))[0]).toContain('claims.4.testability');
  });

  it('is refused in another place than its family, number and slug say', () => {
    expect(paperWith(() => {}, 'norm/229-trilm-spectra.json')).toEqual([
      `norm/229-trilm-spectra.json : a paper with this family, number and slug stands in ${file}`,
    ]);
    expect(checkFiles([{ path: 'quantization/deep/er/x.json', content: {} }]).issues[0]?.message).toContain(
      'is neither',
    );
  });

  it('is refused beside another one with its number', () => {
    const twin = { ...structuredClone(paper), slug: 'twin' };
    const { issues } = checkFiles([paper, twin].map((content) => ({ path: paperPath(content), content })));
    expect(issues.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      `number: 229 is also the number of "${paper.title}"`,
    ]);
  });

  it('stops the whole corpus from opening', () => {
    const open = () => openCorpus([{ path: paperPath(paper), content: { ...paper, title: '' } }]);
    expect(open).toThrow(CorpusError);
    expect(open).toThrow(`data/${file}, title: `);
  });
});

describe('a protocol file', () => {
  it('passes as it stands', () => {
    expect(protocolWith(() => {})).toEqual([]);
  });

  it('is refused without a control of each kind', () => {
    expect(protocolWith((draft) => (draft.controls = []))[0]).toBe('controls: a protocol needs a control');
    for (const kind of ['positive', 'negative', 'bit']) {
      const issues = protocolWith((draft) => {
        draft.controls = draft.controls.filter((control) => control.kind !== kind);
      });
      expect(issues).toContain(`controls: no ${kind} control`);
    }
  });

  it('is refused with an arm, a margin or a metric that does not exist', () => {
    const arms = 'f32, bits-8, bits-6, bits-4, bits-3, bits-2, bits-2-tensor, f32-other, f32-again';
    expect(protocolWith((draft) => (draft.parts[0]!.contrast.terms[0]!.arm = 'f16'))).toContain(
      `parts.0.contrast.terms.0.arm: no arm is called f16; arms: ${arms}`,
    );
    expect(protocolWith((draft) => (draft.parts[0]!.margin = { kind: 'relative', value: 0.01, of: 'f16' }))).toContain(
      `parts.0.margin.of: no arm is called f16; arms: ${arms}`,
    );
    expect(protocolWith((draft) => Reflect.set(draft.parts[0]!.contrast, 'metric', 'bleu'))[0]).toMatch(
      /^parts\.0\.contrast\.metric: /,
    );
  });

  it('is refused where a contrast does not compare', () => {
    expect(protocolWith((draft) => (draft.parts[0]!.contrast.terms[0]!.coefficient = 2))[0]).toContain('add up to 1');
    expect(protocolWith((draft) => (draft.parts[0]!.contrast.terms[0]!.arm = 'f32-other'))[0]).toContain(
      'has the seeds "other": expected shared',
    );
  });

  it('is refused where a curve has too few doses, costs or levels, or a dose is missing', () => {
    const shaped = (shape: Protocol['parts'][number]['contrast']['shape'], doses: (number | undefined)[]) =>
      protocolWith((draft) => {
        const { contrast } = draft.parts[0]!;
        contrast.shape = shape;
        contrast.terms = ['f32', 'bits-8', 'bits-6', 'bits-4'].map((arm, i) => ({
          arm,
          coefficient: i % 2 === 0 ? 1 : -1,
          ...(doses[i] === undefined ? {} : { dose: doses[i] }),
        }));
      });
    const at = 'parts.0.contrast.terms';
    expect(shaped({ kind: 'trend' }, [1, 2, 3, 4])).toEqual([]);
    expect(shaped({ kind: 'trend' }, [1, 1, 2, 3])).toEqual([`${at}: a trend needs 4 doses, found 3`]);
    expect(shaped({ kind: 'trend' }, [1, 2, undefined, 4])[0]).toBe(
      `${at}.2.dose: a trend needs a dose with every term`,
    );
    expect(shaped({ kind: 'exponent' }, [1, 2, 3, 0])).toContain(`${at}.3.dose: has no logarithm`);
    expect(shaped({ kind: 'frontier', cost: 'bitsPerWeight' }, [])).toEqual([
      `${at}: a frontier needs 4 costs on either side, found 2 and 2`,
    ]);
    expect(shaped({ kind: 'dispersion' }, [])[0]).toBe(
      `${at}: a dispersion needs 5 levels on either side, found 2 and 2`,
    );
    expect(shaped(undefined, [1])).toEqual([`${at}: a plain sum knows no doses`]);
    expect(protocolWith((draft) => (draft.plan = { name: 'fixed', blocks: 2 }))[0]).toBe(
      'plan.blocks: a verdict needs at least 3 seeds',
    );
  });

  it('is refused where times are compared with nothing to compare them to, or in too few processes', () => {
    const timing = { against: { id: 'none', parameters: {} }, rounds: 9, sampleMs: 50 };
    const timedPart = (draft: Protocol, coefficient: number) => {
      const { contrast } = draft.parts[0]!;
      contrast.metric = 'timeRatio';
      contrast.terms = [{ arm: 'bits-8', coefficient }];
      draft.parts[0]!.margin = { kind: 'absolute', value: 0.02 };
    };
    expect(protocolWith((draft) => (draft.timing = timing))[0]).toBe('timing: no part compares times: leave it out');
    expect(protocolWith((draft) => timedPart(draft, 1))).toEqual([
      'timing: a part compares times, and nothing says against what',
    ]);
    const issues = protocolWith((draft) => {
      draft.timing = timing;
      draft.plan = { name: 'cheap' };
      timedPart(draft, -1);
    });
    expect(issues).toEqual([
      'parts: a time ratio is a comparison already: one term with the coefficient 1',
      'plan: a claim about speed needs a fixed plan of 8 processes or more',
    ]);
  });

  it('may keep a loss beside a time, and nothing that is counted', () => {
    const timing = { against: { id: 'none', parameters: {} }, rounds: 9, sampleMs: 50 };
    const speedWith = (change: (part: Protocol['parts'][number]) => void) =>
      protocolWith((draft) => {
        draft.kind = 'speed';
        draft.timing = timing;
        draft.plan = { name: 'fixed', blocks: 8 };
        const [first, second] = draft.parts;
        first!.template = 'greater';
        first!.contrast = { ...first!.contrast, metric: 'timeRatio', terms: [{ arm: 'bits-8', coefficient: 1 }] };
        first!.margin = { kind: 'absolute', value: 0.02 };
        draft.parts = [first!, { ...second!, template: 'not-worse' }];
        change(draft.parts[1]!);
      }).filter((issue) => issue.startsWith('parts: a claim about speed'));
    const refused = [
      'parts: a claim about speed is judged on timeRatio, and on losses that are not worse; counted things never share its verdict',
    ];
    expect(speedWith(() => {})).toEqual([]);
    expect(speedWith((part) => (part.template = 'greater'))).toEqual(refused);
    expect(speedWith((part) => (part.contrast.metric = 'modelBytes'))).toEqual(refused);
  });

  it('is refused with a rule that its kind does not have', () => {
    expect(protocolWith((draft) => (draft.kind = 'superiority'))[0]).toBe(
      'kind: the claim 229.4 is of kind threshold, found superiority',
    );
    expect(protocolWith((draft) => (draft.parts[0]!.template = 'within'))[0]).toBe(
      'parts.0.template: a claim of kind threshold is decided by not-worse or greater, found within',
    );
    expect(
      protocolWith((draft) => {
        draft.parts = draft.parts.filter((part) => part.template === 'not-worse');
        draft.arms = draft.arms.filter((arm) => !['bits-3', 'bits-2'].includes(arm.id));
      })[0],
    ).toContain('a threshold needs a part');
    expect(protocolWith((draft) => (draft.quantifier = 'single'))[0]).toContain('several parts need all, any or most');
  });

  it.each(['exact', 'count'] as const)('of a construction may be decided by %s, and by no interval', (template) => {
    const asConstruction = (decidedBy: Template) => {
      const construction = structuredClone(paper);
      const claim = construction.claims.find(({ id }) => id === protocol.claim)!;
      claim.kind = 'construction';
      const draft = { ...structuredClone(protocol), kind: claim.kind };
      for (const part of draft.parts) {
        part.template = decidedBy;
        part.counted = decidedBy === 'count' ? { claimed: 0, relation: '<=', decimals: 0 } : null;
      }
      const { issues } = checkFiles([
        { path: paperPath(construction), content: construction },
        { path: protocolPath(construction, draft.id), content: draft },
      ]);
      return issues.map(({ message }) => message);
    };
    expect(asConstruction(template)).toEqual([]);
    expect(asConstruction('greater')).toContain(
      'a claim of kind construction is decided by exact or count, found greater',
    );
  });

  it('is refused without a second size, or with the first one again', () => {
    expect(protocolWith((draft) => (draft.secondSubject = null))[0]).toContain(
      'secondSubject: a scaled-down claim needs',
    );
    expect(protocolWith((draft) => (draft.secondSubject = draft.subject))[0]).toContain('is the subject itself');
  });

  it('compares subjects of single arms at one size, and then never counts against the paper', () => {
    const own = (change: (draft: Protocol) => void) =>
      protocolWith((draft) => {
        draft.grade = 'mechanism-only';
        draft.secondSubject = null;
        draft.arms.find(({ id }) => id === 'bits-2-tensor')!.subject = { kind: 'recipe', name: 'micro-llama' };
        change(draft);
      });
    expect(own(() => {})).toEqual([]);
    expect(own((draft) => (draft.secondSubject = { kind: 'recipe', name: 'xs-llama' }))).toEqual([
      'secondSubject: the arm bits-2-tensor has a subject of its own, which has no second size: expected null',
    ]);
    expect(own((draft) => (draft.grade = 'scaled-down'))[0]).toMatch(
      /^grade: .* the arm bits-2-tensor, .*mechanism-only$/,
    );
    expect(
      own((draft) => {
        if (draft.subject.kind === 'recipe') draft.arms[1]!.subject = draft.subject;
      }),
    ).toEqual(['arms.1.subject: is the subject of the protocol: leave it out']);
    expect(
      own((draft) => {
        for (const arm of draft.arms) arm.subject = { kind: 'recipe', name: 'micro-llama' };
      })[0],
    ).toMatch(/^subject: no arm is run on/);
  });

  it('tells arms on different subjects apart', () => {
    const own = { kind: 'recipe' as const, name: 'micro-llama' };
    const spare = { ...structuredClone(protocol.arms[1]!), id: 'spare', subject: own };
    const onOwnSubject = (change: (draft: Protocol) => void) =>
      protocolWith((draft) => {
        draft.grade = 'mechanism-only';
        draft.secondSubject = null;
        change(draft);
      });
    expect(onOwnSubject((draft) => draft.arms.push(spare))).toEqual([
      `arms.${protocol.arms.length}: the arm spare is in no part and no control`,
    ]);
    expect(onOwnSubject((draft) => (draft.arms.at(-1)!.subject = own))).toEqual([
      'controls.2.arm: the arm f32-again repeats nothing: no arm with shared seeds has its subject, technique and parameters',
    ]);
  });

  it('is refused where a count has no number, or another rule has one', () => {
    const counted = { claimed: 6, relation: '=' as const, decimals: 0 };
    expect(protocolWith((draft) => (draft.parts[0]!.counted = counted))[0]).toContain('parts.0.counted');
  });

  it('checks what it presupposes like its parts', () => {
    const premise = { ...structuredClone(protocol.parts[0]!), id: 'premise' };
    expect(protocolWith((draft) => draft.premises.push(premise))).toEqual([]);
    expect(protocolWith((draft) => draft.premises.push(structuredClone(protocol.parts[0]!)))).toEqual([
      'parts: two parts are called holds-8',
    ]);
    premise.contrast.terms[0]!.arm = 'f16';
    expect(protocolWith((draft) => draft.premises.push(premise))[0]).toContain('premises.0.contrast.terms.0.arm');
  });

  it('is refused with an arm that is run for nothing, or twice', () => {
    const spare = { ...structuredClone(protocol.arms[1]!), id: 'spare' };
    const issues = protocolWith((draft) => draft.arms.push(spare));
    expect(issues[0]).toContain('is the same as the arm bits-8');
    expect(issues[1]).toContain('the arm spare is in no part and no control');
  });

  it('is refused where a control controls nothing', () => {
    expect(protocolWith((draft) => (draft.controls[1]!.part!.contrast.terms[0]!.arm = 'bits-2'))[0]).toContain(
      'a negative control compares an arm with itself under other seeds',
    );
    expect(protocolWith((draft) => (draft.controls[2]!.arm = 'f32'))[0]).toContain('expected repeat');
    expect(
      protocolWith((draft) => (draft.arms.at(-1)!.technique = { id: 'round-to-nearest', parameters: { bits: 5 } })),
    ).toContain(
      'controls.2.arm: the arm f32-again repeats nothing: no arm with shared seeds has its subject, technique and parameters',
    );
  });

  it('is refused when its claim has no unit', () => {
    // Papers outside the four families may leave it open; a protocol may not rest on that.
    const adjacent = structuredClone(corpus.papers.find(({ family }) => family === 'adjacent')!);
    adjacent.claims[0]!.unit = null;
    adjacent.claims[0]!.claimedValue = null;
    const draft = {
      ...structuredClone(protocol),
      claim: adjacent.claims[0]!.id,
      id: `${adjacent.claims[0]!.id}-quick`,
    };
    const { issues } = checkFiles([
      { path: paperPath(adjacent), content: adjacent },
      { path: protocolPath(adjacent, draft.id), content: draft },
    ]);
    expect(issues.map(({ field, message }) => `${field}: ${message}`)).toContain(
      `claim: the claim ${draft.claim} has no unit: what is measured of "${adjacent.claims[0]!.metric}" is not said`,
    );
  });

  it('is refused when it tests no claim, a claim that cannot be tested here, or stands elsewhere', () => {
    expect(protocolWith((draft) => (draft.claim = '300.0'))[0]).toContain(
      'no paper of the corpus makes the claim 300.0',
    );
    expect(
      protocolWith((draft) => {
        draft.claim = '229.0';
        draft.id = '229.0-quick';
      }),
    ).toContain('claim: the claim 229.0 cannot be tested here: size of the released suite');
    const elsewhere = 'quantization/229-trilm-spectra.protocols/229.4-standard.json';
    expect(protocolWith(() => {}, elsewhere)[0]).toContain(
      'stands in quantization/229-trilm-spectra.protocols/229.4-quick',
    );
  });

  it('is refused when it takes longer than its scale allows, or tunes and judges on one split', () => {
    expect(protocolWith((draft) => (draft.expectedSeconds = 121))).toEqual([
      'expectedSeconds: the scale quick takes at most 120 s, found 121 s',
    ]);
    expect(
      protocolWith((draft) => {
        draft.tuning = { parameter: 'learningRate', values: [0.001, 0.002, 0.004], seeds: 2 };
        draft.evaluation.split = 'validation';
      })[0],
    ).toContain('evaluation.split');
  });
});

describe('a metric of a probe', () => {
  const agreement = (draft: Protocol) => {
    for (const term of draft.parts[0]!.contrast.terms) term.metric = 'klDivergence';
  };

  it('is refused where the evaluation does not ask for the probe', () => {
    expect(protocolWith(agreement)).toContain(
      'parts.0.contrast.terms.0.metric: klDivergence is measured by the probe agreement, which evaluation.probes does not ask for',
    );
    expect(
      protocolWith((draft) => {
        agreement(draft);
        draft.evaluation.probes = [{ kind: 'agreement' }];
      }),
    ).toEqual([]);
  });
});

describe('the names in a protocol', () => {
  const vocabulary: Vocabulary = {
    techniques: new Map([
      ['none', () => []],
      [
        'round-to-nearest',
        ({ bits }) => (typeof bits === 'number' && bits >= 4 ? [] : [{ path: 'bits', message: 'expected 4 to 8' }]),
      ],
    ]),
    subjects: {
      recipe: new Set(['small-llama']),
      classifier: new Set(['small-mlp']),
      checkpoint: new Set(['tiny-llama']),
    },
    dataSets: new Set(['node-docs']),
    tasks: new Set(['generated-copy']),
  };

  it('are checked against the techniques, subjects and data sets that there are', () => {
    const one = openCorpus([
      { path: paperPath(paper), content: paper },
      { path: protocolPath(paper, protocol.id), content: protocol },
    ]);
    const issues = checkVocabulary(one, vocabulary).map(({ file, field, message }) => {
      expect(file).toBe('quantization/229-trilm-spectra.protocols/229.4-quick.json');
      return `${field}: ${message}`;
    });
    expect(issues).toEqual([
      'subject.name: unknown recipe tiny-llama; known: small-llama',
      'secondSubject.name: unknown recipe xs-llama; known: small-llama',
      'arms.4.technique.parameters.bits: expected 4 to 8',
      'arms.5.technique.parameters.bits: expected 4 to 8',
      'arms.6.technique.parameters.bits: expected 4 to 8',
    ]);
    const without = { ...vocabulary, techniques: new Map([['none', () => []]]), dataSets: new Set<string>() };
    const more = checkVocabulary(one, without).map(({ field, message }) => `${field}: ${message}`);
    expect(more).toContain('arms.1.technique.id: unknown technique round-to-nearest; known: none');
    expect(more).toContain('evaluation.data: unknown data set node-docs; known: ');
    const asking = structuredClone(protocol);
    asking.evaluation.probes = [{ kind: 'answers' }];
    asking.arms[2]!.subject = { kind: 'recipe', name: 'deep-llama' };
    const third = checkVocabulary({ protocols: [asking], claimById: one.claimById }, vocabulary);
    const named = third.map(({ field, message }) => `${field}: ${message}`);
    expect(named).toContain('evaluation.data: unknown task node-docs; known: generated-copy');
    expect(named).toContain('arms.2.subject.name: unknown recipe deep-llama; known: small-llama');
  });
});
