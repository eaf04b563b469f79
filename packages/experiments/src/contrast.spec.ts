import { readFileSync } from 'node:fs';
import { Contrast, type MetricName, type Outcome } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { estimateContrast, type OutcomesByArm } from './contrast.ts';
import { associationContrasts, dispersionContrasts, frontierGap, trendContrasts } from './verdicts/index.ts';

type Metrics = Partial<Record<MetricName, number>>;

/** Outcomes with these metrics, `arms[arm][block]`. */
function outcomes(arms: Record<string, readonly Metrics[]>): OutcomesByArm {
  const outcomeOf = (metrics: Metrics): Outcome => ({
    metrics: { ...metrics },
    items: null,
    diverged: null,
    timings: {},
    digest: '0'.repeat(64),
    environment: {},
  });
  return new Map(
    Object.entries(arms).map(([arm, blocks]) => [arm, new Map(blocks.map((metrics, i) => [i, outcomeOf(metrics)]))]),
  );
}

function contrasts(contrast: z.input<typeof Contrast>, arms: Record<string, readonly Metrics[]>): readonly number[] {
  const blocks = Object.values(arms)[0]!.map((_, block) => block);
  return estimateContrast(Contrast.parse(contrast), outcomes(arms), blocks).contrasts;
}

/** The golden cases of a rule: the contrasts of a protocol's form are those of the method, by the same numbers. */
const golden: { cases: { rule: string; input: never }[] } = JSON.parse(
  readFileSync(new URL('../golden/verdicts.json', import.meta.url), 'utf8'),
);
function casesOf<Input>(rule: string): Input[] {
  const found = golden.cases.filter((one) => one.rule === rule).map((one) => one.input as Input);
  if (found.length === 0) throw new Error(`no golden case of ${rule}`);
  return found;
}

const loss = (natsPerByte: number): Metrics => ({ natsPerByte });

