import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGoldenVerdicts } from '../node/golden.ts';
import { estimateFromBlocks, estimateFromItems } from '../statistics/index.ts';
import { checkGoldenCase, type GoldenCase } from './golden-case.ts';
import {
  blocksAfterPilot,
  combine,
  frontierGap,
  type IntervalTemplate,
  judge,
  judgeCount,
  judgeExact,
  judgePart,
  judgeRate,
  judgeSpeed,
  levelAt,
  looksOf,
  quantifierRule,
} from './index.ts';

const TEMPLATES: readonly IntervalTemplate[] = ['greater', 'not-worse', 'within'];
const STRENGTH = { contradicted: 0, inconclusive: 1, supported: 2 } as const;

// Contrasts on a grid of 1e-4: sums and shifts of them keep their digits, so that exact statements can be tested.
const contrast = fc.integer({ min: -2000, max: 2000 }).map((value) => value / 10_000);
const contrasts = fc.array(contrast, { minLength: 3, maxLength: 12 });
const margin = fc.integer({ min: 0, max: 500 }).map((value) => value / 10_000);
const level = fc.constantFrom(0.025, 0.0168, 0.0084, 0.0028);
const template = fc.constantFrom(...TEMPLATES);
const rows = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 8 }))
  .chain(([blocks, items]) =>
    fc.array(fc.array(contrast, { minLength: items, maxLength: items }), { minLength: blocks, maxLength: blocks }),
  );

describe('golden verdicts', () => {
  it('all 83 come out as the method says', async () => {
    const report = await checkGoldenVerdicts(fileURLToPath(new URL('../../golden/verdicts.json', import.meta.url)));
    expect(report.failures).toEqual([]);
    expect(report.checked).toBe(83);
  });

  it('a wrong word, a wrong number and an unknown rule are noticed', () => {
    const golden = (rule: string, expectation: Record<string, unknown>): GoldenCase => ({
      id: 'x',
      rule,
      input: { x: 9, n: 10 },
      expect: expectation,
    });
    expect(checkGoldenCase(golden('wilson', { interval: [0.595849973205, 0.982123786905] }))).toBeNull();
    expect(checkGoldenCase(golden('wilson', { interval: [0.595849973205, 0.9821237] }))).toMatch(
      /wilson.interval\[1\]/,
    );
    expect(checkGoldenCase(golden('wilson', { verdict: 'supported' }))).toMatch(/wilson.verdict: got undefined/);
    expect(checkGoldenCase(golden('wilsom', {}))).toMatch(/unknown rule wilsom/);
    expect(checkGoldenCase(golden('rate', {}))).toMatch(/ZodError/);
  });
});

