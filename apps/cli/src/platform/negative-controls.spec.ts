import type { ControlResult, PartResult } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { binomialTail, negativeControlsLine, negativeControlsOf } from './negative-controls.ts';

function control(
  passed: boolean,
  {
    kind = 'negative',
    template = 'greater',
    level = 0.95,
  }: Partial<{ kind: 'negative' | 'bit'; template: 'greater' | 'not-worse'; level: number }> = {},
): ControlResult {
  const result = { template, level } as PartResult;
  return { id: kind, kind, statement: '', passed, finding: '', result: kind === 'bit' ? null : result };
}

const verdict = (protocolId: string, ...controls: ControlResult[]) => ({ protocolId, controls });

describe('negative controls of many verdicts', () => {
  it('are counted, and held against what their levels allow', () => {
    const found = negativeControlsOf([
      verdict('1.0-quick', control(true), control(true, { kind: 'bit' })),
      verdict('2.0-quick', control(false)),
      verdict('3.0-standard', control(true, { level: 0.9944 })),
      verdict('4.0-quick', control(true, { template: 'not-worse' })),
    ]);
    expect(found).toMatchObject({ count: 4, failed: 1, rate: 0.25, failedIn: ['2.0-quick'] });
    expect(found.stated).toBeCloseTo((0.05 + 0.05 + 0.0056 + 0.025) / 4, 12);
    expect(found.chance).toBeCloseTo(1 - (1 - found.stated!) ** 4, 12);
    expect(negativeControlsLine(found)).toBe(
      'Negative controls: 1 of 4 found a difference where there is none (2.0-quick), 25.0 %; at most 3.3 % is what the rule ' +
        'states, and then 1 or more of 4 come about in 12.4 % of the cases.',
    );
  });

  it('say so where there are none, also where a verdict was ended before it looked', () => {
    const none = negativeControlsOf([verdict('1.0-quick')]);
    expect(none).toMatchObject({ count: 0, rate: null, stated: null, chance: null });
    expect(negativeControlsLine(none)).toBe('Negative controls: none was judged.');
  });
});

describe('the tail of a binomial', () => {
  it.each([
    // Sums of exact binomial terms, in Python.
    [0, 10, 0.05, 1],
    [1, 24, 0.05, 0.708011],
    [3, 24, 0.05, 0.1159446],
    [10, 10, 0.5, 1 / 1024],
  ])('%i or more of %i at %d', (k, n, p, expected) => {
    expect(binomialTail(k, n, p)).toBeCloseTo(expected, 6);
  });
});
