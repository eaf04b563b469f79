import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisOver, roundStep } from './axis.ts';
import { agreeingRange, type ForestRow, forestAxis, groupByUnit, marginLines } from './forest.ts';

const row = (part: Partial<ForestRow>): ForestRow => ({
  id: 'a',
  label: 'a',
  effect: 0.02,
  interval: [0.01, 0.03],
  unit: 'nats/byte',
  margin: 0.005,
  template: 'greater',
  n: 5,
  verdict: 'supported',
  ...part,
});

describe('an axis', () => {
  it('has round, even ticks inside its ends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 }),
        (values) => {
          const span = Math.max(...values) - Math.min(...values);
          fc.pre(span === 0 || span > 1e-6);
          const axis = axisOver(values);
          expect(axis.ticks.length).toBeGreaterThanOrEqual(2);
          expect(axis.ticks.length).toBeLessThanOrEqual(7);
          for (const value of [...values, ...axis.ticks]) {
            expect(axis.share(value)).toBeGreaterThanOrEqual(-1e-6);
            expect(axis.share(value)).toBeLessThanOrEqual(1 + 1e-6);
          }
        },
      ),
    );
  });
  it('takes steps of 1, 2 or 5', () => {
    expect([0.9, 1.1, 4, 7, 60].map((span) => roundStep(span, 6))).toEqual([0.2, 0.2, 1, 2, 10]);
    expect(() => roundStep(0, 5)).toThrow(RangeError);
  });
  it('says how many digits its ticks need', () => {
    const axis = axisOver([0, 0.03]);
    expect(axis.ticks.map((t) => t.toFixed(axis.decimals))).toEqual(['0.00', '0.01', '0.02', '0.03']);
    expect(axisOver([0, 70]).decimals).toBe(0);
  });
});

describe('the scale of a forest plot', () => {
  it('always shows zero, the margin, the whole interval and the claimed mark', () => {
    const axis = forestAxis([row({ interval: [0.4, 0.9], effect: 0.6, margin: 0.05, claimed: 1.4 })]);
    for (const value of [0, 0.05, 0.4, 0.9, 1.4]) {
      expect(axis.share(value)).toBeGreaterThan(0);
      expect(axis.share(value)).toBeLessThan(1);
    }
  });
  it('stays finite when an interval has no end', () => {
    const axis = forestAxis([row({ interval: [null, null], effect: 0.2 })]);
    expect(axis.low).toBeLessThan(0);
    expect(axis.high).toBeGreaterThan(0.2);
    expect(axis.high).toBeLessThan(1);
  });
  it('draws the margin where the template decides', () => {
    expect(marginLines({ template: 'greater', margin: 0.1 })).toEqual([0.1]);
    expect(marginLines({ template: 'not-worse', margin: 0.1 })).toEqual([-0.1]);
    expect(marginLines({ template: 'within', margin: 0.1 })).toEqual([-0.1, 0.1]);
    expect(marginLines({ template: 'exact', margin: 0 })).toEqual([]);
    expect(agreeingRange({ template: 'not-worse', margin: 0.1 })).toEqual([-0.1, null]);
  });
  it('never puts two units on one axis', () => {
    const groups = groupByUnit([row({ id: 'a' }), row({ id: 'b', unit: 'points' }), row({ id: 'c' })]);
    expect(groups.map((g) => [g.unit, g.rows.map((r) => r.id)])).toEqual([
      ['nats/byte', ['a', 'c']],
      ['points', ['b']],
    ]);
  });
});