describe('a contrast', () => {
  it('of a trend is the golden slope over the range of the doses, differences taken dose by dose', () => {
    for (const { x, Y } of casesOf<{ x: number[]; Y: number[][] }>('slope')) {
      const arms: Record<string, Metrics[]> = {};
      // The baseline of each dose is 5 and the technique what is missing to the effect.
      x.forEach((_, dose) => {
        arms[`base-${dose}`] = Y.map(() => loss(5));
        arms[`arm-${dose}`] = Y.map((row) => loss(5 - row[dose]!));
      });
      const terms = x.flatMap((dose, i) => [
        { arm: `base-${i}`, coefficient: 1, dose },
        { arm: `arm-${i}`, coefficient: -1, dose },
      ]);
      const ours = contrasts({ metric: 'natsPerByte', shape: { kind: 'trend' }, terms }, arms);
      trendContrasts(x, Y).forEach((want, block) => {
        expect(ours[block]).toBeCloseTo(want, 10);
      });
    }
  });

  it('of a frontier is the golden gap at equal cost', () => {
    type Case = { costA: number[]; qualityA: number[]; costB: number[]; qualityB: number[] };
    for (const { costA, qualityA, costB, qualityB } of casesOf<Case>('frontier')) {
      const arms: Record<string, Metrics[]> = {};
      // Losses are the negative of qualities, so the technique's coefficient is -1.
      costA.forEach((cost, i) => {
        arms[`a-${i}`] = [{ natsPerByte: -qualityA[i]!, bitsPerWeight: cost }];
      });
      costB.forEach((cost, i) => {
        arms[`b-${i}`] = [{ natsPerByte: -qualityB[i]!, bitsPerWeight: cost }];
      });
      const terms = Object.keys(arms).map((arm) => ({ arm, coefficient: arm.startsWith('a') ? -1 : 1 }));
      const shape = { kind: 'frontier', cost: 'bitsPerWeight' } as const;
      const want = frontierGap({ cost: costA, quality: qualityA }, { cost: costB, quality: qualityB });
      expect(contrasts({ metric: 'natsPerByte', shape, terms }, arms)[0]).toBeCloseTo(want, 10);
    }
  });

  it('of a dispersion is the golden ln ratio of the spreads', () => {
    for (const { base, technique } of casesOf<{ base: number[][]; technique: number[][] }>('dispersion')) {
      const arms: Record<string, Metrics[]> = {};
      base[0]!.forEach((_, level) => {
        arms[`base-${level}`] = base.map((row) => loss(row[level]!));
        arms[`arm-${level}`] = technique.map((row) => loss(row[level]!));
      });
      const terms = Object.keys(arms).map((arm) => ({ arm, coefficient: arm.startsWith('base') ? 1 : -1 }));
      const ours = contrasts({ metric: 'natsPerByte', shape: { kind: 'dispersion' }, terms }, arms);
      dispersionContrasts(base, technique).forEach((want, block) => {
        expect(ours[block]).toBeCloseTo(want, 10);
      });
    }
  });

  it('of an association is the golden difference of atanh', () => {
    for (const { r, control } of casesOf<{ r: number[]; control: number[] }>('association')) {
      const arms = {
        arm: r.map((top1Accuracy) => ({ top1Accuracy })),
        control: control.map((top1Accuracy) => ({ top1Accuracy })),
      };
      const terms = [
        { arm: 'arm', coefficient: 1 },
        { arm: 'control', coefficient: -1 },
      ];
      const ours = contrasts({ metric: 'top1Accuracy', scale: 'atanh', terms }, arms);
      associationContrasts(r, control).forEach((want, block) => {
        expect(ours[block]).toBeCloseTo(want, 10);
      });
    }
  });

  it('of a law is its bound minus the fitted exponent', () => {
    // metric = 3 dose^0.75, and the claim says that the exponent stays below 1.
    const doses = [1, 4, 16, 64];
    const arms = Object.fromEntries(doses.map((dose) => [`at-${dose}`, [loss(3 * dose ** 0.75)]]));
    const terms = doses.map((dose) => ({ arm: `at-${dose}`, coefficient: -1, dose }));
    const shape = { kind: 'exponent' } as const;
    expect(contrasts({ metric: 'natsPerByte', shape, plus: 1, terms }, arms)[0]).toBeCloseTo(0.25, 12);
  });

  it('holds a statistic against its stated limit, and two groups of one model against each other', () => {
    const arms = { arm: [{ sparsity: 0.62, top1Accuracy: 0.8 }] };
    expect(contrasts({ metric: 'sparsity', plus: -0.5, terms: [{ arm: 'arm', coefficient: 1 }] }, arms)[0]).toBeCloseTo(
      0.12,
      12,
    );
    const terms = [
      { arm: 'arm', coefficient: 1, metric: 'top1Accuracy' as const },
      { arm: 'arm', coefficient: -1 },
    ];
    expect(contrasts({ metric: 'sparsity', scale: 'log', terms }, arms)[0]).toBeCloseTo(Math.log(0.8 / 0.62), 12);
  });

  it('that cannot be formed names its block: levels that all give one number, costs that do not meet', () => {
    const sides = (metrics: (i: number) => Metrics) =>
      Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`arm-${i}`, [metrics(i)]]));
    const terms = Array.from({ length: 10 }, (_, i) => ({ arm: `arm-${i}`, coefficient: i < 5 ? 1 : -1 }));
    const equal = sides((i) => loss(i < 5 ? 2 : i));
    expect(() => contrasts({ metric: 'natsPerByte', shape: { kind: 'dispersion' }, terms }, equal)).toThrow(
      'the dispersion of natsPerByte is undefined in block 0',
    );
    const apart = sides((i) => ({ natsPerByte: 2, bitsPerWeight: i < 5 ? i + 1 : i + 20 }));
    const shape = { kind: 'frontier', cost: 'bitsPerWeight' } as const;
    expect(() => contrasts({ metric: 'natsPerByte', shape, terms }, apart)).toThrow(
      'the frontier of natsPerByte is undefined in block 0: the two frontiers have no common range of cost',
    );
  });

  it('says which arm and block has no logarithm, no atanh, or no metric at all', () => {
    const terms = [
      { arm: 'a', coefficient: 1 },
      { arm: 'b', coefficient: -1 },
    ];
    const arms = { a: [{ sparsity: 0 }], b: [{ sparsity: 1 }] };
    expect(() => contrasts({ metric: 'sparsity', scale: 'log', terms }, arms)).toThrow(
      'ln sparsity is undefined for arm a, block 0, where it is 0',
    );
    expect(() => contrasts({ metric: 'sparsity', scale: 'atanh', terms }, arms)).toThrow(
      'atanh sparsity is undefined for arm b, block 0, where it is 1',
    );
    expect(() => contrasts({ metric: 'modelBytes', terms }, arms)).toThrow(
      'the metric modelBytes is undefined for arm a, block 0',
    );
  });
});