describe('properties of every judgement', () => {
  it('shifting all contrasts by c shifts effect and interval by c', () => {
    fc.assert(
      fc.property(contrasts, contrast, template, level, (values, shift, kind, a) => {
        const before = judge(estimateFromBlocks(values), kind, 0.01, a);
        const after = judge(estimateFromBlocks(values.map((value) => value + shift)), kind, 0.01, a);
        expect(after.effect).toBeCloseTo(before.effect + shift, 12);
        if (before.reason === 'no-variation' || after.reason === 'no-variation') return;
        expect(after.interval[0]).toBeCloseTo(before.interval[0] + shift, 10);
        expect(after.interval[1]).toBeCloseTo(before.interval[1] + shift, 10);
      }),
    );
  });

  it('scaling contrasts and margin together leaves the verdict', () => {
    fc.assert(
      fc.property(contrasts, margin, fc.integer({ min: -8, max: 8 }), template, level, (values, m, power, kind, a) => {
        const factor = 2 ** power; // a power of two: no digit is lost, so that ties stay ties
        const before = judge(estimateFromBlocks(values), kind, m, a);
        const after = judge(estimateFromBlocks(values.map((value) => value * factor)), kind, m * factor, a);
        expect([after.verdict, after.reason]).toEqual([before.verdict, before.reason]);
      }),
    );
  });

  it('permuting blocks or items changes nothing', () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), template, (values, random, kind) => {
        const shuffled = <T>(list: readonly T[]): T[] => {
          const copy = [...list];
          for (let i = copy.length - 1; i > 0; i--) {
            const j = (random.next().value as number) % (i + 1);
            [copy[i], copy[j]] = [copy[j]!, copy[i]!];
          }
          return copy;
        };
        const columns = shuffled(values[0]!.map((_, item) => item));
        const permuted = shuffled(values).map((row) => columns.map((item) => row[item]!));
        const before = estimateFromItems(values);
        const after = estimateFromItems(permuted);
        expect(after.effect).toBeCloseTo(before.effect, 12);
        expect(after.standardError).toBeCloseTo(before.standardError, 10);
        // The words may differ only where rounding in another order decides a tie; keep away from those.
        const edge = Math.abs(Math.abs(before.effect) - 0.01) < 1e-9 || before.standardError < 1e-9;
        if (!edge) {
          expect(judge(after, kind, 0.01, 0.025).verdict).toBe(judge(before, kind, 0.01, 0.025).verdict);
        }
      }),
    );
  });

  it('greater and not-worse are monotone: better contrasts never make the verdict worse', () => {
    fc.assert(
      fc.property(
        contrasts,
        fc.integer({ min: 0, max: 1000 }),
        margin,
        fc.constantFrom<IntervalTemplate>('greater', 'not-worse'),
        level,
        (values, gain, m, kind, a) => {
          const before = judge(estimateFromBlocks(values), kind, m, a);
          const after = judge(estimateFromBlocks(values.map((value) => value + gain / 10_000)), kind, m, a);
          if (before.reason === 'no-variation' || after.reason === 'no-variation') return;
          expect(STRENGTH[after.verdict]).toBeGreaterThanOrEqual(STRENGTH[before.verdict]);
        },
      ),
    );
  });

  it('an all-zero contrast is never supported', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), margin, template, level, (n, m, kind, a) => {
        const zeros = Array.from({ length: n }, () => 0);
        expect(judge(estimateFromBlocks(zeros), kind, m, a).verdict).not.toBe('supported');
        expect(judge(estimateFromItems(zeros.map(() => [0, 0, 0])), kind, m, a).verdict).not.toBe('supported');
      }),
    );
  });

  it('a single block decides nothing', () => {
    fc.assert(
      fc.property(contrast, margin, template, (value, m, kind) => {
        const judgement = judge(estimateFromBlocks([value]), kind, m, 0.025);
        expect(judgement.verdict).toBe('inconclusive');
        expect(judgement.interval).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
      }),
    );
  });

  it('a stricter level never decides what a looser one left open', () => {
    fc.assert(
      fc.property(contrasts, margin, template, (values, m, kind) => {
        const loose = judge(estimateFromBlocks(values), kind, m, 0.025);
        const strict = judge(estimateFromBlocks(values), kind, m, 0.0028);
        if (loose.verdict === 'inconclusive') expect(strict.verdict).toBe('inconclusive');
      }),
    );
  });
});

describe('plans', () => {
  it('know their looks and refuse a verdict between them', () => {
    expect(looksOf({ name: 'standard' }).map((look) => look.blocks)).toEqual([3, 5, 8]);
    expect(looksOf({ name: 'fixed', blocks: 8 })).toEqual([{ blocks: 8, level: 0.025 }]);
    expect(levelAt({ name: 'cheap' }, 10)).toBe(0.0084);
    expect(() => levelAt({ name: 'standard' }, 4)).toThrow(/looks at 3, 5, 8 blocks, not at 4/);
  });
});

describe('a pilot', () => {
  it('asks for the fewest blocks that find two margins in 4 of 5 tries', () => {
    // Detectable at n = 3, 5, 8, 12, 20 in units of the sd: 3.10, 1.66, 1.15, 0.89, 0.66; and the sd counts one and a half times.
    for (const [n, perSd] of [
      [3, 3.1],
      [5, 1.66],
      [8, 1.15],
      [12, 0.89],
      [20, 0.66],
    ] as const) {
      const sd = 2 / 1.5 / perSd;
      expect(blocksAfterPilot(0.99 * sd, 1, 'greater', 64)).toEqual({ blocks: n, underpowered: false });
      expect(blocksAfterPilot(1.01 * sd, 1, 'greater', 64).blocks).toBeGreaterThan(n);
    }
    expect(blocksAfterPilot(10, 1, 'greater', 8)).toEqual({ blocks: 8, underpowered: true });
    expect(blocksAfterPilot(0, 1, 'greater', 8)).toEqual({ blocks: 3, underpowered: false });
  });
});

describe('several conditions', () => {
  const judgeAt = (values: number[]) => (a: number) => judge(estimateFromBlocks(values), 'greater', 0.01, a);
  const clear = [0.03, 0.031, 0.029, 0.032, 0.028];
  const none = [0.001, -0.001, 0.0005, -0.0004, 0.0002];

  it('all, any and most ask for different numbers of parts', () => {
    for (const [quantifier, expected] of [
      ['all', 'contradicted'],
      ['any', 'supported'],
      ['most', 'supported'],
    ] as const) {
      const rule = quantifierRule(quantifier, 3, 0.025);
      const words = [clear, clear, none].map((values) => judgePart(judgeAt(values), rule).verdict);
      expect([quantifier, combine(words, rule).verdict]).toEqual([quantifier, expected]);
    }
  });

  it('a part that is contradicted only before the correction stays open', () => {
    const near = [-0.0016, 0.0063, 0.0075, -0.0041, 0.0052]; // upper end just below the margin at 2.5 %
    expect(judgeAt(near)(0.025)).toMatchObject({ verdict: 'contradicted', reason: 'not-material' });
    const part = judgePart(judgeAt(near), quantifierRule('all', 5, 0.025));
    expect(part).toMatchObject({ verdict: 'inconclusive', reason: 'not-at-corrected-level' });
  });

  it('refuses a single with several parts', () => {
    expect(() => quantifierRule('single', 2, 0.025)).toThrow(RangeError);
  });
});

