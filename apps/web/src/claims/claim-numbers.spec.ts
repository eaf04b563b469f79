import type { PartResult, Verdict, VerdictRecord } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import {
  claimedValue,
  forestRows,
  measuredEffect,
  namedSizes,
  partEffect,
  scaleDistance,
  settingRows,
} from './claim-numbers.ts';

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

  it('marks the paper’s number where the protocol gives it in the contrast’s own unit', () => {
    const claim = { claimedValue: 2, unit: 'x' };
    const rows = forestRows([part('a', 'supported', { unit: 'ln bits', claimed: 0.69 })], 'scaled-down', claim);
    expect(rows.map((row) => row.claimed)).toEqual([0.69]);
  });

  it('shows the latest verdict of every scale, backend and size, and nothing where there is one setting alone', () => {
    const record = (at: string, protocolId: string, backend: 'native' | 'webgpu', changes: Partial<Verdict> = {}) =>
      ({
        id: at,
        at,
        verdict: {
          protocolId,
          backend,
          grade: 'scaled-down',
          subjectLine: '2 layers, d64, 0.14 M parameters',
          parts: [part('holds', 'supported')],
          secondSize: null,
          ...changes,
        },
      }) as unknown as VerdictRecord;
    const claim = { claimedValue: null, unit: null };
    const first = record('2026-11-01T00:00:00Z', '1.0-quick', 'native');
    expect(settingRows([first], claim)).toEqual([]);
    const second = { subjectLine: '4 layers, d64, 0.24 M parameters', parts: [part('holds', 'inconclusive')] };
    const rows = settingRows(
      [
        record('2026-11-03T00:00:00Z', '1.0-quick', 'webgpu'),
        record('2026-11-02T00:00:00Z', '1.0-quick', 'native', { secondSize: second }),
        first,
        record('2026-11-04T00:00:00Z', '1.0-standard-long', 'native'),
        // Ended without a measurement: nothing to draw.
        record('2026-11-05T00:00:00Z', '1.0-quick', 'webgpu', { parts: [] }),
      ],
      claim,
    );
    expect(rows.map((row) => row.label)).toEqual([
      'quick, native, 0.14 M parameters: holds',
      'quick, native, 0.24 M parameters (second size): holds',
      'quick, webgpu, 0.14 M parameters: holds',
      'standard, native, 0.14 M parameters: holds',
    ]);
    expect(new Set(rows.map((row) => row.id)).size).toBe(4);
  });

  it('says how far the paper’s models are from ours, where both sizes are named', () => {
    expect(namedSizes('OPT-125M, LLaMA-7B and 0.5 B after 2 B tokens; GPT-2, 4 bits')).toEqual([125e6, 5e8, 7e9]);
    const verdict = { subjectLine: '2 layers, d64, 0.14 M parameters, 0.3 M tokens', grade: 'scaled-down' } as const;
    expect(scaleDistance({ subject: 'LLaMA-7B', condition: '' }, verdict)).toBe(
      'The models that the claim names start at 7 B parameters, about 50,000 times this size.',
    );
    expect(scaleDistance({ subject: 'language models', condition: '' }, verdict)).toBeNull();
    expect(scaleDistance({ subject: 'LLaMA-7B', condition: '' }, { ...verdict, grade: 'same-regime' })).toBeNull();
  });
});
