import type { PartResult } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { claimedValue, forestRows, measuredEffect, partEffect } from './claim-numbers.ts';

const part = (id: string, verdict: PartResult['verdict'], changes: Partial<PartResult> = {}): PartResult => ({
  id,
  statement: id,
  template: 'greater',
  verdict,
  reason: 'strong',
  effect: 0.0212,
  interval: [0.0142, 0.0282],
  level: 0.95,
  margin: 0.005,
  unit: 'nats/byte',
  n: 5,
  mde: 0.009,
  sdPaired: 0.005,
  sdUnpaired: 0.02,
  shareAbove0: 1,
  worstBlock: 0.01,
  skewness: 0,
  contrasts: [0.02, 0.021],
  ...changes,
});
const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');

describe('numbers of a claim', () => {
  it('keeps the paper’s own digits', () => {
    expect([1.297, -0.5, 12000, 6.25, 1e23].map((v) => plain(claimedValue(v)))).toEqual([
      '1.297',
      '-0.5',
      '12,000',
      '6.25',
      '1 × 10²³',
    ]);
  });
  it('shows an effect with its half-width, and a count exactly', () => {
    expect(plain(partEffect(part('a', 'supported')))).toBe('+0.0212 ± 0.0070');
    expect(partEffect(part('a', 'supported', { template: 'count', effect: 4.5 }))).toBe('4.5');
  });
  it('lets the part speak that decided like the whole', () => {
    const parts = [part('holds', 'supported', { n: 5 }), part('fails', 'contradicted', { n: 8 })];
    expect(measuredEffect({ verdict: 'contradicted', parts, n: 8 })).toMatchObject({ n: 8, of: 2 });
    expect(measuredEffect({ verdict: 'inconclusive', parts, n: 8 })).toMatchObject({ n: 5 });
    expect(measuredEffect({ verdict: 'supported', parts: [], n: 0 })).toBeNull();
  });
  it('marks the claimed value only where it may be compared', () => {
    const claim = { claimedValue: 0.03, unit: 'nats/byte' };
    const rows = (grade: 'same-regime' | 'scaled-down', unit: string) =>
      forestRows([part('a', 'supported', { unit })], grade, claim).map((row) => row.claimed);
    expect(rows('same-regime', 'nats/byte')).toEqual([0.03]);
    expect(rows('scaled-down', 'nats/byte')).toEqual([null]);
    expect(rows('same-regime', 'points')).toEqual([null]);
  });
});