describe('rates, exactness, counts and speed', () => {
  it('a setting in which nothing fails never contradicts, however often it is repeated', () => {
    const pairs = Array.from({ length: 60 }, () => [false, false] as const);
    expect(judgeRate(pairs, 0.2)).toMatchObject({ verdict: 'inconclusive', reason: 'not-stressed' });
  });

  it('a rate says which share of one-sided failures it would have found, or that it could have found none', () => {
    const quiet = (n: number) => Array.from({ length: n }, () => [false, false] as const);
    // Six of six by chance: 1/64. Five pairs can never be enough.
    expect(judgeRate(quiet(5), 0.2).detectable).toBeNull();
    expect(judgeRate(quiet(6), 0.2).detectable).toBeCloseTo(0.8 ** (1 / 6), 2);
    expect(judgeRate(quiet(48), 0.2).detectable!).toBeLessThan(judgeRate(quiet(24), 0.2).detectable!);
    expect(judgeRate(quiet(24), 0.2, { pooled: true }).detectable!).toBeGreaterThan(
      judgeRate(quiet(24), 0.2).detectable!,
    );
  });

  it('a technique that fails where the baseline does not is the opposite of the claim', () => {
    const pairs = Array.from({ length: 24 }, (_, i) => [false, i % 2 === 0] as const);
    expect(judgeRate(pairs, 0.2)).toMatchObject({ verdict: 'contradicted', reason: 'opposite' });
  });

  it('a mismatch contradicts even when the mutant was not caught', () => {
    expect(judgeExact({ cases: 300, mismatches: 1, mutantCaught: false }).verdict).toBe('contradicted');
    expect(judgeExact({ cases: 300, mismatches: 0, mutantCaught: true }).verdict).toBe('supported');
    expect(() => judgeExact({ cases: 0, mismatches: 0, mutantCaught: true })).toThrow(RangeError);
  });

  it('counts against printed digits, bounds and extremes', () => {
    const count = (
      values: number[],
      claimed: number,
      relation: Parameters<typeof judgeCount>[0]['relation'],
      decimals: number,
    ) => judgeCount({ values, claimed, relation, decimals }).verdict;
    expect(count([6.2451], 6.25, '=', 2)).toBe('supported');
    expect(count([6.2449], 6.25, '=', 2)).toBe('contradicted');
    expect(count([4, 5], 4, '=', 0)).toBe('contradicted');
    expect(count([3.9, 4.2], 4, '<', 0)).toBe('contradicted');
    expect(count([4.2], 4, '<=', 0)).toBe('supported');
    expect(count([4.2, 9], 4, '>', 0)).toBe('supported');
    expect(count([3.2, 9], 4, '>=', 0)).toBe('contradicted');
    expect(count([2, 6.3], 6, 'up-to', 0)).toBe('supported');
    expect(count([7, 8], 6, 'at-least', 0)).toBe('supported');
  });

  it('a machine that sees a difference between the baseline and itself is refused', () => {
    const faster = [0.1, 0.101, 0.099, 0.1, 0.102, 0.098, 0.1, 0.1];
    const quiet = [0.001, -0.001, 0.0005, -0.0005, 0, 0.001, -0.001, 0];
    expect(judgeSpeed(faster, quiet, 0.025)).toMatchObject({ verdict: 'supported', reason: 'strong' });
    const biased = quiet.map((value) => value + 0.02);
    expect(judgeSpeed(faster, biased, 0.025)).toMatchObject({ verdict: 'inconclusive', reason: 'machine-refused' });
    const noisy = quiet.map((value) => value * 60);
    expect(judgeSpeed(faster, noisy, 0.025).reason).toBe('machine-refused');
  });

  it('frontiers without a common cost cannot be compared', () => {
    expect(() => frontierGap({ cost: [1, 2], quality: [0, 1] }, { cost: [3, 4], quality: [0, 1] })).toThrow(RangeError);
    expect(frontierGap({ cost: [4, 1, 2], quality: [3, 1, 2] }, { cost: [1, 4], quality: [0, 2] })).toBeCloseTo(1, 12);
  });
});
