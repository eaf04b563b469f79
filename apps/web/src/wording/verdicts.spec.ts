import { describe, expect, it } from 'vitest';
import { detectableWords, expectedFalse, levelWords, reasonWords, scaleNotice, verdictPhrase } from './verdicts.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('a verdict in words', () => {
  it('never says more than its grade allows', () => {
    expect(verdictPhrase({ verdict: 'supported', grade: 'same-regime' }, 'measured', 1e6)).toBe('supported');
    expect(plain(verdictPhrase({ verdict: 'supported', grade: 'scaled-down' }, 'measured', 140_000))).toBe(
      'direction supported at 0.14 M parameters',
    );
    expect(verdictPhrase({ verdict: 'supported', grade: 'mechanism-only' }, 'measured', null)).toBe('mechanism seen');
    expect(plain(scaleNotice('scaled-down', 140_000) ?? '')).toContain('Direction tested at 0.14 M parameters');
    expect(scaleNotice('same-regime', 140_000)).toBeNull();
  });
  it('calls a contradiction unreplicated until another machine has seen it', () => {
    const verdict = { verdict: 'contradicted', grade: 'same-regime' } as const;
    expect(verdictPhrase(verdict, 'measured', null)).toBe('contradicted (not yet replicated)');
    expect(verdictPhrase(verdict, 'replicated', null)).toBe('contradicted');
    expect(verdictPhrase({ ...verdict, verdict: 'inconclusive' }, 'measured', null)).toBe('inconclusive');
  });
  it('says what an inconclusive test could have seen', () => {
    const part = { mde: 0.02312, margin: 0.005, unit: 'nats/byte', template: 'greater' } as const;
    expect(detectableWords([part])).toBe(
      'An effect of 0.023 nats/byte or more would have been found in 4 of 5 tries; the margin is 0.005 nats/byte.',
    );
    expect(detectableWords([{ ...part, mde: null }])).toContain('no effect');
    expect(detectableWords([{ ...part, template: 'within' }])).toContain('9 of 10');
    expect(detectableWords([part, { ...part, mde: 0.5, unit: 'points' }])).toContain('0.5 points or more');
    expect(detectableWords([])).toBeNull();
  });
  it('prints unknown reasons as they are', () => {
    expect(reasonWords('too-noisy')).toBe('the interval is too wide to decide');
    expect(reasonWords('brand-new-reason')).toBe('brand new reason');
  });
  it('prints levels and expected errors with no more digits than they have', () => {
    expect(levelWords(0.95)).toBe('95 % interval');
    expect(levelWords(1 - 2 * 0.0056)).toBe('98.9 % interval');
    expect(expectedFalse(40)).toBe('1');
    expect(expectedFalse(3)).toBe('fewer than 0.1');
  });
});
